/**
 * Q10: how long it takes from nothing to answers.
 *
 *   process started ─► the first answer that is right ─► so many answers more, 64 at once
 *
 * Redis is empty. What is asked is Q4.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { addressOf, ask, faultOf, headersOf } from './answers.ts';
import type { Server } from './servers.ts';
import type { Running, Stage } from './stage.ts';
import type { Sample } from './task.ts';
import type { Work } from './works.ts';

/** What is asked, and how often after the first answer. */
export type ColdTask = { work: Work; sample: Sample; answers: number };

/** In milliseconds since the process was started. */
export type ColdStart = { firstMs: number; allMs: number };

const atOnce = 64;
const betweenTriesMs = 5;
const withinMs = 60_000;

/** @returns Or what went wrong. */
export async function coldStart(
  stage: Stage,
  server: Server,
  { work, sample, answers }: ColdTask,
): Promise<ColdStart | string> {
  let running: Running;
  try {
    running = await stage.launch(server, work);
  } catch (error) {
    return `did not start: ${(error as Error).message}`;
  }
  try {
    const fault = await untilRight(running, sample);
    if (fault !== undefined) return fault;
    const firstMs = performance.now() - running.startedAtMs;
    await askMany(running, sample, answers);
    return { firstMs, allMs: performance.now() - running.startedAtMs };
  } catch (error) {
    return `failed: ${(error as Error).message}`;
  } finally {
    await running.stop();
  }
}

/** @returns What was wrong with an answer, or with the last one when none was right in time. */
async function untilRight({ target, startedAtMs }: Running, { request, data }: Sample): Promise<string | undefined> {
  for (;;) {
    const answer = await ask(target, request).catch((error: Error) => error);
    const fault = answer instanceof Error ? answer.message : faultOf(answer, data);
    if (fault === undefined) return undefined;
    // It may refuse for a while, but not say what is wrong.
    const isWrong = !(answer instanceof Error) && answer.status === 200 && answer.errors === undefined;
    if (isWrong || performance.now() - startedAtMs > withinMs) return fault;
    await delay(betweenTriesMs);
  }
}

/** @throws When one is refused. */
async function askMany({ target }: Running, { request: body }: Sample, answers: number): Promise<void> {
  const { method } = target;
  const { origin, pathname, search } = new URL(addressOf(target, body));
  const path = pathname + search;
  const pool = new Pool(origin, { connections: atOnce });
  const headers = headersOf(target);
  let left = answers;
  const askOn = async () => {
    while (left-- > 0) {
      const answer = await pool.request({ path, method, headers, body: method === 'POST' ? body : null });
      await answer.body.dump();
      if (answer.statusCode !== 200) throw new Error(`answered ${answer.statusCode}`);
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, askOn));
  } finally {
    await pool.close();
  }
}
