/**
 * The texts of all rows as one, so that a single search finds the rows that hold a text. To ask row by row takes many
 * times as long, most of it to fetch rows and texts from all over the heap.
 *
 *   "spring sale\nart deco\n…" ─► where the text occurs ─► the row that this stretch is of
 *
 * Rows that change are asked by themselves, until they are many.
 */

/** Changes after which it costs less to make it anew than to go on. */
const changesAtMost = 1_000;

export class TextIndex<R> {
  readonly #textOf: (row: R) => string;
  readonly #rows: readonly R[];
  /** Where the text of each row begins. */
  readonly #starts: number[] = [];
  readonly #texts: string;
  readonly #gone = new Set<R>();
  readonly #later = new Set<R>();

  constructor(rows: Iterable<R>, textOf: (row: R) => string) {
    this.#textOf = textOf;
    this.#rows = [...rows];
    const texts = this.#rows.map(textOf);
    let start = 0;
    for (const { length } of texts) {
      this.#starts.push(start);
      start += length + 1;
    }
    this.#texts = texts.join('\n');
  }

  /** Whether it is better made anew, from the rows as they then are. */
  get isWorn(): boolean {
    return this.#gone.size + this.#later.size > changesAtMost;
  }

  replace(old: R | undefined, next: R | undefined): void {
    if (old !== undefined && !this.#later.delete(old)) this.#gone.add(old);
    if (next !== undefined) this.#later.add(next);
  }

  /**
   * All rows that hold the text, each once, in no order. A text of several lines may be found where one row ends and the
   * next begins: whether they really do is for the caller to see.
   */
  find(text: string): R[] {
    const found = [...this.#later].filter((row) => this.#textOf(row).includes(text));
    for (let index = 0; index < this.#rows.length; index++) {
      const at = this.#texts.indexOf(text, this.#starts[index]);
      if (at === -1) break;
      while (this.#endOf(index) < at) index += 1;
      const row = this.#rows[index] as R;
      if (!this.#gone.has(row)) found.push(row);
    }
    return found;
  }

  /** Where the line break after it is, or would be. */
  #endOf(index: number): number {
    return (this.#starts[index + 1] ?? this.#texts.length + 1) - 1;
  }
}
