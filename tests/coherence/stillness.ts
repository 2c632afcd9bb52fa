/**
 * When this process itself stood still, and so kept others waiting: upstream stands in it, and every line. What is seen
 * by it meanwhile is seen late.
 */
import type { Span } from './gateway-log.ts';
import type { Recorder } from './record.ts';
import { upstreamTimeoutMs } from './settings.ts';

/** In ms. */
const everyMs = 10;
const noticedFromMs = 100;

export class Stillness {
  /** Those that are worth a word. */
  readonly spans: Span[] = [];
  readonly #recorder: Recorder;
  readonly #timer = setInterval(() => this.#tick(), everyMs);
  #tickedMs = performance.now();
  #longestMs = 0;
  #sinceMs = performance.now();

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  /** @returns The longest since the lap before, in ms. When that is long, upstream hung: it is written down. */
  lap(): number {
    this.#tick();
    const longestMs = this.#longestMs;
    if (longestMs > upstreamTimeoutMs / 2) {
      this.#recorder.upstreamFails('all', this.#sinceMs).untilMs = performance.now();
    }
    this.#sinceMs = performance.now();
    this.#longestMs = 0;
    return longestMs;
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const nowMs = performance.now();
    const stillMs = nowMs - this.#tickedMs;
    if (stillMs > noticedFromMs) this.spans.push({ fromMs: this.#tickedMs, untilMs: nowMs });
    this.#longestMs = Math.max(this.#longestMs, stillMs);
    this.#tickedMs = nowMs;
  }
}
