/**
 * What a whole answer takes that a gateway keeps, beside what it counts, and whether a gateway that is full grows. It is
 * asked from here; answers are pages of 20 from ever other places.
 */
import { seededRandom } from '../../src/embedded/random.ts';
import type { GatewayProcess } from '../../tests/coherence/gateway.ts';
import { pagesByOrder } from '../http/pages.ts';
import { openStage, type Stage } from '../simulate/stage.ts';
import { type Held, slopeOf } from './held.ts';

export type AnswerSetting = { catalogs: number; memoryMb: number };

export type AnswersHeld = Held & {
  /** Of a body, in the mean. */
  bodyBytes: number;
  /** Heap that it takes more once it was asked for in the same form again. */
  againBytes: number;
};

type Asked = { query: string; variables: Record<string, unknown> };

/** Of `MEMORY_MAX_MB`, what answers may take. */
const share = 1 / 4;
/** At least what one of them counts: half as many as that are sure to fit. */
const leastCountedBytes = 10_000;
const firstAnswers = 10;
const atOnce = 8;

export async function answers({ catalogs, memoryMb }: AnswerSetting): Promise<AnswersHeld> {
  const env = [{ MEMORY_MAX_MB: String(memoryMb) }];
  const stage = await openStage({ rows: catalogs, maxAgeSeconds: 86_400, env });
  try {
    return await measure(new Asking(stage), memoryMb * 1024 ** 2 * share);
  } finally {
    await stage.close();
  }
}

async function measure(asking: Asking, maxBytes: number): Promise<AnswersHeld> {
  await asking.until(firstAnswers);
  const first = await asking.now();
  const some = Math.floor(maxBytes / leastCountedBytes / 2);
  await asking.until(Math.floor(some / 2));
  const half = await asking.now();
  await asking.until(some);
  const more = await asking.now();
  await asking.again(half.count, some);
  const again = await asking.now();
  const bodyBytes = asking.bodyBytes;
  const fits = await asking.fill();
  await asking.until(asking.count + fits);
  const once = await asking.now();
  await asking.until(asking.count + 4 * fits);
  const often = await asking.now();
  return {
    maxBytes,
    fits,
    bodyBytes,
    bytes: slopeOf(half, more, 'heapBytes'),
    againBytes: (again.heapBytes - more.heapBytes) / (some - half.count),
    countedBytes: maxBytes / fits,
    churnedOnceBytes: once.heapBytes - first.heapBytes,
    churnedOftenBytes: often.heapBytes - first.heapBytes,
  };
}

/** One gateway, asked for one page after the other, each of them another. */
class Asking {
  readonly #stage: Stage;
  readonly #gateway: GatewayProcess;
  readonly #pages = pagesByOrder(seededRandom(11)).map((body) => JSON.parse(body) as Asked);
  #bytes = 0;
  count = 0;

  constructor(stage: Stage) {
    const [gateway] = stage.gateways;
    if (gateway === undefined) throw new Error('There is no gateway.');
    this.#stage = stage;
    this.#gateway = gateway;
  }

  get bodyBytes(): number {
    return this.#bytes / this.count;
  }

  async now(): Promise<{ count: number; heapBytes: number }> {
    return { count: this.count, heapBytes: await this.#stage.heapOf(this.#gateway) };
  }

  /** Each twice: what is asked for once is not kept. */
  async until(count: number): Promise<void> {
    const from = this.count;
    this.count = count;
    await this.#ask(this.#pages.slice(from, count));
    await this.again(from, count);
  }

  async again(from: number, to: number): Promise<void> {
    const bytes = this.#bytes;
    await this.#ask(this.#pages.slice(from, to));
    this.#bytes = bytes;
  }

  /** Asks until it is full, then from the last to the first. @returns How many it still had. */
  async fill(): Promise<number> {
    const most = 2 * this.count;
    for (;;) {
      await this.until(this.count + most);
      const before = await this.#hits();
      for (const page of this.#pages.slice(0, this.count).toReversed()) await this.#ask([page]);
      const fits = (await this.#hits()) - before;
      if (fits === 0) throw new Error('It keeps no answers.');
      if (fits < this.count) return fits;
    }
  }

  async #hits(): Promise<number> {
    return (await this.#gateway.metrics()).sum('vitrine_response_cache_total', { outcome: 'hit' });
  }

  async #ask(pages: readonly Asked[]): Promise<void> {
    const left = pages.values();
    const askOn = async () => {
      for (const { query, variables } of left) {
        const { status, text } = await this.#gateway.query(query, variables);
        if (status !== 200 || text.includes('"errors"')) throw new Error(`It answered ${status}: ${text}`);
        this.#bytes += Buffer.byteLength(text);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, askOn));
  }
}
