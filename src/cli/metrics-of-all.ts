/** The metrics of all workers, together: whichever of them Prometheus reaches, it reads the same page. */
import { type Logger, type Report, Reports } from '../telemetry/index.ts';

export type Reporter = { id: number; ended: Promise<unknown>; report(): Promise<Report | undefined> };

export class MetricsOfAll {
  readonly #log: Logger;
  readonly #reports = new Reports();
  readonly #reporters = new Set<Reporter>();
  #reading: Promise<string | undefined> | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** From now on, and until it ends; then what it counted last is kept. */
  add(reporter: Reporter): void {
    this.#reporters.add(reporter);
    void reporter.ended.then(() => {
      this.#reporters.delete(reporter);
      this.#reports.retire(reporter.id);
    });
  }

  /** Those who ask at the same time share one. @returns Undefined when one of them could not report in time. */
  page(): Promise<string | undefined> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<string | undefined> {
    try {
      const told = await Promise.all([...this.#reporters].map((reporter) => this.#ask(reporter)));
      return told.every(Boolean) ? await this.#reports.page() : undefined;
    } catch (error) {
      this.#log.error({ event: 'metrics.failed', err: error }, 'the metrics of the workers could not be put together');
      return undefined;
    }
  }

  /** One that fell meanwhile is not waited for. */
  async #ask(reporter: Reporter): Promise<boolean> {
    const report = await reporter.report();
    if (report === undefined) return !this.#reporters.has(reporter);
    this.#reports.put(reporter.id, report);
    return true;
  }
}
