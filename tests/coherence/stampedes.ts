/**
 * Stampedes (P4): of one row, or one page of the collection, one read at a time, over all gateways.
 *
 * A change has a read of its own, and one that was under way as it began is no answer to whoever asks after it. While
 * something is at fault nobody is held to it: without Redis each gateway reads for itself.
 */
import type { Span } from './gateway-log.ts';
import type { Change } from './record.ts';
import type { UpstreamRead } from './upstream-reads.ts';

export type Stampede = {
  what: string;
  /** Reads of the same at once, and the changes of it meanwhile. */
  reads: number;
  changes: number;
  atMs: number;
};

type Circumstances = {
  changesOf(id: string): readonly Change[];
  /** In which something was at fault. */
  troubles: readonly Span[];
};

/** @param reads - In the order in which they came. */
export function stampedesIn(reads: readonly UpstreamRead[], { changesOf, troubles }: Circumstances): Stampede[] {
  const found: Stampede[] = [];
  for (const { read, row, underWay } of together(reads)) {
    const fromMs = Math.min(read.fromMs, ...underWay.map((other) => other.fromMs));
    if (troubles.some((trouble) => trouble.fromMs <= read.fromMs && fromMs <= trouble.untilMs)) continue;
    const changes = row === undefined ? [] : changesOf(row);
    const during = changes.filter((change) => change.beganMs <= read.fromMs && change.acknowledgedMs >= fromMs);
    if (underWay.length <= during.length) continue;
    const what = row === undefined ? `page ${read.page}` : `row ${row}`;
    found.push({ what, reads: underWay.length + 1, changes: during.length, atMs: read.fromMs });
  }
  return found;
}

/** Each read of a row, or of a page, with those of the same that were under way when it came. */
function* together(reads: readonly UpstreamRead[]): Generator<{
  read: UpstreamRead;
  row?: string;
  underWay: UpstreamRead[];
}> {
  const latest = new Map<string, UpstreamRead[]>();
  const underWay = (what: string, read: UpstreamRead) => {
    const before = (latest.get(what) ?? []).filter(({ untilMs }) => untilMs > read.fromMs);
    latest.set(what, [...before, read]);
    return before;
  };
  for (const read of reads) {
    for (const row of read.rows) yield { read, row, underWay: underWay(`row ${row}`, read) };
    if (read.page !== undefined) yield { read, underWay: underWay(`page ${read.page}`, read) };
  }
}
