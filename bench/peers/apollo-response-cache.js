/** Apollo Server with its cache of answers. @see https://www.apollographql.com/docs/apollo-server/performance/caching */
import { ApolloServerPluginCacheControl } from '@apollo/server/plugin/cacheControl';
import responseCachePlugin from '@apollo/server-plugin-response-cache';
import { KeyvAdapter } from '@apollo/utils.keyvadapter';
import KeyvRedis from '@keyv/redis';
import Keyv from 'keyv';
import { serveByApollo } from './support/apollo-on-fastify.js';
import { daySeconds, redisUrl } from './support/served.js';

await serveByApollo({
  plugins: [
    ApolloServerPluginCacheControl({ defaultMaxAge: daySeconds }),
    // A module of CommonJS, whose default may be one level down.
    (responseCachePlugin.default ?? responseCachePlugin)(),
  ],
  ...(redisUrl && { cache: new KeyvAdapter(new Keyv(new KeyvRedis(redisUrl))) }),
});
