import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { ConfigError, givenSettings, listSettings, readConfig } from '../src/config.ts';

const dir = mkdtempSync(join(tmpdir(), 'vitrine-config-'));
const caFile = join(dir, 'ca.pem');
writeFileSync(caFile, '');
afterAll(() => rmSync(dir, { recursive: true }));

/** The mistakes that are named, none when the settings are taken. */
function mistakesIn(environment: Record<string, string | undefined>): readonly string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
}

/** Every name, and its default as it is shown. */
const defaults = {
  NODE_ENV: 'development',
  PORT: '4000',
  HOST: '127.0.0.1; 0.0.0.0 in production',
  ADMIN_PORT: 'the main port',
  UPSTREAM_URL: 'an embedded upstream',
  UPSTREAM_PAGINATION: 'page',
  UPSTREAM_TOKEN: 'unset',
  UPSTREAM_PAGE_SIZE: '500',
  UPSTREAM_CONCURRENCY: '4',
  UPSTREAM_IDS_LIMIT: '100',
  UPSTREAM_TIMEOUT_MS: '5000',
  UPSTREAM_RETRIES: '2',
  UPSTREAM_ORDER: 'unset',
  UPSTREAM_SETTLE_MS: '1000',
  UPSTREAM_INVALID_ITEMS: 'fail',
  REDIS_URL: 'an in-process store',
  REDIS_MODE: 'single',
  REDIS_SENTINELS: 'unset',
  REDIS_CA_FILE: 'unset',
  REDIS_CONNECT_TIMEOUT_MS: '2000',
  REDIS_TIMEOUT_MS: '250',
  REDIS_WAIT_REPLICAS: '0',
  CACHE_PREFIX: 'vitrine',
  COHERENCE_MS: '1000',
  LEASE_MS: '2000',
  CACHE_HORIZON_MS: '600000',
  MEMORY_MAX_MB: '256',
  RESPONSE_CACHE: 'on',
  REQUEST_TIMEOUT_MS: '10000',
  WEBHOOK_SECRET: 'unset',
  ADMIN_TOKEN: 'unset',
  CORS_ORIGINS: 'none',
  INTROSPECTION: 'on; off in production',
  TRUSTED_DOCUMENTS: 'unset',
  SCHEMA_DIR: 'schema',
  WORKERS: '1',
  LOG_LEVEL: 'info',
  LOG_FORMAT: 'pretty; json in production',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'unset',
};

const names = Object.keys(defaults);

const configOfNothing = {
  production: false,
  host: '127.0.0.1',
  port: 4000,
  adminPort: undefined,
  upstream: {
    url: undefined,
    pagination: 'page',
    token: undefined,
    pageSize: 500,
    concurrency: 4,
    idsLimit: 100,
    timeoutMs: 5_000,
    retries: 2,
    order: undefined,
    settleMs: 1_000,
    invalidItems: { mode: 'fail' },
  },
  redis: undefined,
  cache: {
    prefix: 'vitrine',
    coherenceMs: 1_000,
    leaseMs: 2_000,
    horizonMs: 600_000,
    memoryMaxBytes: 256 * 1024 * 1024,
  },
  requestTimeoutMs: 10_000,
  responseCache: true,
  adminToken: undefined,
  corsOrigins: [],
  introspection: true,
  schemaDir: join(import.meta.dirname, '../schema'),
  workers: 1,
  log: { level: 'info', format: 'pretty' },
};

describe('settings that are not given', () => {
  test('have the defaults of the list', () => {
    expect(readConfig({})).toEqual(configOfNothing);
  });

  test('are listed, every one, with these defaults', () => {
    expect(Object.fromEntries(listSettings().map((setting) => [setting.name, setting.default]))).toEqual(defaults);
  });

  test('may be empty', () => {
    const empty = Object.fromEntries(names.map((name) => [name, '']));
    expect(readConfig(empty)).toEqual(configOfNothing);
    expect(givenSettings(empty)).toEqual({});
  });

  test('and unknown ones beside them are no concern of ours', () => {
    expect(readConfig({ PATH: '/usr/bin', PORTS: 'many' })).toEqual(configOfNothing);
    expect(givenSettings({ PATH: '/usr/bin', PORTS: 'many' })).toEqual({});
  });

  test('are stricter in production', () => {
    const { production, host, introspection, log } = readConfig({ NODE_ENV: 'production' });
    expect({ production, host, introspection, format: log.format }).toEqual({
      production: true,
      host: '0.0.0.0',
      introspection: false,
      format: 'json',
    });
  });
});

