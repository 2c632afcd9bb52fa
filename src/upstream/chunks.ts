/** Rows on their way to a sink: gathered, and written in chunks of one size, one at a time. */
import type { Row } from './rows.ts';

/** Takes the rows of a drain. Gets no call while one of its writes is under way. */
export interface ChunkSink<T> {
  write(rows: Row<T>[]): Promise<void> | void;
}

export class Chunks<T> {
  readonly #sink: ChunkSink<T>;
  readonly #chunkRows: number;
  readonly #signal: AbortSignal;
  #rows: Row<T>[] = [];
  #writing: Promise<void> | undefined;

  /** @param signal - Once it aborts nothing more is written. */
  constructor(sink: ChunkSink<T>, options: { chunkRows: number; signal: AbortSignal }) {
    this.#sink = sink;
    this.#chunkRows = options.chunkRows;
    this.#signal = options.signal;
  }

  /** The write under way. One that failed stays here for good, so that whoever comes next fails too. */
  get writing(): Promise<void> | undefined {
    return this.#writing;
  }

  /** Adds rows, and writes what whole chunks there are. Without one it returns although others may be writing. */
  async add(rows: Row<T>[]): Promise<void> {
    this.#rows = this.#rows.concat(rows);
    await this.#writeWhile(() => this.#rows.length >= this.#chunkRows);
  }

  /** Writes the rest. */
  async flush(): Promise<void> {
    await this.#writeWhile(() => this.#rows.length > 0);
  }

  async #writeWhile(hasMore: () => boolean): Promise<void> {
    while (hasMore()) {
      this.#writing ??= this.#write(this.#rows.splice(0, this.#chunkRows));
      await this.#writing;
    }
  }

  async #write(chunk: Row<T>[]): Promise<void> {
    this.#signal.throwIfAborted();
    await this.#sink.write(chunk);
    this.#writing = undefined;
  }
}
