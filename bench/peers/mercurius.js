/** Mercurius as it comes. */
import { serveByMercurius } from './support/mercurius-on-fastify.js';

await serveByMercurius({});
