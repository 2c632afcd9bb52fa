/**
 * Gathering: rows by id for several callers in one request, where they ask for them in one turn of the event loop.
 *
 *   asked, asked, asked … ─► together ─┬─ each its own rows
 *                                      ├─ upstream as a whole fails: each is told
 *                                      └─ refused, or not to be read: alone, as if nobody else had asked
 *
 * So no id spoils what another caller is given: an API may refuse a whole batch for one id in it (decision 28).
 */
import type { BatchResult } from './batch.ts';
import { FailedTry, UpstreamError } from './errors.ts';
import { isRepeatable } from './policy.ts';
import { untilAborted } from './within.ts';

type ReadByIds<T> = (ids: readonly string[], signal: AbortSignal) => Promise<BatchResult<T>>;

type Asked<T> = {
  ids: readonly string[];
  signal: AbortSignal;
  alone: () => Promise<BatchResult<T>>;
  answer: (rows: Promise<BatchResult<T>>) => void;
};

export class Gathering<T> {
  readonly #idsLimit: number;
  readonly #together: ReadByIds<T>;
  #asked: Asked<T>[] = [];

  /** @param idsLimit - Ids of one request; who asks for more asks alone. */
  constructor(idsLimit: number, together: ReadByIds<T>) {
    this.#idsLimit = idsLimit;
    this.#together = together;
  }

  /**
   * @param alone - Reads them where nobody else asks, or where they may not be asked for with others.
   * @throws The signal's reason, as soon as it aborts; what `alone` throws.
   */
  read(ids: readonly string[], signal: AbortSignal, alone: () => Promise<BatchResult<T>>): Promise<BatchResult<T>> {
    return new Promise((answer) => {
      if (this.#asked.push({ ids, signal, alone, answer }) === 1) setImmediate(() => this.#send());
    });
  }

  #send(): void {
    const asked = this.#asked;
    this.#asked = [];
    for (const group of this.#groupsOf(asked)) {
      const [first] = group;
      if (group.length === 1 && first !== undefined) first.answer(first.alone());
      else {
        const together = this.#readTogether(group);
        for (const each of group) each.answer(ownOf(each, together));
      }
    }
  }

  /** As many callers in each as fit into one request. */
  *#groupsOf(asked: readonly Asked<T>[]): Generator<Asked<T>[]> {
    let group: Asked<T>[] = [];
    let count = 0;
    for (const each of asked) {
      if (group.length > 0 && count + each.ids.length > this.#idsLimit) {
        yield group;
        group = [];
        count = 0;
      }
      group.push(each);
      count += each.ids.length;
    }
    if (group.length > 0) yield group;
  }

  /** @returns Nothing when it failed: who asked finds out alone why. */
  async #readTogether(group: readonly Asked<T>[]): Promise<BatchResult<T>> {
    const ids = [...new Set(group.flatMap((each) => each.ids))];
    try {
      return await this.#together(ids, allOf(group.map(({ signal }) => signal)));
    } catch {
      return new Map();
    }
  }
}

async function ownOf<T>({ ids, signal, alone }: Asked<T>, together: Promise<BatchResult<T>>): Promise<BatchResult<T>> {
  const rows = await untilAborted(signal, () => together);
  const own: BatchResult<T> = new Map();
  for (const id of ids) {
    const row = rows.get(id);
    if (row === undefined || isOfTheBatch(row)) return alone();
    own.set(id, row);
  }
  return own;
}

/** Whether it was what was asked for that failed: alone, it might have had another end. */
function isOfTheBatch(row: unknown): boolean {
  if (!(row instanceof UpstreamError)) return false;
  return row.code === 'UPSTREAM_INVALID' || (row instanceof FailedTry && !isRepeatable(row));
}

/** Aborts when the last of them does: then nobody waits any more. */
function allOf(signals: readonly AbortSignal[]): AbortSignal {
  const all = new AbortController();
  let waiting = signals.length;
  for (const signal of signals) {
    const gone = () => {
      waiting -= 1;
      if (waiting === 0) all.abort(signal.reason);
    };
    if (signal.aborted) gone();
    else signal.addEventListener('abort', gone, { once: true });
  }
  return all.signal;
}
