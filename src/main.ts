/** The gateway over auction catalogues: what exists, and in what order it is born and dies. */
import { catalogs } from './catalog/catalogs.ts';
import { sellers } from './catalog/sellers.ts';
import { announce } from './cli/announce.ts';
import { onCrash } from './cli/crash.ts';
import { chooseUpstream } from './cli/embedded.ts';
import { makeAllYoung } from './cli/heap.ts';
import { type Closable, onShutdown } from './cli/shutdown.ts';
import { Parent } from './cli/worker.ts';
import { readConfig } from './config.ts';
import { type Gateway, type GatewayOptions, startGateway } from './gateway.ts';
import { buildSchema, loadTypeDefs } from './graphql/index.ts';
import { resolvers } from './graphql/resolvers/index.ts';
import { startTelemetry } from './telemetry/index.ts';

/** In this process alone. @throws {ConfigError} Naming every mistake in the settings. */
export async function serve(environment: NodeJS.ProcessEnv): Promise<void> {
  const config = readConfig(environment);
  const telemetry = startTelemetry(config.log);
  const parts: Closable[] = [];
  onCrash(telemetry.log);
  onShutdown(parts, telemetry.log);
  const upstream = await chooseUpstream(config);
  const gateway = await openGateway({ config, telemetry, upstreamUrl: upstream.url });

  parts.push(gateway, upstream);
  announce({ config, environment, gateway, upstreamUrl: upstream.url, log: telemetry.log });
}

/** In one of several workers: its parent has checked the settings, names the upstream, and says when to end. */
export async function serveAsWorker(environment: NodeJS.ProcessEnv): Promise<void> {
  const config = readConfig(environment);
  const { log, metrics } = startTelemetry(config.log);
  const telemetry = { log: log.child({ pid: process.pid }), metrics };
  const parts: Closable[] = [];
  onCrash(telemetry.log);
  const parent = new Parent(parts, telemetry);
  const upstream = await chooseUpstream(config);
  const { metricsPage } = parent;
  const gateway = await openGateway({ config, telemetry, upstreamUrl: upstream.url, metricsPage });

  parts.push(gateway, upstream);
  parent.listening(gateway);
}

function openGateway(options: Omit<GatewayOptions, 'schema' | 'definitions'>): Promise<Gateway> {
  makeAllYoung();
  options.telemetry.metrics.collectProcessMetrics();
  const schema = buildSchema({ typeDefs: loadTypeDefs(options.config.schemaDir), resolvers });
  return startGateway({ ...options, schema, definitions: [catalogs, sellers] });
}
