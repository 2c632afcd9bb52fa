/** What happened in a run, step by step: kept as text when somebody will read it, always as a hash. */

export class Story {
  readonly lines: string[] = [];
  readonly #keep: boolean;
  readonly #now: () => number;
  #hash = 0x811c9dc5;

  constructor({ keep, now }: { keep: boolean; now: () => number }) {
    this.#keep = keep;
    this.#now = now;
  }

  tell(who: string, what: string): void {
    const line = `${String(this.#now()).padStart(7)} ${who.padEnd(9)} ${what}`;
    for (let i = 0; i < line.length; i++) this.#hash = Math.imul(this.#hash ^ line.charCodeAt(i), 0x01000193);
    if (this.#keep) this.lines.push(line);
  }

  /** The same for two runs that went the same way. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0');
  }
}
