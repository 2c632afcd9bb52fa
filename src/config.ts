/**
 * Settings: read once from the environment, validated whole, frozen.
 *
 * `settings` is the one list; parsing, `--help`, the start banner and the table in `docs/settings.md` are made of it.
 */
import { existsSync, type Stats, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** How the upstream cuts its collections into pages. */
export const paginationStyles = ['page', 'next-link', 'link-header', 'cursor'] as const;
export type PaginationStyle = (typeof paginationStyles)[number];

/** What to do with a row that does not decode: fail the drain, or leave out up to `max` rows. */
export type InvalidItems = { mode: 'fail' } | { mode: 'quarantine'; max: number };

/** What of a value is never printed: all of it, or what an address carries besides the place. */
type Hidden = 'value' | 'credentials';

/** `shown` is the default as a person reads it, where the schema does not tell. */
type Setting<S extends z.ZodType = z.ZodType> = { schema: S; about: string; shown?: string; hides?: Hidden };

const setting = <S extends z.ZodType>(
  schema: S,
  about: string,
  more: { shown?: string; hides?: Hidden } = {},
): Setting<S> => ({ schema, about, ...more });

const integer = (min: number, max: number) => {
  const error = `expected a whole number from ${min} to ${max}`;
  // Digits alone: Number() would also take " ", "1e3" and "0x10".
  return z
    .string()
    .regex(/^\d{1,15}$/, { error })
    .transform(Number)
    .pipe(z.number().min(min, { error }).max(max, { error }));
};

const port = integer(0, 65_535);
const ms = integer(1, 600_000);

const choice = <const T extends readonly [string, ...string[]]>(...values: T) =>
  z.enum(values, { error: `expected one of ${values.join(', ')}` });

const url = (...schemes: string[]) =>
  z.string().transform((text, context) => {
    const parsed = URL.parse(text);
    if (parsed !== null && parsed.host !== '' && schemes.includes(parsed.protocol)) return parsed;
    context.addIssue(`expected a URL that begins with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`);
    return z.NEVER;
  });

const upstreamUrl = url('http:', 'https:').refine(({ username, password }) => username === '' && password === '', {
  error: 'expected no user and no password: what is sent to the API is UPSTREAM_TOKEN',
});

const redisUrl = url('redis:', 'rediss:')
  .refine(({ pathname }) => /^(\/\d*)?$/.test(pathname), { error: 'expected no path but the number of a database' })
  .refine(({ username, password }) => isPercentEncoded(username + password), {
    error: 'expected user and password percent-encoded',
  });

/** `user:password@host:port`, where all but the host may be left out. Who is named twice would count twice. */
const sentinels = z.string().transform((text, context) => {
  const parts = text.split(',');
  const all = parts.map((part) => URL.parse(`redis://${part.trim()}`)).filter((url) => url !== null);
  const places = new Set(all.filter(isSentinel).map(({ host }) => host.replace(/:26379$/, '')));
  if (places.size === parts.length) return all;
  context.addIssue('expected host:port of each sentinel, once, parted by commas');
  return z.NEVER;
});

const path = (kind: 'file' | 'folder') =>
  z.string().refine((text) => isThere(text, (found) => (kind === 'file' ? found.isFile() : found.isDirectory())), {
    error: `no such ${kind}`,
  });

const origins = z.string().transform((text, context) => {
  const list = text.split(',').map((part) => part.trim());
  for (const origin of list) {
    if (URL.parse(origin)?.origin === origin) continue;
    context.addIssue('expected origins such as https://shop.example, without a path, parted by commas');
    return z.NEVER;
  }
  return list;
});

const invalidItems = z
  .string()
  .regex(/^(fail|quarantine:[1-9]\d{0,5})$/, { error: 'expected fail or quarantine:<n>, n from 1' })
  .transform(
    (text): InvalidItems =>
      text === 'fail' ? { mode: 'fail' } : { mode: 'quarantine', max: Number(text.split(':')[1]) },
  )
  .default({ mode: 'fail' });

/** What can stand in a header (RFC 9110, section 5.5), and has no space that came along by mistake. */
const upstreamToken = z.string().regex(/^[\x21-\x7e]+$/, { error: 'expected visible ASCII characters, no spaces' });

/** What can be sent as a bearer token (RFC 6750, section 2.1), and is long enough not to be guessed. */
const adminToken = z
  .string()
  .regex(/^[A-Za-z0-9._~+/-]{16,}=*$/, { error: 'expected at least 16 letters, digits or characters of ._~+/-' });

/** Standard Webhooks: 24 to 64 bytes in base64. */
const webhookSecret = z.string().refine(isWebhookSecret, { error: 'expected whsec_ and 24 to 64 bytes in base64' });

const prefix = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,64}$/, { error: 'expected 1 to 64 letters, digits, dots, dashes or underscores' });

