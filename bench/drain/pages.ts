/** The client alone: all pages of the collection by undici, as many at once as Vitrine reads, and none kept. */
import { type Dispatcher, Pool } from 'undici';
import type { Opening, Pull } from './way.ts';

type Body = Dispatcher.ResponseData['body'];
type Envelope = { items: unknown[]; total_pages: number; total_items: number };

/**
 * The first page is parsed whoever asks, since it tells how many there are; it is read alone, as in a drain.
 *
 * @param take - What is done with each of the others. @returns How many rows were seen in it, if that shows.
 */
export function openPages(
  { upstreamUrl, pageSize, concurrency }: Opening,
  take: (body: Body) => Promise<number | undefined>,
): Pull {
  const pool = new Pool(upstreamUrl, { connections: concurrency });

  async function read(page: number): Promise<Body> {
    const path = `/catalogs?page=${page}&page_size=${pageSize}`;
    const { statusCode, body } = await pool.request({ path, method: 'GET', headers: { accept: 'application/json' } });
    if (statusCode !== 200) throw new Error(`page ${page} was answered with ${statusCode}`);
    return body;
  }

  return async () => {
    const first = parsed(await (await read(1)).text());
    let [rows, next] = [first.items.length, 2];
    let isSeen = true;
    const readOn = async () => {
      while (next <= first.total_pages) {
        const seen = await take(await read(next++));
        if (seen === undefined) isSeen = false;
        else rows += seen;
      }
    };
    await Promise.all(Array.from({ length: concurrency }, readOn));
    return isSeen ? rows : first.total_items;
  };
}

export function parsed(text: string): Envelope {
  return JSON.parse(text) as Envelope;
}
