/** What `docs/performance.md` shows of the results that there are: each benchmark by itself, measured or not. */
import { blocksOf as blocksOfDrain } from './drain/report.ts';
import type { DrainResults } from './drain/results.ts';
import { blocksOf as blocksOfEngines } from './engines/report.ts';
import type { EngineResults } from './engines/results.ts';
import { blocksOf as blocksOfHttp, picturesOf } from './http/report.ts';
import type { HttpResults } from './http/results.ts';
import { hasResults, readResults } from './support/results.ts';

type Shown = {
  title: string;
  blocks: ReadonlyMap<string, string>;
  /** By their names below `docs/images/`. */
  pictures: ReadonlyMap<string, string>;
};

const notMeasured = 'Not measured yet.';

export function shown(): Shown[] {
  return [shownOfHttp(), shownOfEngines(), shownOfDrain()];
}

function shownOfHttp(): Shown {
  const title = 'servers';
  if (!hasResults('http.json')) return { title, blocks: new Map([['machine', notMeasured]]), pictures: new Map() };
  const results = readResults<HttpResults>('http.json');
  return { title, blocks: blocksOfHttp(results), pictures: picturesOf(results) };
}

function shownOfEngines(): Shown {
  const title = 'cache engines';
  if (!hasResults('engines.json')) return { title, blocks: new Map([['engines', notMeasured]]), pictures: new Map() };
  return { title, blocks: blocksOfEngines(readResults<EngineResults>('engines.json')), pictures: new Map() };
}

function shownOfDrain(): Shown {
  const title = 'drains and memory';
  const pictures = new Map<string, string>();
  if (!hasResults('drain.json')) {
    const blocks = ['drain', 'memory'].map((name) => [name, notMeasured] as const);
    return { title, blocks: new Map(blocks), pictures };
  }
  return { title, blocks: blocksOfDrain(readResults<DrainResults>('drain.json')), pictures };
}
