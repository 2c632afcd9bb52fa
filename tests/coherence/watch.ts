/**
 * The watch: looks at each gateway from outside while a fault lasts, as an operator's probes and dashboards do. It sees
 * whether the fault is told of (P8), and what the processes hold at most.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Deployment } from './deployment.ts';
import type { Signs } from './faults/index.ts';
import type { Span } from './gateway-log.ts';
import type { Answer, Recorder } from './record.ts';

/** What a process holds; sockets are open files. */
export type Resources = { openFiles: number; residentMb: number };

const probeEveryMs = 80;
/** The page of metrics takes some ms to make. */
const scrapeEveryMs = 400;

export class Watch {
  readonly peak: Resources = { openFiles: 0, residentMb: 0 };
  readonly #deployment: Deployment;
  readonly #recorder: Recorder;
  readonly #signs: Signs;
  readonly #over = new AbortController();
  readonly #running: Promise<void>[] = [];
  /** By gateway and life, the counter as it was seen last. */
  readonly #counted = new Map<string, { value: number; atMs: number }>();
  #wasReady = false;

  /** Between two looks at the counter of a gateway of which the later one saw more. */
  readonly rises: Span[] = [];

  constructor(deployment: Deployment, recorder: Recorder, signs: Signs) {
    this.#deployment = deployment;
    this.#recorder = recorder;
    this.#signs = signs;
  }

  async begin(): Promise<void> {
    const replicas = this.#deployment.replicas.keys().toArray();
    await Promise.all(replicas.map((replica) => this.#scrape(replica)));
    for (const replica of replicas) {
      this.#running.push(this.#repeat(probeEveryMs, () => this.#probe(replica)));
      this.#running.push(this.#repeat(scrapeEveryMs, () => this.#scrape(replica)));
    }
  }

  async end(): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#running);
    await Promise.all(this.#deployment.replicas.map((_, replica) => this.#scrape(replica).catch(() => {})));
  }

  /** @returns The signs that were not seen. */
  untold(answers: readonly Answer[]): (keyof Signs)[] {
    const { readyz, counter, answer } = this.#signs;
    const told = {
      readyz: readyz === undefined || this.#wasReady,
      counter: counter === undefined || this.rises.length > 0,
      answer: answer === undefined || answers.some((given) => isSign(answer, given)),
    };
    return (Object.keys(told) as (keyof Signs)[]).filter((sign) => !told[sign]);
  }

  /** One that does not answer tells nothing. */
  async #repeat(everyMs: number, look: () => Promise<void>): Promise<void> {
    while (!this.#over.signal.aborted) {
      await look().catch(() => {});
      await delay(everyMs, undefined, { signal: this.#over.signal }).catch(() => {});
    }
  }

  async #probe(replica: number): Promise<void> {
    const gateway = this.#gateway(replica);
    const by = { replica, life: gateway.life };
    const askedMs = performance.now();
    const { status, checks } = await gateway.readyz();
    if (this.#signs.readyz?.(checks, status)) this.#wasReady = true;
    if (checks.coherence?.status === 'ok') this.#recorder.wasCoherent(by, { askedMs, answeredMs: performance.now() });
  }

  async #scrape(replica: number): Promise<void> {
    const gateway = this.#gateway(replica);
    const process = `${replica}/${gateway.life}`;
    const metrics = await gateway.metrics();
    this.peak.openFiles = Math.max(this.peak.openFiles, metrics.sum('process_open_fds'));
    this.peak.residentMb = Math.max(this.peak.residentMb, metrics.sum('process_resident_memory_bytes') / 2 ** 20);
    const { counter } = this.#signs;
    if (counter === undefined) return;
    const now = { value: counter(metrics), atMs: performance.now() };
    const before = this.#counted.get(process) ?? now;
    this.#counted.set(process, now);
    if (now.value > before.value) this.rises.push({ fromMs: before.atMs, untilMs: now.atMs });
  }

  #gateway(replica: number) {
    const found = this.#deployment.replicas[replica];
    if (found === undefined) throw new RangeError(`there is no gateway ${replica}`);
    return found.gateway;
  }
}

function isSign(pattern: RegExp, { reply }: Answer): boolean {
  return !('cut' in reply) && pattern.test(`${reply.cacheStatus} ${reply.text}`);
}
