/** The gateway over auction catalogues: what exists, and in what order it is born and dies. */
import { catalogs } from './catalog/catalogs.ts';
import { sellers } from './catalog/sellers.ts';
import { announce } from './cli/announce.ts';
import { onCrash } from './cli/crash.ts';
import { openEmbeddedUpstream } from './cli/embedded.ts';
import { type Closable, onShutdown } from './cli/shutdown.ts';
import { readConfig } from './config.ts';
import { startGateway } from './gateway.ts';
import { buildSchema, loadTypeDefs } from './graphql/index.ts';
import { resolvers } from './graphql/resolvers/index.ts';
import { startTelemetry } from './telemetry/index.ts';

/** @throws {ConfigError} Naming every mistake in the settings. */
export async function serve(environment: NodeJS.ProcessEnv): Promise<void> {
  const config = readConfig(environment);
  const telemetry = startTelemetry(config.log);
  const parts: Closable[] = [];
  onCrash(telemetry.log);
  onShutdown(parts, telemetry.log);
  telemetry.metrics.collectProcessMetrics();
  const schema = buildSchema({ typeDefs: loadTypeDefs(config.schemaDir), resolvers });
  const embedded = config.upstream.url ? undefined : await openEmbeddedUpstream(config);
  const upstreamUrl = config.upstream.url ?? new URL(embedded?.url ?? '');
  const gateway = await startGateway({ config, telemetry, upstreamUrl, schema, definitions: [catalogs, sellers] });

  parts.push(gateway, ...(embedded ? [embedded] : []));
  announce({ config, environment, gateway, upstreamUrl, log: telemetry.log });
}
