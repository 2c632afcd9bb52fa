/** Mercurius, compiled, with its cache of what resolvers gave. @see https://github.com/mercurius-js/cache */
import { Redis } from 'ioredis';
import cache from 'mercurius-cache';
import { serveByMercurius } from './support/mercurius-on-fastify.js';
import { cached, daySeconds, redisUrl } from './support/served.js';

const policy = Object.fromEntries(
  Object.entries(cached).map(([type, fields]) => [type, Object.fromEntries(fields.map((field) => [field, true]))]),
);

await serveByMercurius({ jit: 1 }, async (app) => {
  await app.register(cache, {
    ttl: daySeconds,
    policy,
    ...(redisUrl && { storage: { type: 'redis', options: { client: new Redis(redisUrl) } } }),
  });
});
