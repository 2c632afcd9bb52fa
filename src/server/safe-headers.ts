/** The headers of every answer that keep browsers from doing with it what it is not for. */
import helmet from '@fastify/helmet';
import { fastify } from 'fastify';

/** Nothing but the explorer is a page, so nothing may be loaded. */
const strictPolicy = {
  useDefaults: false,
  directives: { 'default-src': ["'none'"], 'base-uri': ["'none'"], 'frame-ancestors': ["'none'"] },
};

/** The same on every answer, so made once. */
export async function safeHeaders(): Promise<Readonly<Record<string, string>>> {
  const app = fastify();
  await app.register(helmet, { contentSecurityPolicy: strictPolicy });
  app.get('/', (_request, reply) => reply.send(reply.getHeaders()));
  return (await app.inject('/')).json<Record<string, string>>();
}