describe('settings that are given', () => {
  test('outdo the defaults of production', () => {
    const given = { NODE_ENV: 'production', HOST: '::1', INTROSPECTION: 'on', LOG_FORMAT: 'pretty' };
    const { host, introspection, log } = readConfig(given);
    expect({ host, introspection, format: log.format }).toEqual({
      host: '::1',
      introspection: true,
      format: 'pretty',
    });
  });

  test('come out typed and grouped', () => {
    const given = {
      PORT: '0',
      ADMIN_PORT: '9000',
      UPSTREAM_URL: 'https://api.example/v2?key=1',
      UPSTREAM_PAGINATION: 'link-header',
      UPSTREAM_TOKEN: 'any~visible:text!',
      UPSTREAM_RETRIES: '0',
      UPSTREAM_INVALID_ITEMS: 'quarantine:10',
      REDIS_URL: 'rediss://user:p%40ss@redis.example:6380/2',
      REDIS_CA_FILE: caFile,
      REDIS_WAIT_REPLICAS: '2',
      MEMORY_MAX_MB: '1',
      WORKERS: '64',
      ADMIN_TOKEN: '0123456789abcdef',
      CORS_ORIGINS: 'https://a.example, http://localhost:3000',
      INTROSPECTION: 'off',
      TRUSTED_DOCUMENTS: caFile,
      SCHEMA_DIR: dir,
      LOG_LEVEL: 'silent',
    };
    expect(readConfig(given)).toMatchObject({
      port: 0,
      adminPort: 9_000,
      upstream: {
        url: new URL('https://api.example/v2?key=1'),
        pagination: 'link-header',
        token: 'any~visible:text!',
        retries: 0,
        invalidItems: { mode: 'quarantine', max: 10 },
      },
      redis: {
        url: new URL('rediss://user:p%40ss@redis.example:6380/2'),
        mode: 'single',
        sentinels: [],
        waitReplicas: 2,
        caFile,
        timeoutMs: 250,
      },
      cache: { memoryMaxBytes: 1024 * 1024 },
      adminToken: '0123456789abcdef',
      corsOrigins: ['https://a.example', 'http://localhost:3000'],
      introspection: false,
      trustedDocuments: caFile,
      schemaDir: dir,
      workers: 64,
      log: { level: 'silent', format: 'pretty' },
    });
  });
});

describe('topologies of Redis', () => {
  const sentinel = { REDIS_MODE: 'sentinel', REDIS_SENTINELS: 'a:26379' };

  test('a cluster is known by one of its nodes', () => {
    for (const url of ['redis://node.example:7000', 'rediss://user:pass@node.example/', 'redis://node.example/0']) {
      expect(readConfig({ REDIS_MODE: 'cluster', REDIS_URL: url }).redis).toMatchObject({ mode: 'cluster' });
    }
  });

  test('sentinels know where the group of REDIS_URL is; each has a user of its own, or none', () => {
    const list = 'a, b:5000 ,user:p%40ss@c:26379,:pass@[::1]:26380';
    const { redis } = readConfig({ ...sentinel, REDIS_URL: 'redis://My_group.1', REDIS_SENTINELS: list });
    expect(redis).toMatchObject({ mode: 'sentinel', url: { hostname: 'My_group.1' } });
    expect(
      redis?.sentinels.map(({ hostname, port, username, password }) => [hostname, port, username, password]),
    ).toEqual([
      ['a', '', '', ''],
      ['b', '5000', '', ''],
      ['c', '26379', 'user', 'p%40ss'],
      ['[::1]', '26380', '', 'pass'],
    ]);
  });

  const group =
    'expected the name of the master group as host, and no port, with REDIS_MODE=sentinel: the sentinels know where it is';
  const database = 'expected no number of a database with REDIS_MODE=cluster: a cluster has but one';
  test.each<[mistake: string, given: Record<string, string>]>([
    ['REDIS_MODE: needs a REDIS_URL (got "cluster")', { REDIS_MODE: 'cluster' }],
    ['REDIS_MODE: needs a REDIS_URL (got "sentinel")', sentinel],
    ['REDIS_MODE: needs REDIS_SENTINELS (got "sentinel")', { REDIS_MODE: 'sentinel', REDIS_URL: 'redis://group' }],
    ['REDIS_SENTINELS: needs REDIS_MODE=sentinel (got "a:1")', { REDIS_URL: 'redis://a', REDIS_SENTINELS: 'a:1' }],
    ['REDIS_WAIT_REPLICAS: needs a REDIS_URL (got "1")', { REDIS_WAIT_REPLICAS: '1' }],
    [`REDIS_URL: ${database} (got "redis://a/2")`, { REDIS_MODE: 'cluster', REDIS_URL: 'redis://a/2' }],
    [`REDIS_URL: ${group} (got "redis://group:6379")`, { ...sentinel, REDIS_URL: 'redis://group:6379' }],
    [`REDIS_URL: ${group} (got "redis://a~b")`, { ...sentinel, REDIS_URL: 'redis://a~b' }],
  ])('%s', (mistake, given) => expect(mistakesIn(given)).toEqual([mistake]));
});

