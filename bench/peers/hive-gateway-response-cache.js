/** Hive Gateway with its cache of answers. @see https://the-guild.dev/graphql/hive/docs/gateway/other-features/performance/response-caching */
import { Logger } from '@graphql-hive/gateway-runtime';
import InMemoryLRUCache from '@graphql-mesh/cache-inmemory-lru';
import RedisCache from '@graphql-mesh/cache-redis';
import { serveByHive } from './support/hive-before-yoga.js';
import { daySeconds, redisUrl } from './support/served.js';

await serveByHive({
  responseCaching: { session: () => null, ttl: 1_000 * daySeconds },
  cache: redisUrl ? new RedisCache({ url: redisUrl, logger: new Logger() }) : new InMemoryLRUCache(),
});
