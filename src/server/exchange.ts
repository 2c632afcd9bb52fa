/** One GraphQL request from its arrival to its answer: how long it may take, and what was read for it. */
import type { Clock } from '../cache/clock.ts';
import { Deadline } from '../cache/deadline.ts';
import type { Outcome } from '../cache/outcome.ts';
import type { Basis } from '../data/answers.ts';
import type { Reader, Reading, Resource } from '../data/reader.ts';
import type { Context, Readers } from '../graphql/context.ts';

export type Exchange = {
  requestId: string;
  /** By the monotonic clock. */
  startedAtMs: number;
  deadline: Deadline;
  /** Of each thing read, in the order of reading. */
  outcomes: Outcome[];
  /** What its answer is made of. */
  basis: Basis;
};

export type ServerContext = Context<Readers> & { exchange: Exchange };

type Opening = { requestId: string; clock: Clock; timeoutMs: number; basis: Basis };

export function openExchange({ requestId, clock, timeoutMs, basis }: Opening): Exchange {
  const deadline = new Deadline(clock, timeoutMs);
  return { requestId, startedAtMs: clock.mono(), deadline, outcomes: [], basis };
}

/** Before it is executed once more, by another way. */
export function restart(exchange: Exchange): void {
  exchange.outcomes = [];
}

export function contextOf(exchange: Exchange, resources: readonly Resource<unknown>[]): ServerContext {
  const { requestId, deadline, basis } = exchange;
  const request: Reading = {
    deadline,
    note: (outcome) => exchange.outcomes.push(outcome),
    touch: (part) => basis.parts.add(part),
  };
  return { requestId, readers: readersOf(resources, request), exchange };
}

/** Each made when it is first asked for: most requests read one or two of them. */
function readersOf(resources: readonly Resource<unknown>[], request: Reading): Readers {
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