const wholeNumber = (min: number, max: number) => `expected a whole number from ${min} to ${max}`;
const origins = 'expected origins such as https://shop.example, without a path, parted by commas';

describe('a mistake is named with what was expected and what came', () => {
  test.each([
    ['PORT', '65536', wholeNumber(0, 65_535)],
    ['PORT', '-1', wholeNumber(0, 65_535)],
    ['PORT', '80.5', wholeNumber(0, 65_535)],
    ['PORT', '1e3', wholeNumber(0, 65_535)],
    ['PORT', '0x50', wholeNumber(0, 65_535)],
    ['PORT', '80 ', wholeNumber(0, 65_535)],
    ['PORT', ' ', wholeNumber(0, 65_535)],
    ['ADMIN_PORT', '\t', wholeNumber(0, 65_535)],
    ['UPSTREAM_RETRIES', ' ', wholeNumber(0, 10)],
    ['UPSTREAM_PAGE_SIZE', '0', wholeNumber(1, 10_000)],
    ['UPSTREAM_TIMEOUT_MS', '5s', wholeNumber(1, 600_000)],
    ['MEMORY_MAX_MB', '99999999999999999999', wholeNumber(1, 1_048_576)],
    ['WORKERS', '0', wholeNumber(1, 64)],
    ['WORKERS', '65', wholeNumber(1, 64)],
    ['WORKERS', 'auto', wholeNumber(1, 64)],
    ['UPSTREAM_URL', 'api.example', 'expected a URL that begins with http:// or https://'],
    ['UPSTREAM_URL', 'redis://api.example', 'expected a URL that begins with http:// or https://'],
    ['REDIS_URL', 'redis.example:6379', 'expected a URL that begins with redis:// or rediss://'],
    ['REDIS_URL', 'redis:6379', 'expected a URL that begins with redis:// or rediss://'],
    ['REDIS_URL', 'redis://redis.example/db', 'expected no path but the number of a database'],
    ['REDIS_MODE', 'ring', 'expected one of single, cluster, sentinel'],
    ['REDIS_WAIT_REPLICAS', '11', wholeNumber(0, 10)],
    ['UPSTREAM_PAGINATION', 'pages', 'expected one of page, next-link, link-header, cursor'],
    ['UPSTREAM_INVALID_ITEMS', 'quarantine:0', 'expected fail or quarantine:<n>, n from 1'],
    ['REDIS_CA_FILE', '/nowhere/ca.pem', 'no such file'],
    ['REDIS_CA_FILE', dir, 'no such file'],
    ['TRUSTED_DOCUMENTS', '/nowhere/manifest.json', 'no such file'],
    ['TRUSTED_DOCUMENTS', dir, 'no such file'],
    ['SCHEMA_DIR', '/nowhere', 'no such folder'],
    ['SCHEMA_DIR', caFile, 'no such folder'],
    ['SCHEMA_DIR', 'a\0b', 'no such folder'],
    ['CACHE_PREFIX', 'a:b', 'expected 1 to 64 letters, digits, dots, dashes or underscores'],
    ['CORS_ORIGINS', '*', origins],
    ['CORS_ORIGINS', 'https://a.example/', origins],
    ['CORS_ORIGINS', 'https://a.example,', origins],
    ['INTROSPECTION', 'yes', 'expected one of on, off'],
    ['LOG_LEVEL', 'loud', 'expected one of fatal, error, warn, info, debug, trace, silent'],
    ['LOG_FORMAT', 'xml', 'expected one of json, pretty'],
    ['RESPONSE_CACHE', 'maybe', 'expected one of on, off'],
  ])('%s=%j', (name, value, expected) => {
    const rediss = name === 'REDIS_CA_FILE' ? { REDIS_URL: 'rediss://redis.example' } : {};
    expect(mistakesIn({ ...rediss, [name]: value })).toEqual([`${name}: ${expected} (got ${JSON.stringify(value)})`]);
  });

  test.each(['a:b', 'a,', 'a/b', 'a?b', ',', 'a:99999', ':s3cret%@a', 'a,a', 'a,b,a:26379', 'u:p@a:1,a:1'])(
    'REDIS_SENTINELS=%j',
    (value) => {
      const mistakes = mistakesIn({ REDIS_MODE: 'sentinel', REDIS_URL: 'redis://group', REDIS_SENTINELS: value });
      expect(mistakes[0]).toContain('REDIS_SENTINELS: expected host:port of each sentinel, once, parted by commas');
    },
  );

  test('beside all the others, in one message', () => {
    const given = { PORT: 'x', LOG_LEVEL: 'y', UPSTREAM_URL: 'z', SCHEMA_DIR: '/nowhere' };
    const mistakes = mistakesIn(given);
    expect(mistakes.map((line) => line.split(':')[0])).toEqual(['PORT', 'UPSTREAM_URL', 'SCHEMA_DIR', 'LOG_LEVEL']);
    expect(new ConfigError(mistakes).message).toBe(`4 mistakes in the settings:\n  ${mistakes.join('\n  ')}`);
  });

  test.each([undefined, 'redis://redis.example'])('REDIS_CA_FILE with REDIS_URL=%s', (url) => {
    expect(mistakesIn({ REDIS_CA_FILE: caFile, REDIS_URL: url, PORT: 'x' })).toEqual([
      expect.stringMatching(/^PORT: /),
      `REDIS_CA_FILE: needs a REDIS_URL that begins with rediss:// (got ${JSON.stringify(caFile)})`,
    ]);
  });
});

