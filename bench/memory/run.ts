/** What memory is taken by, each once: what is on the heap does not hang on how busy the machine is. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunningRedis } from '../../tests/support/redis.ts';
import type { Paging } from '../drain/measure.ts';
import { Upstream } from '../drain/upstream.ts';
import { inChild } from '../support/child.ts';
import { type AnswerSetting, type AnswersHeld, answers } from './answers.ts';
import type { Draining } from './draining.ts';
import type { Held } from './held.ts';
import type { ViewBytes } from './view.ts';
import type { Message } from './worker.ts';

export type MemoryPlan = {
  /** Drains of so many catalogs, and a view of as many as the last. */
  catalogs: readonly number[];
  paging: Paging;
  /** Bound of the memory tier. */
  tierBytes: number;
  answers: AnswerSetting;
};

export type MemoryResults = {
  draining: readonly Draining[];
  view: ViewBytes;
  entries: Held;
  answers: AnswersHeld;
};

const worker = new URL('worker.ts', import.meta.url);

/** @param tell - Of what comes next. */
export async function runMemory(
  redis: RunningRedis,
  { catalogs, paging, tierBytes, answers: ofAnswers }: MemoryPlan,
  tell: (what: string) => void,
): Promise<MemoryResults> {
  await redis.send('FLUSHALL');
  tell('a drain');
  const drained = await drains(catalogs, paging);
  tell('a view');
  const view = await ofHeap<ViewBytes>({ view: catalogs.at(-1) ?? 0 });
  tell('rows read one by one');
  const setting = { redisUrl: redis.url.href, maxBytes: tierBytes };
  const entries = await ofHeap<Held>({ entries: setting });
  tell('whole answers');
  return { draining: drained, view, entries, answers: await answers(ofAnswers) };
}

async function drains(counts: readonly number[], paging: Paging): Promise<Draining[]> {
  const dir = await mkdtemp(join(tmpdir(), 'vitrine-bench-'));
  const found: Draining[] = [];
  try {
    for (const count of counts) {
      const upstream = await Upstream.start(count, dir);
      const opening = { upstreamUrl: upstream.url, redisUrl: '', ...paging };
      found.push(await ofHeap<Draining>({ draining: opening }).finally(() => upstream.stop()));
    }
    return found;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function ofHeap<T>(message: Message): Promise<T> {
  return inChild<T>(worker, message, ['--expose-gc']);
}
