/** `Query.node` and `Query.nodes` over whatever readers there are, and the fields that every node has. */
import type { MaybePromise } from '../data/reader.ts';
import type { Context, Readers } from './context.ts';
import { clientError } from './errors.ts';
import { decodeNodeId, encodeNodeId } from './node-id.ts';

/** As many as one page holds. */
const maxNodes = 100;

export const nodeQueries = {
  node: (_: unknown, { id }: { id: string }, { readers }: Context<Readers>) => loadNode(readers, id),

  nodes(_: unknown, { ids }: { ids: readonly string[] }, { readers }: Context<Readers>) {
    if (ids.length > maxNodes) {
      throw clientError('BAD_USER_INPUT', `\`ids\` has ${ids.length} ids; at most ${maxNodes} are allowed.`);
    }
    // Promises in a list: one that fails takes only its own place with it.
    return ids.map((id) => loadNode(readers, id));
  },
};

/** @returns The resolvers of `id` and `sourceId` of a type whose rows have the API's own id. */
export function nodeFields(type: string) {
  return {
    id: (row: { id: string }) => encodeNodeId(type, row.id),
    sourceId: (row: { id: string }) => row.id,
  };
}

function loadNode(readers: Readers, globalId: string): MaybePromise<object | null> {
  const node = decodeNodeId(globalId);
  // Own types only: `constructor` is a well-formed type name too.
  const reader = node && Object.hasOwn(readers, node.type) ? readers[node.type] : undefined;
  if (!node || !reader) return null;
  const row = reader.load(node.id);
  return row instanceof Promise ? row.then((read) => typed(read, node.type)) : typed(row, node.type);
}

/** graphql-js finds the object's type by `__typename`. */
function typed(row: unknown, type: string): object | null {
  return row === null ? null : { ...(row as object), __typename: type };
}
