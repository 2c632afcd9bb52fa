/**
 * The numbers of a deployment under faults. Windows and deadlines are short, so that within the few seconds of a fault
 * rows grow stale, run out, and are served on error.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Of catalogs, by themselves and in pages; sellers keep the windows of the schema. In seconds, as a schema has them. */
const cacheControl = { maxAge: 1, staleWhileRevalidate: 2, staleIfError: 30 };

/** How old an answer may be, in ms since its upstream read was sent. */
export const ages = {
  /** While upstream answers. */
  staleMs: 1000 * (cacheControl.maxAge + cacheControl.staleWhileRevalidate),
  /** While it fails, and the answer says so. */
  errorMs: 1000 * (cacheControl.maxAge + cacheControl.staleIfError),
  /** Of "there is no such row", which has a window of its own. */
  notFoundMs: 5_000,
};

export const coherenceMs = 500;
export const requestTimeoutMs = 2_000;
export const upstreamTimeoutMs = 700;
/** What reading upstream may take of a request's deadline, drains of other attempts included. */
export const upstreamBudgetMs = 0.8 * requestTimeoutMs;
/** How long a failure to read upstream answers for what was asked for. */
export const rememberedMs = 1_000;

/** Nothing that is logged or answered may hold one of these. */
export const secrets = {
  admin: 'admin-secret-of-the-faults-7d1c',
  redis: 'redis-secret-of-the-faults-03be',
  upstream: 'upstream-secret-of-the-faults-5a',
  webhook: `whsec_${Buffer.from('webhook-secret-of-the-faults-c4').toString('base64')}`,
};
export const redisUser = 'gateway';

/** What every gateway is started with, besides its addresses and its folder of the schema. */
export const gatewaySettings = {
  PORT: '0',
  LOG_FORMAT: 'json',
  ADMIN_TOKEN: secrets.admin,
  WEBHOOK_SECRET: secrets.webhook,
  REQUEST_TIMEOUT_MS: String(requestTimeoutMs),
  UPSTREAM_TOKEN: secrets.upstream,
  UPSTREAM_TIMEOUT_MS: String(upstreamTimeoutMs),
  UPSTREAM_RETRIES: '1',
  UPSTREAM_SETTLE_MS: '400',
  REDIS_TIMEOUT_MS: '200',
  REDIS_CONNECT_TIMEOUT_MS: '500',
  COHERENCE_MS: String(coherenceMs),
  LEASE_MS: '600',
};

/** A folder with the schema as it is, but for the windows of catalogs. */
export async function makeSchemaDir(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'vitrine-schema-'));
  const own = new URL('../../schema/', import.meta.url);
  for (const file of await readdir(own)) {
    const text = await readFile(new URL(file, own), 'utf8');
    await writeFile(join(path, file), file === 'catalog.graphql' ? withShortWindows(text) : text);
  }
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

function withShortWindows(sdl: string): string {
  const windows = Object.entries(cacheControl).map(([name, seconds]) => `${name}: ${seconds}`);
  const shortened = sdl.replace(/@cacheControl\([^)]*\)/g, `@cacheControl(${windows.join(', ')})`);
  if (shortened === sdl) throw new Error('the schema declares no windows of catalogs');
  return shortened;
}
