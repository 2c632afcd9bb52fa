/** What happens around an operation on its way through Apollo: limits before it, its conclusion after it. */
import type { ApolloServerPlugin, GraphQLRequestListener } from '@apollo/server';
import { GraphQLError } from 'graphql';
import { type CompiledOperations, cachePolicyOf, checkKind, checkLimits } from '../graphql/index.ts';
import type { Conclusion } from './conclusion.ts';
import type { ServerContext } from './exchange.ts';

export function operationPlugin(
  conclusion: Conclusion,
  operations: CompiledOperations,
): ApolloServerPlugin<ServerContext> {
  const listener: GraphQLRequestListener<ServerContext> = {
    async didResolveOperation({ document, schema, request, operationName }) {
      const query = { schema, document, operationName, variables: request.variables };
      const refusal = checkKind(query) ?? checkLimits(query);
      if (refusal) throw withStatus(refusal, 400);
      if (request.query !== undefined) {
        operations.admit({ query: request.query, operationName: request.operationName }, document);
      }
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
