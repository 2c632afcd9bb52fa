/**
 * Connections on their way from the parent, which accepts them, to a worker.
 *
 *   accepted ──send──► on its way ──taken──► the worker's; the parent closes its own end
 *                          └── the worker falls, or leaves the port as the last ──► Node forgets it: the client would
 *                              wait for as long as the parent lives
 *
 * So the parent remembers the last one that each worker was sent, for each port. There is no other on its way: a worker
 * is sent the next one when it has answered to the last.
 */
import type { ChildProcess } from 'node:child_process';

/** Node's cluster names the port by `key`. */
type Handover = [message: { key?: unknown } | undefined, connection?: unknown];

/** @returns What closes the connections that the worker was sent and nobody took; of those taken nothing is left here. */
export function watchHandovers(worker: ChildProcess): () => void {
  const latest = new Map<unknown, { close(): void }>();
  worker.send = new Proxy(worker.send, {
    apply(send, self, args: Handover) {
      const [message, connection] = args;
      if (isClosable(connection)) latest.set(message?.key, connection);
      return Reflect.apply(send, self, args);
    },
  });
  return () => {
    for (const connection of latest.values()) connection.close();
    latest.clear();
  };
}

function isClosable(value: unknown): value is { close(): void } {
  return typeof value === 'object' && value !== null && 'close' in value;
}
