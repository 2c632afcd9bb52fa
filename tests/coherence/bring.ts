/**
 * One fault: it comes, lasts and goes, all of which is written down; then all is waited for to be well.
 *
 * All is well when each gateway says so, and gives a whole page and a row of what upstream has, not on error.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../support/redis.ts';
import type { Deployment, Replica } from './deployment.ts';
import type { Fault } from './faults/index.ts';
import type { Span } from './gateway-log.ts';
import type { Recorder, Reply } from './record.ts';
import { rememberedMs, upstreamBudgetMs } from './settings.ts';
import { ask, type Traffic } from './traffic.ts';

export type At = { deployment: Deployment; recorder: Recorder };

type Coming = At & {
  traffic: Pick<Traffic, 'writing'>;
  /** In ms, unless the fault says otherwise. */
  lastsMs: number;
  /** The place of the gateway that it befalls. */
  struck?: number;
  /** Whether it was seen from outside; what chance has to bring about takes longer once in a while. */
  isTold?: () => boolean;
};

/** A fault as it was: from when it first came until what ended it was done. */
export type Came = Span & {
  readonly fault: Fault;
  /** The place of the gateway that it befell, where it does not befall all. */
  readonly struck: number;
  /** When it was over: when it came for the last time, for one that nothing ends. */
  overMs: number;
  /** When all was well again; never, so far. */
  wellMs: number;
  /** What of upstream failed by it. */
  failing: Span | undefined;
};

/** How soon all must be well again, in ms; with connections that are tried anew every 2 s at the latest. */
const recoveryAtMostMs = 20_000;

/** How long a fault goes on at most beyond its time, in ms, where it has not been told of by then. */
const untoldAtMostMs = 15_000;
const lookEveryMs = 50;

/** Resolves once what ends it was done. */
export async function bring(fault: Fault, { struck = 0, isTold = () => true, ...coming }: Coming): Promise<Came> {
  const { deployment, recorder, traffic, lastsMs } = coming;
  const replica = deployment.replicas[struck] as Replica;
  const fromMs = performance.now();
  const away = fault.stops ? recorder.goesAway(struck, fromMs) : undefined;
  const failing = fault.upstreamFails && recorder.upstreamFails(fault.upstreamFails, fromMs);
  const lagging = fault.upstreamLagMs === undefined ? undefined : recorder.upstreamLags(fault.upstreamLagMs, fromMs);
  traffic.writing = { ...traffic.writing, ...fault.writing };
  const last = await lasting(fault, { deployment, replica, isTold, lastsMs: fault.lastsMs ?? lastsMs });
  const overMs = fault.heal === undefined ? last.cameMs : performance.now();
  await fault.heal?.(deployment, { nth: last.nth, struck: replica });
  if (fault.writing !== undefined) traffic.writing = {};
  const untilMs = performance.now();
  for (const span of [away, lagging]) if (span !== undefined) span.untilMs = untilMs;
  return { fault, struck, fromMs, overMs, untilMs, wellMs: Number.POSITIVE_INFINITY, failing };
}

/**
 * Waits until all is well after these, and writes down when it was.
 *
 * @throws When that takes too long.
 */
export async function recover(came: readonly Came[], at: At): Promise<void> {
  await Promise.all(
    at.deployment.replicas.map((_, replica) => eventually(() => isWell(at, replica), recoveryAtMostMs)),
  );
  const wellMs = performance.now();
  for (const each of came) {
    each.wellMs = wellMs;
    if (each.failing === undefined) continue;
    // A read that was sent just before may go on for its budget, and what it comes to answers for longer.
    each.failing.untilMs = Math.max(wellMs, each.untilMs + upstreamBudgetMs) + rememberedMs;
  }
}

type Lasting = { deployment: Deployment; replica: Replica; lastsMs: number; isTold: () => boolean };

/** @returns When it came for the last time, and how often it had come before. */
async function lasting({ cause, heal, againEveryMs }: Fault, { deployment, replica, lastsMs, isTold }: Lasting) {
  const untilMs = performance.now() + lastsMs;
  const everyMs = againEveryMs ?? lastsMs;
  const mayEnd = () => isTold() || performance.now() > untilMs + untoldAtMostMs;
  for (let nth = 0; ; nth++) {
    await cause(deployment, { nth, struck: replica });
    const cameMs = performance.now();
    const isDue = cameMs + everyMs >= untilMs;
    // With nothing to heal it is over at once.
    if (isDue && heal === undefined) return { cameMs, nth };
    await delay(everyMs);
    // One that comes once lasts on; the others come again.
    while (againEveryMs === undefined && !mayEnd()) await delay(lookEveryMs);
    if (isDue && mayEnd()) return { cameMs, nth };
  }
}

/** That the answers are right is for the judge to say, as of all others. */
async function isWell(at: At, replica: number): Promise<boolean> {
  const { deployment } = at;
  if ((await deployment.replicas[replica]?.gateway.readyz())?.status !== 'ok') return false;
  const id = deployment.catalogue.present[0]?.id ?? '1';
  const whole = { order: 'TITLE', direction: 'ASC', filter: {}, take: { first: 100 } } as const;
  const replies = [await ask(at, replica, { kind: 'row', id }), await ask(at, replica, { kind: 'page', page: whole })];
  return replies.every((reply) => reply !== undefined && !hasErrors(reply) && !isOnError(reply));
}

export function hasErrors({ text }: Reply): boolean {
  return text.includes('"errors":[');
}

export function isOnError({ cacheStatus = '' }: Reply): boolean {
  return cacheStatus.includes('detail=stale-if-error');
}
