/** Many seeds, shared among threads, and what came of them together. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

export type ManyOptions = {
  from: number;
  seeds: number;
  operations: number;
  /** By its name in `mutations.ts`. */
  without?: string | undefined;
  /** Ends as soon as any thread has found a violation. */
  onlyFirst?: boolean;
  /** Told now and then how many seeds have been run. */
  onProgress?: (done: number) => void;
};

export type ManyResult = {
  /** By seed, in order. */
  violations: { seed: number; violation: string }[];
  /** How often each branch was taken, by its name. */
  branches: Map<string, number>;
  checks: number;
  steps: number;
};

/** What one thread runs: every `stride`-th seed. */
export type Share = Omit<ManyOptions, 'onProgress'> & { first: number; stride: number };

/** What a thread tells: seeds done since it last did, and at the end what came of them. */
export type Message = { done: number } | { totals: ManyResult };

export async function simulateMany({ onProgress, ...options }: ManyOptions): Promise<ManyResult> {
  const stride = Math.min(availableParallelism(), options.seeds);
  let seedsDone = 0;
  const onDone = (done: number) => {
    seedsDone += done;
    onProgress?.(seedsDone);
  };
  const shares = Array.from({ length: stride }, (_, first) => startShare({ ...options, first, stride }, onDone));
  const results = await Promise.all(
    shares.map(async ({ totals }) => {
      const result = await totals;
      if (options.onlyFirst && result.violations.length > 0) for (const share of shares) share.stop();
      return result;
    }),
  );
  const branches = new Map<string, number>();
  for (const result of results) {
    for (const [branch, count] of result.branches) branches.set(branch, (branches.get(branch) ?? 0) + count);
  }
  return {
    violations: results.flatMap(({ violations }) => violations).sort((a, b) => a.seed - b.seed),
    branches,
    checks: results.reduce((sum, { checks }) => sum + checks, 0),
    steps: results.reduce((sum, { steps }) => sum + steps, 0),
  };
}

type Running = {
  /** Nothing, when it was stopped before. */
  totals: Promise<ManyResult>;
  stop(): void;
};

function startShare(share: Share, onDone: (done: number) => void): Running {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: share });
  const { promise: totals, resolve, reject } = Promise.withResolvers<ManyResult>();
  worker.on('message', (message: Message) => {
    if ('totals' in message) resolve(message.totals);
    else onDone(message.done);
  });
  worker.once('error', reject);
  let isStopped = false;
  worker.once('exit', () => {
    if (isStopped) resolve({ violations: [], branches: new Map(), checks: 0, steps: 0 });
    else reject(new Error('A thread ended before it had told what came of its seeds.'));
  });
  const stop = () => {
    isStopped = true;
    void worker.terminate();
  };
  return { totals, stop };
}
