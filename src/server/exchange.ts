/** One GraphQL request from its arrival to its answer: how long it may take, and what was read for it. */
import type { Clock } from '../cache/clock.ts';
import { Deadline } from '../cache/deadline.ts';
import type { Outcome } from '../cache/outcome.ts';
import type { Basis } from '../data/answers.ts';
import type { Reading, Resource } from '../data/reader.ts';
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

/** Before it is executed, each time. */
export function begin(exchange: Exchange, basis: Basis): void {
  exchange.outcomes = [];
  exchange.basis = basis;
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

function readersOf(resources: readonly Resource<unknown>[], request: Reading): Readers {
  return Object.fromEntries(resources.map((resource) => [resource.type, resource.reader(request)]));
}
