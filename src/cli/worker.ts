/**
 * The parent as a worker sees it.
 *
 *   starting ─► listening ──leave_port──► no new connections ──stop──► what is under way finishes ─► exit
 *      └─────────────┴── the parent is gone ───────────────────────────►┘
 *
 * The parent alone decides: a signal to the whole process group, as Ctrl-C sends it, reaches the parent as well.
 */
import cluster from 'node:cluster';
import { systemClock } from '../cache/clock.ts';
import type { Gateway } from '../gateway.ts';
import type { Telemetry } from '../telemetry/index.ts';
import type { ToParent, ToWorker } from './messages.ts';
import { Questions } from './questions.ts';
import { type Closable, closeAll, signals } from './shutdown.ts';

/** Longer than the parent waits for reports. */
const pageWithinMs = 4_000;

export class Parent {
  readonly #telemetry: Telemetry;
  readonly #parts: readonly Closable[];
  readonly #pages = new Questions<string | undefined>({ clock: systemClock, withinMs: pageWithinMs });
  #gateway: Gateway | undefined;
  #isStopping = false;

  /** @param parts - Closed in this order at the end; what is born later is added to the list. */
  constructor(parts: readonly Closable[], telemetry: Telemetry) {
    this.#parts = parts;
    this.#telemetry = telemetry;
    for (const signal of signals) process.on(signal, () => {});
    process.on('message', (message: ToWorker) => this.#hear(message));
    cluster.worker?.on('disconnect', () => this.#outlive());
  }

  /** The metrics of all workers; undefined when one of them, or the parent, could not tell in time. */
  readonly metricsPage = (): Promise<string | undefined> => this.#pages.ask((id) => tell({ kind: 'page_wanted', id }));

  listening(gateway: Gateway): void {
    this.#gateway = gateway;
    tell({ kind: 'listening', url: gateway.url, adminUrl: gateway.adminUrl });
  }

  #hear(message: ToWorker): void {
    switch (message.kind) {
      case 'leave_port':
        this.#gateway?.stopListening();
        tell({ kind: 'port_left', id: message.id });
        break;
      case 'stop':
        this.#stop();
        break;
      case 'report_wanted':
        void this.#report(message.id);
        break;
      case 'page':
        this.#pages.answer(message.id, message.answer);
        break;
    }
  }

  async #report(id: number): Promise<void> {
    const { metrics, log } = this.#telemetry;
    const answer = await metrics.report().catch((err: unknown) => {
      log.error({ event: 'metrics.failed', err }, 'this worker could not tell its metrics');
      return undefined;
    });
    tell({ kind: 'report', id, answer });
  }

  /** Node would end the process at once, whoever waits for an answer. */
  #outlive(): void {
    if (cluster.worker) cluster.worker.exitedAfterDisconnect = true;
    this.#stop();
  }

  #stop(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    void closeAll(this.#parts, this.#telemetry.log);
  }
}

/** Ends the process; the parent says why, once for all who cannot start. */
export function failToParent(reason: string): void {
  tell({ kind: 'failed', reason }, () => process.exit(1));
}

/** A parent that is gone needs no telling. */
function tell(message: ToParent, told: () => void = () => {}): void {
  if (process.connected) process.send?.(message, undefined, undefined, told);
  else told();
}