describe('WORKERS above 1', () => {
  test('is a mistake without REDIS_URL, which says why', () => {
    expect(mistakesIn({ WORKERS: '2' })).toEqual([
      'WORKERS: above 1 needs a REDIS_URL: without Redis no process learns of changes made known to another (got "2")',
    ]);
  });

  test.each(['redis://redis.example', 'nowhere'])('is none with REDIS_URL=%s, whatever else is wrong', (url) => {
    const names = mistakesIn({ WORKERS: '2', REDIS_URL: url, PORT: 'x' }).map((line) => line.split(':')[0]);
    expect(names).not.toContain('WORKERS');
  });
});

describe('a setting of a later release', () => {
  test('is a mistake', () => {
    expect(mistakesIn({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel:4318' })).toEqual([
      'OTEL_EXPORTER_OTLP_ENDPOINT: not in this release yet; leave it unset (got "http://otel:4318")',
    ]);
  });
});

describe('no secret is ever printed', () => {
  /** What is printed of settings: mistakes, and those given. */
  const printed = (environment: Record<string, string>) =>
    [...mistakesIn(environment), JSON.stringify(givenSettings(environment))].join('\n');

  test.each([
    ['REDIS_URL', 'redis://user:s3cret@redis.example:6379/0', 'redis://***@redis.example:6379/0'],
    ['REDIS_URL', 'redis://:s3cret@redis.example', 'redis://***@redis.example'],
    ['REDIS_URL', 'rediss://user:p%40s3cret%2F@redis.example', 'rediss://***@redis.example'],
    ['REDIS_URL', 'redis://user:p@s3cret@redis.example', 'redis://***@redis.example'],
    ['REDIS_URL', 'redis://user:1/s3cret@redis.example', '***'],
    ['REDIS_URL', 'redis://user:s3cret/1@redis.example', '***'],
    ['REDIS_URL', 'redis://user:1#s3cret@redis.example', '***'],
    ['REDIS_URL', 'redis://user:%s3cret@redis.example', 'redis://***@redis.example'],
    ['REDIS_URL', 'redis:user:s3cret@redis.example', '***'],
    ['REDIS_URL', 'user:s3cret@redis.example', '***'],
    ['UPSTREAM_URL', 'https://user:s3cret@api.example/v2', 'https://***@api.example/v2'],
    ['UPSTREAM_URL', 'https://s3cret@api.example/', 'https://***@api.example/'],
    ['UPSTREAM_URL', 'https://api.example/?key=s3cret', 'https://api.example/?***'],
    ['UPSTREAM_URL', 'https://api.example/?key=1@s3cret', '***'],
    ['CORS_ORIGINS', 'https://user:s3cret@shop.example', 'https://***@shop.example/'],
    ['REDIS_SENTINELS', 'user:s3cret@a:26379', '***'],
    ['REDIS_SENTINELS', 'a:26379,user:s3cret@b:26379', '***'],
    ['REDIS_SENTINELS', 'a:26379,b:26379', 'a:26379,b:26379'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'https://user:s3cret@otel.example', 'https://***@otel.example/'],
    ['UPSTREAM_TOKEN', 's3cret', '***'],
    ['UPSTREAM_TOKEN', 's3cret with spaces', '***'],
    ['UPSTREAM_TOKEN', 's3cret\n', '***'],
    ['ADMIN_TOKEN', 's3cret', '***'],
    ['ADMIN_TOKEN', 's3cret-long-enough-of-it', '***'],
    ['WEBHOOK_SECRET', 'whsec_s3cret', '***'],
  ])('%s=%s is shown as %s', (name, value, shown) => {
    expect(givenSettings({ [name]: value })).toEqual({ [name]: shown });
    expect(printed({ [name]: value })).not.toContain('s3cret');
  });

  test.each(['UPSTREAM_URL', 'REDIS_URL', 'REDIS_SENTINELS', 'CORS_ORIGINS', 'OTEL_EXPORTER_OTLP_ENDPOINT'])(
    '%s: whatever signs the password has',
    (name) => {
      const signs = fc.string({ unit: fc.constantFrom(...'/@:?#[]%\\ 1a') });
      const scheme = fc.constantFrom('redis://', 'rediss://', 'https://', 'http://', 'redis:', '//', '');
      fc.assert(
        fc.property(scheme, signs, signs, (scheme, before, after) => {
          const value = `${scheme}user:${before}s3cret${after}@host.example`;
          expect(printed({ [name]: value })).not.toContain('s3cret');
        }),
        { seed: 4, numRuns: 2_000 },
      );
    },
  );

  test('user and password in UPSTREAM_URL are a mistake, as they would not be sent', () => {
    expect(mistakesIn({ UPSTREAM_URL: 'https://user:word@api.example' })).toEqual([
      'UPSTREAM_URL: expected no user and no password: what is sent to the API is UPSTREAM_TOKEN (got "https://***@api.example/")',
    ]);
  });

  test('what hides nothing is shown as it is', () => {
    const given = {
      PORT: '80',
      UPSTREAM_URL: 'https://api.example/v2',
      SCHEMA_DIR: `${dir}/a@b?c`,
      UPSTREAM_ORDER: 'id',
    };
    expect(givenSettings(given)).toEqual(given);
  });
});

test('any environment is either taken or refused by a ConfigError', () => {
  const typical = ['', ' ', '0', '1', '4000', 'on', 'page', 'fail', 'json', 'a\0b', '/', dir, caFile, 'redis://h', '%'];
  const value = fc.oneof(fc.constantFrom(...typical), fc.string(), fc.webUrl(), fc.string({ unit: 'binary' }));
  const environment = fc.dictionary(
    fc.constantFrom(...names, '__proto__', 'constructor'),
    fc.option(value, { nil: undefined }),
  );
  fc.assert(
    fc.property(environment, (given) => {
      for (const line of mistakesIn(given)) expect(names).toContain(line.split(':')[0]);
      for (const [name, shown] of Object.entries(givenSettings(given)))
        expect([name, typeof shown]).toEqual([name, 'string']);
    }),
    { seed: 1, numRuns: 2_000 },
  );
});

test('docs/settings.md is the list, no more and no less', async () => {
  await expect(settingsPage()).toMatchFileSnapshot('../docs/settings.md');
});

function settingsPage(): string {
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
  const rows = listSettings().map((row) => `| \`${row.name}\` | ${cell(row.default)} | ${cell(row.about)} |`);
  return `# Settings

All come from the environment. They are validated at start: one message names every mistake, and the exit code is 1. An empty value counts as unset. \`npm start -- --help\` prints this list; the start banner says which ones were given, with secrets masked.

What says *Not yet* belongs to a later release: any value but its default is a mistake, so that nothing is silently ignored.

| Name | Default | What it is |
|---|---|---|
${rows.join('\n')}
`;
}