/** Of a feature that a later release brings: a value is a mistake, not silently ignored. */
const notYet = (about: string, more: { hides?: Hidden } = {}) =>
  setting(z.never({ error: 'not in this release yet; leave it unset' }).optional(), `${about} Not yet.`, more);

const ownSchemaDir = fileURLToPath(new URL('../schema', import.meta.url));

const settings = {
  NODE_ENV: setting(
    z.string().default('development'),
    'production turns on the production defaults of HOST, INTROSPECTION and LOG_FORMAT.',
  ),
  PORT: setting(port.default(4000), 'Port of the gateway; 0 takes a free one.'),
  HOST: setting(z.string().optional(), 'Address to listen on.', { shown: '127.0.0.1; 0.0.0.0 in production' }),
  ADMIN_PORT: setting(port.optional(), 'Port of /metrics and /admin.', { shown: 'the main port' }),
  UPSTREAM_URL: setting(upstreamUrl.optional(), 'Base of the REST API.', {
    shown: 'an embedded upstream',
    hides: 'credentials',
  }),
  UPSTREAM_PAGINATION: setting(
    choice(...paginationStyles).default('page'),
    'How the API cuts its collections into pages (page|next-link|link-header|cursor).',
  ),
  UPSTREAM_TOKEN: setting(upstreamToken.optional(), 'Sent to the API as a bearer token.', { hides: 'value' }),
  UPSTREAM_PAGE_SIZE: setting(integer(1, 10_000).default(500), 'Rows asked for in one page.'),
  UPSTREAM_CONCURRENCY: setting(integer(1, 64).default(4), 'Pages of one drain read at the same time.'),
  UPSTREAM_IDS_LIMIT: setting(integer(1, 1_000).default(100), 'Ids asked for in one ?ids= request.'),
  UPSTREAM_TIMEOUT_MS: setting(ms.default(5_000), 'Deadline of one request to the API.'),
  UPSTREAM_RETRIES: setting(integer(0, 10).default(2), 'Further tries of a request that failed.'),
  UPSTREAM_ORDER: setting(z.string().optional(), 'Sent as ordering= on collection reads, so that pages stay put.'),
  UPSTREAM_SETTLE_MS: setting(
    integer(0, 600_000).default(1_000),
    'How long the API may lag behind its own change; what was read after a change is read again then.',
  ),
  UPSTREAM_INVALID_ITEMS: setting(
    invalidItems,
    'Rows that do not decode: fail the drain, or leave out up to n (quarantine:<n>).',
    { shown: 'fail' },
  ),
  REDIS_URL: setting(
    redisUrl.optional(),
    'Redis to share the cache through, with user and password: the server; any node of a cluster; with sentinels the name of the master group.',
    {
      shown: 'an in-process store',
      hides: 'credentials',
    },
  ),
  REDIS_MODE: setting(
    choice('single', 'cluster', 'sentinel').default('single'),
    'What stands at REDIS_URL (single|cluster|sentinel).',
  ),
  REDIS_SENTINELS: setting(
    sentinels.optional(),
    'All sentinels of REDIS_MODE=sentinel, parted by commas: host:port, or user:password@host:port.',
    { hides: 'credentials' },
  ),
  REDIS_CA_FILE: setting(
    path('file').optional(),
    'PEM file of the CA that signed the certificate of a rediss:// server.',
  ),
  REDIS_CONNECT_TIMEOUT_MS: setting(ms.default(2_000), 'Deadline of a connection to Redis.'),
  REDIS_TIMEOUT_MS: setting(ms.default(250), 'Deadline of one Redis command.'),
  REDIS_WAIT_REPLICAS: setting(
    integer(0, 10).default(0),
    'Replicas that must have a change before it is acknowledged.',
  ),
  CACHE_PREFIX: setting(prefix.default('vitrine'), 'First part of every key in Redis.'),
  COHERENCE_MS: setting(
    integer(50, 600_000).default(1_000),
    'How long a process may go without proof that it knows every change.',
  ),
  LEASE_MS: setting(
    integer(50, 600_000).default(2_000),
    'How long a fill may stall before another process takes over.',
  ),
  CACHE_HORIZON_MS: setting(
    integer(1_000, 86_400_000).default(600_000),
    'How far back the change log reaches at least.',
  ),
  MEMORY_MAX_MB: setting(
    integer(1, 1_048_576).default(256),
    'Bound of the cached entities in memory, in MiB, of each worker.',
  ),
  RESPONSE_CACHE: setting(choice('on', 'off').default('on'), 'Whether whole answers are kept in memory (on|off).'),
  REQUEST_TIMEOUT_MS: setting(ms.default(10_000), 'Deadline of one GraphQL request.'),
  WEBHOOK_SECRET: setting(
    webhookSecret.optional(),
    'Signs /webhooks/upstream (whsec_…); without it /webhooks is not there.',
    { hides: 'value' },
  ),
  ADMIN_TOKEN: setting(adminToken.optional(), 'Bearer token of /admin; without it /admin is not there.', {
    hides: 'value',
  }),
  CORS_ORIGINS: setting(origins.optional(), 'Origins that browsers may call from, parted by commas.', {
    shown: 'none',
    hides: 'credentials',
  }),
  INTROSPECTION: setting(choice('on', 'off').optional(), 'Whether the schema may be asked for (on|off).', {
    shown: 'on; off in production',
  }),
  TRUSTED_DOCUMENTS: setting(
    path('file').optional(),
    'Manifest of the only documents that are answered: of Apollo, or a JSON map of ids to documents.',
  ),
  SCHEMA_DIR: setting(
    path('folder').default(ownSchemaDir),
    'Folder of the .graphql files; by default that of Vitrine itself.',
    {
      shown: 'schema',
    },
  ),
  WORKERS: setting(
    integer(1, 64).default(1),
    'Processes on one port, under a parent that starts the fallen anew; above 1 needs REDIS_URL.',
  ),
  LOG_LEVEL: setting(
    choice('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent').default('info'),
    'What is logged, from there up (fatal|error|warn|info|debug|trace|silent).',
  ),
  LOG_FORMAT: setting(choice('json', 'pretty').optional(), 'How it is logged (json|pretty).', {
    shown: 'pretty; json in production',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: notYet('Where traces go.', { hides: 'credentials' }),
} satisfies Record<string, Setting>;

const schemas = Object.fromEntries(Object.entries(settings).map(([name, { schema }]) => [name, schema])) as {
  [N in Name]: (typeof settings)[N]['schema'];
};

type Name = keyof typeof settings;

/** What a setting that is sound asks of others; found out also where others are mistaken. */
const needs = (name: Name, error: string) => ({
  path: [name],
  error,
  when: ({ issues }: z.core.ParsePayload) => !issues.some(({ path }) => path?.[0] === name),
});

const settingsSchema = z
  .object(schemas)
  .refine(
    ({ REDIS_CA_FILE, REDIS_URL }) => REDIS_CA_FILE === undefined || REDIS_URL?.protocol === 'rediss:',
    needs('REDIS_CA_FILE', 'needs a REDIS_URL that begins with rediss://'),
  )
  .refine(
    ({ REDIS_MODE, REDIS_URL }) => REDIS_MODE === 'single' || REDIS_URL !== undefined,
    needs('REDIS_MODE', 'needs a REDIS_URL'),
  )
  .refine(
    ({ REDIS_MODE, REDIS_SENTINELS }) => REDIS_MODE !== 'sentinel' || REDIS_SENTINELS !== undefined,
    needs('REDIS_MODE', 'needs REDIS_SENTINELS'),
  )
  .refine(
    ({ REDIS_MODE, REDIS_SENTINELS }) => REDIS_SENTINELS === undefined || REDIS_MODE === 'sentinel',
    needs('REDIS_SENTINELS', 'needs REDIS_MODE=sentinel'),
  )
  .refine(
    ({ REDIS_WAIT_REPLICAS, REDIS_URL }) => !(REDIS_WAIT_REPLICAS > 0) || REDIS_URL !== undefined,
    needs('REDIS_WAIT_REPLICAS', 'needs a REDIS_URL'),
  )
  .refine(
    ({ REDIS_MODE, REDIS_URL }) => REDIS_MODE !== 'cluster' || /^(\/0?)?$/.test(REDIS_URL?.pathname ?? ''),
    needs('REDIS_URL', 'expected no number of a database with REDIS_MODE=cluster: a cluster has but one'),
  )
  .refine(
    ({ REDIS_MODE, REDIS_URL }) => REDIS_MODE !== 'sentinel' || REDIS_URL === undefined || isGroup(REDIS_URL),
    needs(
      'REDIS_URL',
      'expected the name of the master group as host, and no port, with REDIS_MODE=sentinel: the sentinels know where it is',
    ),
  )
  .refine(
    ({ WORKERS, REDIS_URL }) => WORKERS === 1 || REDIS_URL !== undefined,
    needs('WORKERS', 'above 1 needs a REDIS_URL: without Redis no process learns of changes made known to another'),
  );

type Environment = Readonly<Record<string, string | undefined>>;

/** Every mistake in the settings, in one message. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    const count = mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`;
    super(`${count} in the settings:\n${mistakes.map((line) => `  ${line}`).join('\n')}`);
    this.mistakes = mistakes;
  }
}

export type Config = ReturnType<typeof readConfig>;

/**
 * @param environment - Such as `process.env`; an empty value counts as unset.
 * @returns Settings grouped by the part that uses them; times in ms, sizes in bytes.
 * @throws {ConfigError} Naming every mistake, never a secret's value.
 */
export function readConfig(environment: Environment) {
  const parsed = settingsSchema.safeParse(present(environment));
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map((issue) => describeMistake(issue, environment)));
  }
  const env = parsed.data;
  const production = env.NODE_ENV === 'production';
  return {
    production,
    host: env.HOST ?? (production ? '0.0.0.0' : '127.0.0.1'),
    port: env.PORT,
    adminPort: env.ADMIN_PORT,
    upstream: {
      url: env.UPSTREAM_URL,
      pagination: env.UPSTREAM_PAGINATION,
      token: env.UPSTREAM_TOKEN,
      pageSize: env.UPSTREAM_PAGE_SIZE,
      concurrency: env.UPSTREAM_CONCURRENCY,
      idsLimit: env.UPSTREAM_IDS_LIMIT,
      timeoutMs: env.UPSTREAM_TIMEOUT_MS,
      retries: env.UPSTREAM_RETRIES,
      order: env.UPSTREAM_ORDER,
      settleMs: env.UPSTREAM_SETTLE_MS,
      invalidItems: env.UPSTREAM_INVALID_ITEMS,
    },
    redis: env.REDIS_URL && {
      url: env.REDIS_URL,
      mode: env.REDIS_MODE,
      sentinels: env.REDIS_SENTINELS ?? [],
      waitReplicas: env.REDIS_WAIT_REPLICAS,
      caFile: env.REDIS_CA_FILE,
      connectTimeoutMs: env.REDIS_CONNECT_TIMEOUT_MS,
      timeoutMs: env.REDIS_TIMEOUT_MS,
    },
    cache: {
      prefix: env.CACHE_PREFIX,
      coherenceMs: env.COHERENCE_MS,
      leaseMs: env.LEASE_MS,
      horizonMs: env.CACHE_HORIZON_MS,
      memoryMaxBytes: env.MEMORY_MAX_MB * 1024 * 1024,
    },
    responseCache: env.RESPONSE_CACHE === 'on',
    requestTimeoutMs: env.REQUEST_TIMEOUT_MS,
    adminToken: env.ADMIN_TOKEN,
    webhookSecret: env.WEBHOOK_SECRET,
    corsOrigins: env.CORS_ORIGINS ?? [],
    introspection: env.INTROSPECTION === undefined ? !production : env.INTROSPECTION === 'on',
    trustedDocuments: env.TRUSTED_DOCUMENTS,
    schemaDir: env.SCHEMA_DIR,
    workers: env.WORKERS,
    log: { level: env.LOG_LEVEL, format: env.LOG_FORMAT ?? (production ? 'json' : 'pretty') },
  } as const;
}

