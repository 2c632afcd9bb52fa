/**
 * A worker as its parent sees it.
 *
 *   begun ──► listening ──► ended: told to stop, crashed or killed
 *     └── failed, crashed or killed ──► ended
 */
import type { ChildProcess } from 'node:child_process';
import cluster, { type Worker } from 'node:cluster';
import { type Clock, systemClock } from '../cache/clock.ts';
import type { LogOutput, Report } from '../telemetry/index.ts';
import { watchHandovers } from './handover.ts';
import type { ToParent, ToWorker } from './messages.ts';
import { Questions } from './questions.ts';
import { relayLines } from './relay.ts';

/** Where it listens. */
export type Addresses = { url: string; adminUrl: string };
/** `reason` is what it said of why it cannot start. */
export type End = { code: number | null; signal: NodeJS.Signals | null; reason: string | undefined };

/** One that does not tell what it counted within this stands still. */
const reportWithinMs = 3_000;
/** What is left of the port then is closed from here. */
const leaveWithinMs = 1_000;

export type WorkerProcessOptions = {
  /** Besides that of the parent. */
  environment: Record<string, string>;
  /** For its log lines. */
  output: LogOutput;
  /** The metrics of all workers, which any of them may be asked for. */
  page: () => Promise<string | undefined>;
  clock?: Clock;
};

export class WorkerProcess {
  readonly #worker: Worker;
  readonly #page: WorkerProcessOptions['page'];
  readonly #reports: Questions<Report | undefined>;
  readonly #leaving: Questions<true>;
  readonly #closeUntaken: () => void;
  readonly #listens = Promise.withResolvers<Addresses | undefined>();
  /** Undefined when it ended before. */
  readonly listening = this.#listens.promise;
  /** When the last it had to say was written as well. */
  readonly ended: Promise<End>;
  #reason: string | undefined;

  /** @throws When the system has no room for another process. */
  constructor({ environment, output, page, clock = systemClock }: WorkerProcessOptions) {
    this.#page = page;
    this.#reports = new Questions({ clock, withinMs: reportWithinMs });
    this.#leaving = new Questions({ clock, withinMs: leaveWithinMs });
    this.#worker = cluster.fork(environment);
    const { process: child } = this.#worker;
    this.#worker.on('message', (message: ToParent) => this.#hear(message));
    this.#worker.on('error', ({ message }: Error) => {
      this.#reason ??= message;
    });
    this.#closeUntaken = watchHandovers(child);
    this.ended = this.#watch(child);
    if (child.stdout) relayLines(child.stdout, output);
  }

  get id(): number {
    return this.#worker.id;
  }

  get pid(): number | undefined {
    return this.#worker.process.pid;
  }

  /** What it has counted; undefined when it ended or stands still. */
  report(): Promise<Report | undefined> {
    return this.#reports.ask((id) => this.#tell({ kind: 'report_wanted', id }));
  }

  /** No new connections; on those that are open all goes on. */
  async leavePort(): Promise<void> {
    await this.#leaving.ask((id) => this.#tell({ kind: 'leave_port', id }));
  }

  /** Requests under way finish, then it ends. Nobody may be left on the port. */
  stop(): void {
    this.#closeUntaken();
    this.#tell({ kind: 'stop' });
  }

  kill(): void {
    this.#worker.process.kill('SIGKILL');
  }

  #watch(child: ChildProcess): Promise<End> {
    child.once('exit', this.#closeUntaken);
    return new Promise((resolve) => {
      child.once('close', (code: number | null, signal: NodeJS.Signals | null) => {
        resolve({ code, signal, reason: this.#reason });
        this.#listens.resolve(undefined);
        this.#leaving.end();
        this.#reports.end();
      });
    });
  }

  #hear(message: ToParent): void {
    switch (message.kind) {
      case 'listening':
        this.#listens.resolve({ url: message.url, adminUrl: message.adminUrl });
        break;
      case 'failed':
        this.#reason = message.reason;
        break;
      case 'port_left':
        this.#leaving.answer(message.id, true);
        break;
      case 'page_wanted':
        void this.#page().then((answer) => this.#tell({ kind: 'page', id: message.id, answer }));
        break;
      case 'report':
        this.#reports.answer(message.id, message.answer);
        break;
    }
  }

  /** Whoever is gone needs no telling. */
  #tell(message: ToWorker): void {
    if (this.#worker.isConnected()) this.#worker.send(message, () => {});
  }
}
