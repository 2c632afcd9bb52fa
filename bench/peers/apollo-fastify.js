/** Apollo Server on Fastify, without a cache of answers. */
import { serveByApollo } from './support/apollo-on-fastify.js';

await serveByApollo();
