/** Vitrine's own drain, with all that it checks and decodes, into a sink that keeps nothing. */
import { catalogs } from '../../src/catalog/catalogs.ts';
import { readConfig } from '../../src/config.ts';
import { startTelemetry } from '../../src/telemetry/index.ts';
import { type ChunkSink, openUpstream } from '../../src/upstream/index.ts';
import { settings } from './settings.ts';
import type { Opening, OpenWay } from './way.ts';

export const open: OpenWay = async (opening) => drainInto(opening, { write() {} });

/** @returns Drains when it is called. */
export function drainInto(opening: Opening, sink: ChunkSink<unknown>): () => Promise<number> {
  const config = readConfig(settings(opening));
  const upstream = openUpstream({
    url: new URL(opening.upstreamUrl),
    settings: config.upstream,
    budgetMs: config.requestTimeoutMs,
    telemetry: startTelemetry(config.log),
  });
  return async () => {
    const { rows } = await upstream.drain(catalogs.endpoint, {
      open: () => sink,
      signal: new AbortController().signal,
    });
    return rows;
  };
}
