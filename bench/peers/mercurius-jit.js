/** Mercurius, with what is asked again compiled. @see https://mercurius.dev/#/docs/api/options?id=plugin-options */
import { serveByMercurius } from './support/mercurius-on-fastify.js';

await serveByMercurius({ jit: 1 });
