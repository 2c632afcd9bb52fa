/** What is running, where, with which settings, and a first query to try, where any may be asked. */
import { type Config, givenSettings } from '../config.ts';
import type { Gateway } from '../gateway.ts';
import type { Logger } from '../telemetry/index.ts';

type Announcement = {
  config: Config;
  environment: NodeJS.ProcessEnv;
  gateway: Pick<Gateway, 'url' | 'adminUrl'>;
  upstreamUrl: URL;
  log: Logger;
};

const firstQuery =
  '{ catalogs(first: 2, filter: {status: [LIVE]}) { totalCount nodes { title status startDate seller { name } } } }';

/** For people a page, for log collectors a line. */
export function announce(announcement: Announcement): void {
  const { config, environment, gateway, upstreamUrl, log } = announcement;
  const embedded = config.upstream.url === undefined;
  const settings = givenSettings(environment);
  if (embedded && config.production) {
    log.warn({ event: 'gateway.demo' }, 'UPSTREAM_URL is not set: this serves made-up catalogues');
  }
  if (config.log.format === 'json') {
    const { url, adminUrl } = gateway;
    log.info({ event: 'gateway.started', url, adminUrl, workers: config.workers, embedded, settings }, 'listening');
    return;
  }
  const url = gateway.url.replace('127.0.0.1', 'localhost');
  const upstream = upstreamUrl.origin + upstreamUrl.pathname.replace(/\/+$/, '');
  const rows = [
    ['GraphQL', `${url}/graphql   (in a browser: Apollo Sandbox)`],
    ['Upstream', embedded ? `${upstream}   (embedded; set UPSTREAM_URL for yours)` : upstream],
    ...(config.trustedDocuments ? [['Documents', `only those of ${config.trustedDocuments}`]] : []),
    ['Cache', config.redis ? `Redis at ${config.redis.url.host}` : 'this process   (set REDIS_URL to share it)'],
    ...(config.workers > 1 ? [['Workers', `${config.workers} processes, under ${process.pid}`]] : []),
    ['Health', `${url}/readyz`],
    ['Metrics', `${gateway.adminUrl.replace('127.0.0.1', 'localhost')}/metrics`],
    ['Settings', shownSettings(settings)],
  ];
  const first = config.trustedDocuments ? [] : ['A first query:', '', `  ${asCurl(url, firstQuery)}`, ''];
  console.log(
    [
      '',
      'Vitrine is listening.',
      '',
      ...rows.map(([name = '', value]) => `  ${name.padEnd(10)}${value}`),
      '',
      ...first,
    ].join('\n'),
  );
}

function asCurl(url: string, query: string): string {
  return `curl -s ${url}/graphql -H 'content-type: application/json' -d '${JSON.stringify({ query })}'`;
}

function shownSettings(settings: Record<string, string>): string {
  const given = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  return given.length === 0 ? 'all defaults   (npm start -- --help lists them)' : given.join(' ');
}
