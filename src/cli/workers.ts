/**
 * Several processes on one port, under this one.
 *
 *   starting ──all listen──► running ──close()──► stopping ──all ended──► closed
 *      └── one ends before it ever listened ──► the start has failed, and all are ended
 *
 *   a place: worker ─► listens ─► falls ─► 100, 200, 400 ms … 5 s ─► worker …
 *                                              └── 100 again after one that listened for 30 s
 *
 * The port is this process' (`node:cluster`), which hands each connection to the next worker. So a worker that falls
 * takes its own connections with it and no others, and the port stays open as long as one worker listens.
 */
import cluster from 'node:cluster';
import { type Clock, systemClock } from '../cache/clock.ts';
import type { Config } from '../config.ts';
import type { Logger, LogOutput } from '../telemetry/index.ts';
import { MetricsOfAll, type Reporter } from './metrics-of-all.ts';
import type { Closable } from './shutdown.ts';
import { type Addresses, type End, WorkerProcess } from './worker-process.ts';

const shortestWaitMs = 100;
const longestWaitMs = 5_000;
/** Who has listened for so long did not fall because of its start. */
const steadyAfterMs = 30_000;

export type StartOptions = { config: Config; upstreamUrl: URL; log: Logger; output: LogOutput };

/** @throws When one of them cannot start, in its own words; none is left then. */
export async function startWorkers({ config, upstreamUrl, log, output }: StartOptions): Promise<Workers> {
  cluster.setupPrimary({ stdio: ['ignore', 'pipe', 'inherit', 'ipc'], serialization: 'advanced' });
  const metrics = new MetricsOfAll(log);
  // Each is one process that is given what this one has read, or started.
  const environment = { WORKERS: '1', UPSTREAM_URL: upstreamUrl.href, LOG_FORMAT: 'json' };
  const begin = () => new WorkerProcess({ environment, output, page: () => metrics.page() });
  const workers = new Workers({ begin, metrics, log, clock: systemClock });
  process.on('exit', () => workers.kill());
  await workers.start(config.workers);
  return workers;
}

/** A worker, as far as it takes to keep it. */
export type Kept = Reporter & {
  pid: number | undefined;
  listening: Promise<Addresses | undefined>;
  ended: Promise<End>;
  leavePort(): Promise<void>;
  stop(): void;
  kill(): void;
};

export type WorkersOptions = {
  begin: () => Kept;
  metrics: Pick<MetricsOfAll, 'add'>;
  log: Logger;
  clock: Clock;
};

export class Workers implements Addresses, Closable {
  url = '';
  adminUrl = '';
  readonly #options: WorkersOptions;
  readonly #alive = new Set<Kept>();
  readonly #listening = new Set<Kept>();
  readonly #stopping = new AbortController();

  constructor(options: WorkersOptions) {
    this.#options = options;
  }

  /** Resolves when all listen. */
  async start(count: number): Promise<void> {
    const places = Array.from({ length: count }, () => Promise.withResolvers<void>());
    for (const { resolve, reject } of places) this.#fill(resolve).catch(reject);
    try {
      await Promise.all(places.map(({ promise }) => promise));
    } catch (error) {
      this.#stopping.abort();
      this.kill();
      throw error;
    }
  }

  /** @throws When one that listened was cut off in what it did. */
  async close(): Promise<void> {
    this.#stopping.abort();
    const listening = new Set(this.#listening);
    const workers = [...this.#alive];
    // Else those whom one sends away would come in again by another, which is about to close as well.
    await Promise.all(workers.map((worker) => worker.leavePort()));
    for (const worker of workers) worker.stop();
    const ends = await Promise.all(workers.map(async (worker) => ({ worker, end: await worker.ended })));
    const cutOff = ends.filter(({ worker, end }) => end.code !== 0 && listening.has(worker));
    if (cutOff.length > 0) throw new Error(`${cutOff.length} of ${workers.length} workers did not stop cleanly`);
  }

  /** At once, whatever is under way. */
  kill(): void {
    for (const worker of this.#alive) worker.kill();
  }

  /** One life after another. @throws When the first ends before it listened; later ones are begun for ever. */
  async #fill(onListening: () => void): Promise<void> {
    const backoff = new Backoff();
    for (let isFirst = true; !this.#stopping.signal.aborted; isFirst = false) {
      const life = await this.#live(onListening);
      if (this.#stopping.signal.aborted) return;
      if (isFirst && life.listenedMs === undefined) throw new Error(life.reason ?? `a worker ended ${howOf(life)}`);
      await this.#pause(life, backoff.after(life.listenedMs ?? 0));
    }
  }

  async #live(onListening: () => void): Promise<Life> {
    const { clock, log, metrics } = this.#options;
    const worker = this.#begin();
    if (worker instanceof Error) return { ...unborn, reason: worker.message };
    const { pid } = worker;
    this.#alive.add(worker);
    const addresses = await worker.listening;
    const sinceMs = clock.mono();
    if (addresses) {
      this.#listening.add(worker);
      Object.assign(this, addresses);
      metrics.add(worker);
      log.info({ event: 'worker.started', pid }, 'a worker listens');
      onListening();
    }
    const end = await worker.ended;
    this.#alive.delete(worker);
    this.#listening.delete(worker);
    return { ...end, pid, listenedMs: addresses && clock.mono() - sinceMs };
  }

  #begin(): Kept | Error {
    try {
      return this.#options.begin();
    } catch (error) {
      return error as Error;
    }
  }

  async #pause({ pid, code, signal, reason }: Life, restartInMs: number): Promise<void> {
    const { clock, log } = this.#options;
    log.error({ event: 'worker.fell', pid, code, signal, reason, restartInMs }, 'a worker fell');
    try {
      await clock.sleep(restartInMs, this.#stopping.signal);
    } catch {
      // All is to end: whoever called sees it by the signal.
    }
  }
}

/** `listenedMs` is undefined when it never did. */
type Life = End & { pid: number | undefined; listenedMs: number | undefined };

const unborn = { pid: undefined, code: null, signal: null, listenedMs: undefined };

function howOf({ code, signal }: Life): string {
  return `before it listened, by ${signal ?? `exit code ${code}`}`;
}

/** How long a place stays empty. */
class Backoff {
  #nextMs = shortestWaitMs;

  after(listenedMs: number): number {
    const waitMs = listenedMs < steadyAfterMs ? this.#nextMs : shortestWaitMs;
    this.#nextMs = Math.min(2 * waitMs, longestWaitMs);
    return waitMs;
  }
}
