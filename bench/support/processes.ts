/** What processes have used. CPU time is counted by the kernel, whoever else is busy. */
import { readdir, readFile } from 'node:fs/promises';

/** In microseconds since its start, all threads that it has now: to the nanosecond, where `stat` counts by 10 ms. */
export async function cpuUsOf(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const texts = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').catch(() => '0')),
  );
  return texts.reduce((sum, text) => sum + Number(text.split(' ')[0]) / 1_000, 0);
}

/** Resident at most so far, in bytes. */
export async function peakOf(pid: number): Promise<number> {
  return 1_024 * Number(/VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** @returns These, and those that each of them has started. */
export async function withChildren(pids: readonly number[]): Promise<number[]> {
  const texts = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')));
  return [...pids, ...texts.flatMap((text) => text.split(' ').filter(Boolean).map(Number))];
}
