/** What happens around an operation on its way through Apollo: limits before it, its conclusion after it. */
import type { ApolloServerPlugin, GraphQLRequestListener } from '@apollo/server';
import { GraphQLError } from 'graphql';
import {
  type CompiledOperations,
  cachePolicyOf,
  checkKind,
  checkLimits,
  clientError,
  type TrustedDocuments,
} from '../graphql/index.ts';
import type { Conclusion } from './conclusion.ts';
import type { ServerContext } from './exchange.ts';

type Parts = {
  conclusion: Conclusion;
  operations: CompiledOperations;
  /** The only documents that are answered; undefined where all are. */
  trusted: TrustedDocuments | undefined;
};

export function operationPlugin({ conclusion, operations, trusted }: Parts): ApolloServerPlugin<ServerContext> {
  const listener: GraphQLRequestListener<ServerContext> = {
    async didResolveOperation({ document, schema, request, operationName, source }) {
      // Refused before, mostly, and whatever way it came, never executed.
      if (trusted?.has(source) === false) throw withStatus(clientError('PERSISTED_QUERY_REQUIRED'), 400);
      const query = { schema, document, operationName, variables: request.variables };
      const refusal = checkKind(query) ?? checkLimits(query);
      if (refusal) throw withStatus(refusal, 400);
      operations.admit({ query: source, operationName: request.operationName }, document);
    },
    async willSendResponse({ response, schema, document, operationName, contextValue: { exchange } }) {
      const { data, errors = [] } = response.body.kind === 'single' ? response.body.singleResult : {};
      const policy = errors.length === 0 && document ? cachePolicyOf(schema, document, operationName) : undefined;
      const hasData = data !== undefined;
      const headers = conclusion.of({ operationName, policy, errors, hasData, exchange });
      for (const [name, value] of Object.entries(headers)) response.http.headers.set(name, value);
    },
  };
  return { requestDidStart: async () => listener };
}

/** Apollo answers 500 to an error that says no status of its own. */
function withStatus({ message, extensions }: GraphQLError, status: number): GraphQLError {
  return new GraphQLError(message, { extensions: { ...extensions, http: { status } } });
}
