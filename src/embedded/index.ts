/**
 * The embedded upstream: a REST catalogue on loopback, for `npm start` without settings, demos and tests. It serves
 * what `docs/upstream.openapi.yaml` states, and misbehaves when told to.
 */

export type { CatalogRow, Collections, SellerRow } from './catalogue.ts';
export { makeCatalogue } from './catalogue.ts';
export type { Row } from './collections.ts';
export type { FaultSettings, Faults } from './faults.ts';
export { FaultError, faultNames } from './faults.ts';
export type { Hold } from './holds.ts';
export type { Style } from './pages.ts';
export type { RequestLog } from './requests.ts';
export type { EmbeddedUpstream, EmbeddedUpstreamOptions } from './server.ts';
export { startEmbeddedUpstream } from './server.ts';
