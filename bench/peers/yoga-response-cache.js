/** GraphQL Yoga with its cache of answers. @see https://the-guild.dev/graphql/yoga-server/docs/features/response-caching */
import { createRedisCache } from '@envelop/response-cache-redis';
import { useResponseCache } from '@graphql-yoga/plugin-response-cache';
import { Redis } from 'ioredis';
import { daySeconds, redisUrl } from './support/served.js';
import { serveByYoga } from './support/yoga-on-node.js';

await serveByYoga({
  plugins: [
    useResponseCache({
      session: () => null,
      ttl: 1_000 * daySeconds,
      ...(redisUrl && { cache: createRedisCache({ redis: new Redis(redisUrl) }) }),
    }),
  ],
});
