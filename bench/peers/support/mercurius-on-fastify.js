/** Mercurius. @see https://mercurius.dev */
import { fastify } from 'fastify';
import mercurius from 'mercurius';
import { contextOf, listening, schema } from './served.js';

/** @param prepare - Registers what goes on top of it. */
export async function serveByMercurius(options, prepare = async () => {}) {
  const app = fastify();
  await app.register(mercurius, { schema, context: contextOf, ...options });
  await prepare(app);
  listening(`${await app.listen({ port: 0, host: '127.0.0.1' })}/graphql`);
}
