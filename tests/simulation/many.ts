/** Many seeds, shared among threads, and what came of them together. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

export type ManyOptions = {
  from: number;
  seeds: number;
  operations: number;
  /** By its name in `mutations.ts`. */
  without?: string | undefined;
  /** Ends with the first violation. */
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
  const shares = Array.from({ length: stride }, (_, first) => runShare({ ...options, first, stride }, onDone));
  const results = await Promise.all(shares);
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

function runShare(share: Share, onDone: (done: number) => void): Promise<ManyResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: share });
    worker.on('message', (message: Message) => {
      if ('totals' in message) resolve(message.totals);
      else onDone(message.done);
    });
    worker.once('error', reject);
  });
}
