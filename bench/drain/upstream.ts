/** The API that all pull from: the embedded upstream with so many catalogs, in a process of its own, that counts pages. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { request } from 'undici';
import { makeCatalogue } from '../../src/embedded/index.ts';
import { type Started, startProcess } from '../http/started.ts';

export class Upstream {
  readonly count: number;
  readonly #started: Started;

  private constructor(count: number, started: Started) {
    this.count = count;
    this.#started = started;
  }

  /** @param dir - Where its rows go, and what it prints. */
  static async start(count: number, dir: string): Promise<Upstream> {
    const name = `upstream-${count}`;
    const file = join(dir, `${name}.json`);
    await writeFile(file, JSON.stringify(makeCatalogue(new Date(), { catalogs: count })));
    const args = ['bin/vitrine.js', 'upstream', '--port', '0', '--data', file];
    return new Upstream(count, await startProcess({ name, args, dir }));
  }

  get url(): string {
    return this.#started.url;
  }

  /** How long each answer takes from now on. */
  async wait(latencyMs: number): Promise<void> {
    const body = JSON.stringify(latencyMs === 0 ? {} : { latencyMs });
    const { statusCode, body: answer } = await request(`${this.url}/__faults`, { method: 'PUT', body });
    await answer.dump();
    if (statusCode !== 200) throw new Error(`upstream answered ${statusCode} when it was told to wait`);
  }

  /** Pages of catalogs that were asked for since this was called last. */
  async pages(): Promise<number> {
    const counts = await request(`${this.url}/__requests`);
    const { routes } = (await counts.body.json()) as { routes: Record<string, number> };
    await (await request(`${this.url}/__requests`, { method: 'DELETE' })).body.dump();
    return routes['/catalogs'] ?? 0;
  }

  stop(): Promise<void> {
    return this.#started.stop();
  }
}
