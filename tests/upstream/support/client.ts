/** The client under test, with what it logs and counts at hand. */
import { onTestFinished } from 'vitest';
import { type Config, readConfig } from '../../../src/config.ts';
import { startTelemetry, type Telemetry } from '../../../src/telemetry/index.ts';
import {
  type ChunkSink,
  openUpstream,
  type Row,
  type Upstream,
  type UpstreamOptions,
} from '../../../src/upstream/index.ts';

type LogLine = Record<string, unknown> & { event: string };

export type TestClient = {
  upstream: Upstream;
  telemetry: Telemetry;
  logs: LogLine[];
  /** Lines of one event. */
  logged(event: string): LogLine[];
  /** Requests by `route status`. */
  requests(): Promise<Record<string, number>>;
  /** Drains by outcome. */
  drains(): Promise<Record<string, number>>;
};

export type ClientOptions = Partial<Omit<UpstreamOptions, 'settings' | 'url'>> & {
  settings?: Partial<Config['upstream']>;
  /** Called for every log line. */
  onLog?: (line: LogLine) => void;
};

/** Waits take no time, since `random` gives 0 unless the test says otherwise. */
export function openClient(url: URL, { settings, onLog, ...options }: ClientOptions = {}): TestClient {
  const logs: LogLine[] = [];
  const telemetry = startTelemetry(
    { level: 'trace', format: 'json' },
    {
      write(text: string) {
        const line: LogLine = JSON.parse(text);
        logs.push(line);
        onLog?.(line);
      },
    },
  );
  const upstream = openUpstream({
    url,
    budgetMs: 10_000,
    random: () => 0,
    telemetry,
    ...options,
    settings: { ...readConfig({}).upstream, ...settings },
  });
  onTestFinished(() => upstream.close());
  const { upstreamRequests, drainDuration } = telemetry.metrics;
  return {
    upstream,
    telemetry,
    logs,
    logged: (event) => logs.filter((line) => line.event === event),
    async requests() {
      const { values } = await upstreamRequests.get();
      return Object.fromEntries(values.map(({ labels, value }) => [`${labels.route} ${labels.status}`, value]));
    },
    async drains() {
      const { values } = await drainDuration.get();
      const counts = values.filter(({ metricName }) => metricName?.endsWith('_count'));
      return Object.fromEntries(counts.map(({ labels, value }) => [labels.outcome, value]));
    },
  };
}

/** Keeps every chunk. */
export class Chest<T> implements ChunkSink<T> {
  readonly chunks: Row<T>[][] = [];

  write(rows: Row<T>[]): Promise<void> | void {
    this.chunks.push(rows);
  }

  get rows(): Row<T>[] {
    return this.chunks.flat();
  }
}

export const never = new AbortController().signal;
