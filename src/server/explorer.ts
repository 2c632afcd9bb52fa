/** What a person sees in a browser: Apollo Sandbox while the schema may be asked for, and the schema as text. */
import type { ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginLandingPageLocalDefault,
  ApolloServerPluginLandingPageProductionDefault,
} from '@apollo/server/plugin/landingPage/default';
import type { FastifyInstance } from 'fastify';
import { type GraphQLSchema, printSchema } from 'graphql';
import { sendProblem } from './problems.ts';

/** Where Sandbox runs when it is not embedded in our own page. */
export const sandboxOrigins = ['https://studio.apollographql.com', 'https://sandbox.embed.apollographql.com'];

const pages = 'https://apollo-server-landing-page.cdn.apollographql.com';
const sandbox = 'https://embeddable-sandbox.cdn.apollographql.com';

/**
 * What Apollo's page loads. It brings a policy of its own in a `<meta>`, which holds inline code to a nonce; a browser
 * enforces both, so `unsafe-inline` here opens nothing.
 */
export const explorerPolicy = Object.entries({
  'default-src': "'none'",
  'script-src': `'unsafe-inline' ${pages} ${sandbox}`,
  'style-src': `'unsafe-inline' ${pages} ${sandbox} https://fonts.googleapis.com`,
  'font-src': 'https://fonts.gstatic.com',
  'img-src': pages,
  'manifest-src': pages,
  'frame-src': 'https://sandbox.embed.apollographql.com',
  'connect-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
})
  .map(([directive, sources]) => `${directive} ${sources}`)
  .join('; ');

export function landingPage(introspection: boolean): ApolloServerPlugin {
  return introspection
    ? ApolloServerPluginLandingPageLocalDefault({ embed: true, footer: false })
    : ApolloServerPluginLandingPageProductionDefault({ footer: false });
}

export function serveExplorer(
  app: FastifyInstance,
  { schema, introspection }: { schema: GraphQLSchema; introspection: boolean },
): void {
  const text = introspection ? printSchema(schema) : undefined;

  app.get('/', (request, reply) =>
    request.headers.accept?.includes('text/html') ? reply.redirect('/graphql') : reply.callNotFound(),
  );
  app.get('/schema.graphql', (_request, reply) =>
    text === undefined
      ? sendProblem(reply, { status: 404, detail: 'The schema may not be asked for here.' })
      : reply.type('text/plain; charset=utf-8').send(text),
  );
}
