/** How long this process itself kept others waiting: upstream stands in it, and every line. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Recorder } from './record.ts';
import { upstreamTimeoutMs } from './settings.ts';

export class Stillness {
  readonly #recorder: Recorder;
  readonly #monitor = monitorEventLoopDelay({ resolution: 10 });
  #sinceMs = performance.now();

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
    this.#monitor.enable();
  }

  /** @returns The longest since the lap before, in ms. When that is long, upstream hung: it is written down. */
  lap(): number {
    const longestMs = this.#monitor.max / 1e6;
    const nowMs = performance.now();
    if (longestMs > upstreamTimeoutMs / 2) this.#recorder.upstreamFails('all', this.#sinceMs).untilMs = nowMs;
    this.#sinceMs = nowMs;
    this.#monitor.reset();
    return longestMs;
  }

  end(): void {
    this.#monitor.disable();
  }
}
