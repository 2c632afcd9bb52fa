import { describe, expect, test } from 'vitest';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { Reports } from '../../src/telemetry/reports.ts';

/** Metrics of one process each, told to the others by number. */
function startProcesses(count: number) {
  const reports = new Reports();
  const processes = Array.from({ length: count }, createMetrics);
  /** All that still live tell what they have counted. */
  const page = async (...gone: number[]) => {
    for (const [index, metrics] of processes.entries()) {
      // As it comes over a channel between processes.
      if (!gone.includes(index)) reports.put(index, structuredClone(await metrics.report()));
    }
    return reports.page();
  };
  return { reports, processes, page };
}

describe('one page of several processes', () => {
  test('adds up what they have counted', async () => {
    const { processes, page } = startProcesses(3);
    for (const [index, { cacheFills, drainDuration }] of processes.entries()) {
      cacheFills.inc({ namespace: 'catalog', outcome: 'stored' }, index + 1);
      drainDuration.observe({ collection: 'catalogs', outcome: 'complete' }, 0.2);
    }
    const text = await page();
    expect(text).toContain('vitrine_cache_fills_total{namespace="catalog",outcome="stored"} 6\n');
    const drains = 'collection="catalogs",outcome="complete"';
    expect(text).toContain(`vitrine_drain_duration_seconds_bucket{le="0.1",${drains}} 0\n`);
    expect(text).toContain(`vitrine_drain_duration_seconds_bucket{le="0.25",${drains}} 3\n`);
    expect(text).toContain(`vitrine_drain_duration_seconds_count{${drains}} 3\n`);
  });

  test('shows the store as down when one does without it', async () => {
    const { processes, page } = startProcesses(3);
    for (const { storeUp } of processes) storeUp.set(1);
    expect(await page()).toContain('vitrine_store_up 1\n');
    processes[1]?.storeUp.set(0);
    expect(await page()).toContain('vitrine_store_up 0\n');
  });

  test('shows of views the size and the greatest age, and counts an era once', async () => {
    const { processes, page } = startProcesses(3);
    for (const [index, { snapshotItems, snapshotAge, coherenceEras }] of processes.entries()) {
      snapshotItems.set({ collection: 'catalogs' }, index === 2 ? 0 : 1200);
      if (index < 2) snapshotAge.set({ collection: 'catalogs' }, 10 * (index + 1));
      coherenceEras.inc();
    }
    const text = await page();
    expect(text).toContain('vitrine_snapshot_items{collection="catalogs"} 1200\n');
    expect(text).toContain('vitrine_snapshot_age_seconds{collection="catalogs"} 20\n');
    expect(text).toContain('vitrine_coherence_eras_total 1\n');
  });

  test('is of the moment: what is looked at is looked at for each page', async () => {
    const { processes, page } = startProcesses(1);
    let size = 0;
    processes[0]?.beforeReading(() => processes[0]?.snapshotItems.set({ collection: 'catalogs' }, size));
    size = 7;
    expect(await page()).toContain('vitrine_snapshot_items{collection="catalogs"} 7\n');
  });
});

describe('a process that is gone', () => {
  test('leaves what it had counted, whoever else goes after it', async () => {
    const { reports, processes, page } = startProcesses(3);
    const labels = { namespace: 'catalog', kind: 'changed', source: 'admin' };
    for (const { changes, coherenceEras, cacheFillDuration } of processes) {
      changes.inc(labels);
      coherenceEras.inc(2);
      cacheFillDuration.observe({ namespace: 'catalog' }, 1);
    }
    const before = await page();
    for (const expected of [/^vitrine_changes_total\{.*\} 3$/m, /^vitrine_coherence_eras_total 2$/m]) {
      expect(before).toMatch(expected);
    }
    reports.retire(1);
    expect(counters(await page(1))).toEqual(counters(before));
    reports.retire(2);
    expect(counters(await page(1, 2))).toEqual(counters(before));
    processes[0]?.changes.inc(labels);
    expect(await page(1, 2)).toMatch(/^vitrine_changes_total\{.*\} 4$/m);
  });

  test('leaves nothing of what it showed', async () => {
    const { reports, processes, page } = startProcesses(2);
    processes[0]?.storeUp.set(1);
    processes[1]?.storeUp.set(0);
    await page();
    reports.retire(1);
    expect(await page(1)).toContain('vitrine_store_up 1\n');
  });

  test('leaves nothing when it never told', async () => {
    const { reports, page } = startProcesses(1);
    const before = await page();
    reports.retire(5);
    expect(await page()).toBe(before);
  });
});

function counters(page: string): string[] {
  return page
    .split('\n')
    .filter((line) => /^vitrine_.*(_total|_bucket|_count|_sum)\b/.test(line))
    .toSorted();
}
