/**
 * The embedded upstream: a REST catalogue on loopback, for `npm start` without settings, demos and tests. It serves
 * what `docs/upstream.openapi.yaml` states, and misbehaves when told to.
 */

export type { CatalogRow } from './catalogue.ts';
export { makeCatalogue } from './catalogue.ts';
export type { Row } from './collections.ts';
export { FaultError, faultNames } from './faults.ts';
export type { Style } from './pages.ts';
export type { EmbeddedUpstream, EmbeddedUpstreamOptions } from './server.ts';
export { startEmbeddedUpstream } from './server.ts';
