/** Calls as fast as an engine answers them, one after the other or so many at once, for a while. */
import type { Engine } from './engine.ts';
import type { Work } from './works.ts';

/** `cpuUs`: of this process, all its threads. */
export type Timed = { calls: number; ms: number; cpuUs: number };

type Timing = Pick<Work, 'place' | 'rowsPerCall' | 'atOnce'> & {
  ids: readonly string[];
  /** How many calls there were before: it goes on with what comes next. */
  from: number;
  ms: number;
};

/** Between two looks at the clock. */
const callsPerLook = 8;

/**
 * From memory the same row is asked for again and again. From Redis they are asked for in turn, far more than memory
 * holds, so that each has gone from it when it comes again.
 */
export async function time(engine: Engine, { place, rowsPerCall, atOnce, ids, from, ms }: Timing): Promise<Timed> {
  const call = callsOf(engine, place === 'memory' ? ids.slice(0, 1) : ids, { rowsPerCall, from });
  const cpuBefore = process.cpuUsage();
  const startedAtMs = performance.now();
  let calls = 0;
  const askOn = async () => {
    while (performance.now() - startedAtMs < ms) {
      for (let count = 0; count < callsPerLook; count++) await call();
      calls += callsPerLook;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, askOn));
  const { user, system } = process.cpuUsage(cpuBefore);
  return { calls, ms: performance.now() - startedAtMs, cpuUs: user + system };
}

/** Pages are made before, so that making them takes no time. */
function callsOf(
  engine: Engine,
  ids: readonly string[],
  { rowsPerCall, from }: Pick<Timing, 'rowsPerCall' | 'from'>,
): () => Promise<unknown> {
  let at = from;
  if (rowsPerCall === 1) return () => engine.get(ids[at++ % ids.length] as string);
  const pages = Array.from({ length: Math.floor(ids.length / rowsPerCall) }, (_, index) =>
    ids.slice(index * rowsPerCall, (index + 1) * rowsPerCall),
  );
  return () => engine.getMany(pages[at++ % pages.length] as string[]);
}
