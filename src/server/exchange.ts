/** One GraphQL request from its arrival to its answer: how long it may take, and what was read for it. */
import type { Clock } from '../cache/clock.ts';
import { Deadline } from '../cache/deadline.ts';
import type { Outcome, ReadRequest } from '../cache/outcome.ts';
import type { Reader, Resource } from '../data/reader.ts';
import type { Context, Readers } from '../graphql/context.ts';

export type Exchange = {
  requestId: string;
  /** By the monotonic clock. */
  startedAtMs: number;
  deadline: Deadline;
  /** Of each thing read, in the order of reading. */
  outcomes: Outcome[];
};

export type ServerContext = Context<Readers> & { exchange: Exchange };

export function openExchange(requestId: string, clock: Clock, timeoutMs: number): Exchange {
  return { requestId, startedAtMs: clock.mono(), deadline: new Deadline(clock, timeoutMs), outcomes: [] };
}

export function contextOf(exchange: Exchange, resources: readonly Resource<unknown>[]): ServerContext {
  const { requestId, deadline, outcomes } = exchange;
  const request: ReadRequest = { deadline, note: (outcome) => outcomes.push(outcome) };
  return { requestId, readers: readersOf(resources, request), exchange };
}

/** Each made when it is first asked for: most requests read one or two of them. */
function readersOf(resources: readonly Resource<unknown>[], request: ReadRequest): Readers {
  const readers = {};
  for (const resource of resources) {
    let reader: Reader<unknown> | undefined;
    Object.defineProperty(readers, resource.type, {
      enumerable: true,
      get: () => {
        reader ??= resource.reader(request);
        return reader;
      },
    });
  }
  return readers;
}
