/**
 * `vitrine serve` with several workers, as their parent runs it: what is there once for all of them.
 *
 * It knows nothing of what a gateway is made of, and so is small and soon there; each worker runs `main.ts`.
 */
import { readConfig } from '../config.ts';
import { openLogOutput, startTelemetry } from '../telemetry/index.ts';
import { announce } from './announce.ts';
import { onCrash } from './crash.ts';
import { chooseUpstream } from './embedded.ts';
import { type Closable, onShutdown } from './shutdown.ts';
import { startWorkers } from './workers.ts';

/** @throws {ConfigError} Naming every mistake in the settings. */
export async function serveByWorkers(environment: NodeJS.ProcessEnv): Promise<void> {
  const config = readConfig(environment);
  const output = openLogOutput(config.log.format);
  const { log } = startTelemetry(config.log, output);
  const parts: Closable[] = [];
  onCrash(log);
  onShutdown(parts, log);
  const upstream = await chooseUpstream(config);
  const workers = await startWorkers({ config, upstreamUrl: upstream.url, log, output });

  parts.push(workers, upstream);
  announce({ config, environment, gateway: workers, upstreamUrl: upstream.url, log });
}
