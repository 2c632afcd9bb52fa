/** What other rooms use of this one; the catalogue's resolvers are in `resolvers/index.ts`. */
export { type AnswerPolicy, cachePolicyOf } from './answer-policy.ts';
export { type CompiledOperation, CompiledOperations, type OperationText } from './compiled.ts';
export { type ConnectionArgs, connection } from './connections.ts';
export type { CatalogReaders, Context } from './context.ts';
export { clientError, type ErrorCode, errorList, formatError } from './errors.ts';
export { checkKind, checkLimits, defaultLimits, type Limits, parseOptions } from './limits.ts';
export { decodeNodeId, encodeNodeId, sourceIdOf } from './node-id.ts';
export { nodeFields } from './nodes.ts';
export { policiesOf } from './policies.ts';
export { buildSchema, loadTypeDefs } from './schema.ts';
export { readTrustedDocuments, type TrustedDocuments } from './trusted-documents.ts';
