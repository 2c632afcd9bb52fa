/** A resource by itself over one log and one store: as many processes as are started, one upstream, time moved by hand. */
import type { LogRecord } from '../../src/cache/log.ts';
import type { Position } from '../../src/cache/position.ts';
import { ScriptedLog } from '../cache/scripted-log.ts';
import { ManualClock } from '../support/clock.ts';
import { type Settings, startProcess } from './process.ts';
import { ScriptedStore } from './scripted-store.ts';
import { TableUpstream } from './table-upstream.ts';

/** Rows 1, 2 and 3 of version 1, and as many processes over one log and one store as are started. */
export function openWorld() {
  const clock = new ManualClock();
  let drawn = 0;
  // No two tokens are the same, and jitter shortens nothing worth a word.
  const random = () => 0.999 + 1e-9 * drawn++;
  const log = new ScriptedLog(clock);
  const store = new ScriptedStore(clock);
  const upstream = new TableUpstream();
  for (const id of ['1', '2', '3']) upstream.rows.set(id, 1);

  const begin = (ids: string[] | '*') => log.add({ kind: 'begin', namespace: 'item', ids });
  const changed = (ids: string[] | '*', floor: Position, hard = false) => {
    const record: LogRecord = { kind: 'changed', namespace: 'item', ids, floor };
    log.add(hard ? { ...record, hard } : record);
  };
  const shared = { clock, random, log, store, upstream };
  return { ...shared, startProcess: (settings: Settings = {}) => startProcess(shared, settings), begin, changed };
}

/** What it comes to while time stands still. */
export function soon<T>(promise: Promise<T>): Promise<T | 'waits'> {
  return Promise.race([promise, turns(50).then(() => 'waits' as const)]);
}

export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
}
