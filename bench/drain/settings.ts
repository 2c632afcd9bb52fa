/** Vitrine's settings here: as in service, but for deadlines, so that a busy machine is slow and nothing is given up. */
import type { Opening } from './way.ts';

export function settings({ upstreamUrl, pageSize, concurrency }: Opening): Record<string, string> {
  return {
    NODE_ENV: 'production',
    LOG_LEVEL: 'error',
    HOST: '127.0.0.1',
    PORT: '0',
    UPSTREAM_URL: upstreamUrl,
    UPSTREAM_PAGE_SIZE: String(pageSize),
    UPSTREAM_CONCURRENCY: String(concurrency),
    UPSTREAM_TIMEOUT_MS: '60000',
    REQUEST_TIMEOUT_MS: '300000',
    REDIS_TIMEOUT_MS: '10000',
  };
}
