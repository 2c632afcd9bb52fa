/** What is pulled: all of it from an API that answers at once, which is the hardest, and from one that takes its time. */

export type Work = {
  name: string;
  title: string;
  /** Catalogs. */
  count: number;
  /** How long upstream takes for a page. */
  latencyMs: number;
};

/** As the model of docs/scaling.md has it. */
const usualLatencyMs = 50;

/** A tenth of it as well: what grows with the rows shows beside it. */
export function worksOf(count: number): Work[] {
  return [workOf(Math.ceil(count / 10), 0), workOf(count, 0), workOf(count, usualLatencyMs)];
}

function workOf(count: number, latencyMs: number): Work {
  const takes = latencyMs === 0 ? 'at once' : `after ${latencyMs} ms`;
  const name = `${count}${latencyMs === 0 ? '' : `-${latencyMs}ms`}`;
  return { name, title: `${count.toLocaleString('en')} catalogs, pages come ${takes}`, count, latencyMs };
}