/** One row a setting: its name, what it is for, and its default as a person reads it. */
export function listSettings(): { name: string; about: string; default: string }[] {
  return entries().map(([name, setting]) => ({ name, about: setting.about, default: shownDefault(setting) }));
}

/** The settings that were given, as one may print them: secrets and passwords masked. */
export function givenSettings(environment: Environment): Record<string, string> {
  const given = present(environment);
  const rows = entries().flatMap(([name]) => {
    const value = given[name];
    return value === undefined ? [] : [[name, masked(name, value)] as const];
  });
  return Object.fromEntries(rows);
}

function entries(): [Name, Setting][] {
  return Object.entries(settings) as [Name, Setting][];
}

function present(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''));
}

function shownDefault({ schema, shown }: Setting): string {
  const fallback = shown ?? schema.safeParse(undefined).data;
  return fallback === undefined ? 'unset' : String(fallback);
}

function describeMistake(issue: z.core.$ZodIssue, environment: Environment): string {
  const name = String(issue.path[0]) as Name;
  const { hides }: Setting = settings[name];
  const got = hides === 'value' ? '' : ` (got ${JSON.stringify(masked(name, environment[name] ?? ''))})`;
  return `${name}: ${issue.message}${got}`;
}

function masked(name: Name, value: string): string {
  const { hides }: Setting = settings[name];
  if (hides === undefined) return value;
  return hides === 'value' ? '***' : maskCredentials(value);
}

