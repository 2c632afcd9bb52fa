/** The public entry: what a gateway over another API is made of. See docs/bring-your-own-api.md. */
export { type Codec, instant, versionOfTime, wireId, zodCodec } from './cache/codec.ts';
export { onShutdown } from './cli/shutdown.ts';
export { ConfigError, readConfig } from './config.ts';
export type { Definition } from './data/definition.ts';
export type { Reader } from './data/reader.ts';
export { textKey } from './data/text.ts';
export { type Gateway, type GatewayOptions, startGateway } from './gateway.ts';
export {
  buildSchema,
  type ConnectionArgs,
  type Context,
  connection,
  encodeNodeId,
  loadTypeDefs,
  nodeFields,
  sourceIdOf,
} from './graphql/index.ts';
export { startTelemetry } from './telemetry/index.ts';
