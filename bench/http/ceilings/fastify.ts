/** Fastify that reads the body of a POST as bytes, and answers the same whatever they are: with the headers of Vitrine. */
import { fastify } from 'fastify';
import { body, headers } from './fixed.ts';

const app = fastify();
app.removeContentTypeParser('application/json');
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, bytes, done) => done(null, bytes));
app.post('/graphql', (_request, reply) => {
  void reply.headers(headers).send(body);
});
console.log(`listening: ${await app.listen({ port: 0, host: '127.0.0.1' })}`);