/** Takes out user, password and query. What is no URL, or has an @ where none belongs, may hide them anywhere. */
function maskCredentials(value: string): string {
  if (!/[@?#]/.test(value)) return value;
  const url = URL.parse(value);
  if (url === null || url.host === '' || /@/.test(url.pathname + url.search + url.hash)) return '***';
  const user = url.username === '' && url.password === '' ? '' : '***@';
  return `${url.protocol}//${user}${url.host}${url.pathname}${url.search && '?***'}`;
}

/** A name as sentinels take one for a master and its replicas. */
function isGroup({ hostname, port }: URL): boolean {
  return port === '' && /^[A-Za-z0-9._-]+$/.test(hostname);
}

function isSentinel({ host, username, password, pathname, search, hash }: URL): boolean {
  return host !== '' && pathname + search + hash === '' && isPercentEncoded(username + password);
}

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function isWebhookSecret(text: string): boolean {
  if (!/^whsec_[A-Za-z0-9+/]+={0,2}$/.test(text)) return false;
  const { length } = Buffer.from(text.slice('whsec_'.length), 'base64');
  return length >= 24 && length <= 64;
}

/** `existsSync` first, as it takes any text: `statSync` throws at what cannot be a path. */
function isThere(text: string, isKind: (found: Stats) => boolean): boolean {
  return existsSync(text) && isKind(statSync(text));
}
