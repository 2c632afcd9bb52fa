/**
 * Settings: read once from the environment, validated whole, frozen.
 *
 * `settings` is the one list; parsing, `--help`, the start banner and the table in `docs/settings.md` are made of it.
 */
import { existsSync } from 'node:fs';
import { z } from 'zod';

/** What a setting says of itself besides its schema. */
type Meta = { about: string; shown?: string; secret?: true };

/** How the upstream cuts its collections into pages. */
export const paginationStyles = ['page', 'next-link', 'link-header', 'cursor'] as const;
export type PaginationStyle = (typeof paginationStyles)[number];

/** What to do with a row that does not decode: fail the drain, or leave out up to `max` rows. */
export type InvalidItems = { mode: 'fail' } | { mode: 'quarantine'; max: number };

const integer = (fallback: number, min: number, max: number, about: string) =>
  z.coerce
    .number({ error: `expected a whole number from ${min} to ${max}` })
    .int({ error: `expected a whole number from ${min} to ${max}` })
    .min(min, { error: `expected a whole number from ${min} to ${max}` })
    .max(max, { error: `expected a whole number from ${min} to ${max}` })
    .default(fallback)
    .meta({ about } satisfies Meta);

const choice = <const T extends readonly [string, ...string[]]>(values: T, about: string) =>
  z.enum(values, { error: `expected one of ${values.join(', ')}` }).meta({ about } satisfies Meta);

const text = (about: string, more: Omit<Meta, 'about'> = {}) => z.string().meta({ about, ...more } satisfies Meta);

const url = (schemes: readonly string[], about: string, more: Omit<Meta, 'about'> = {}) =>
  z
    .string()
    .transform((value, context) => {
      const parsed = URL.parse(value);
      if (parsed !== null && schemes.includes(parsed.protocol)) return parsed;
      context.addIssue(`expected a URL that begins with ${schemes.map((s) => `${s}//`).join(' or ')}`);
      return z.NEVER;
    })
    .meta({ about, ...more } satisfies Meta);

/** A setting of a feature that a later release brings: anything but its resting value is a mistake, not ignored. */
const notYet = (resting: string, about: string) =>
  z
    .literal(resting, { error: `not in this release yet; leave it unset or ${resting}` })
    .default(resting)
    .meta({ about: `${about} Not in this release yet.` } satisfies Meta);

const notYetAtAll = (about: string) =>
  z
    .undefined({ error: 'not in this release yet; leave it unset' })
    .meta({ about: `${about} Not in this release yet.` } satisfies Meta);

const invalidItems = z
  .string()
  .regex(/^(fail|quarantine:[1-9]\d{0,5})$/, { error: 'expected fail or quarantine:<n>, n from 1' })
  .transform(
    (value): InvalidItems =>
      value === 'fail' ? { mode: 'fail' } : { mode: 'quarantine', max: Number(value.split(':')[1]) },
  )
  .default({ mode: 'fail' })
  .meta({
    about: 'Rows that do not decode: fail the drain, or leave out up to n (quarantine:<n>).',
    shown: 'fail',
  } satisfies Meta);

const settings = {
  NODE_ENV: text('production turns on the production defaults of HOST, INTROSPECTION and LOG_FORMAT.').default(
    'development',
  ),
  PORT: integer(4000, 0, 65_535, 'Port of the gateway; 0 takes a free one.'),
  HOST: text('Address to listen on.', { shown: '127.0.0.1; 0.0.0.0 in production' }).optional(),
  ADMIN_PORT: integer(0, 0, 65_535, 'Port of /metrics and /admin.')
    .optional()
    .meta({ about: 'Port of /metrics and /admin.', shown: 'unset: the main port' } satisfies Meta),
  UPSTREAM_URL: url(['http:', 'https:'], 'Base of the REST API.', {
    shown: 'unset: an embedded upstream',
  }).optional(),
  UPSTREAM_PAGINATION: choice(paginationStyles, 'How the API cuts its collections into pages.').default('page'),
  UPSTREAM_TOKEN: text('Sent to the API as a bearer token.', { secret: true }).optional(),
  UPSTREAM_PAGE_SIZE: integer(500, 1, 10_000, 'Rows asked for in one page.'),
  UPSTREAM_CONCURRENCY: integer(4, 1, 64, 'Pages of one drain read at the same time.'),
  UPSTREAM_IDS_LIMIT: integer(100, 1, 1_000, 'Ids asked for in one ?ids= request.'),
  UPSTREAM_TIMEOUT_MS: integer(5_000, 1, 600_000, 'Deadline of one request to the API, in ms.'),
  UPSTREAM_RETRIES: integer(2, 0, 10, 'Further tries of a request that failed.'),
  UPSTREAM_ORDER: text('Sent as ordering= on collection reads, so that pages stay put.').optional(),
  UPSTREAM_SETTLE_MS: integer(
    1_000,
    0,
    600_000,
    'How long the API may lag behind its own change, in ms; what was read after a change is read again then.',
  ),
  UPSTREAM_INVALID_ITEMS: invalidItems,
  REDIS_URL: url(['redis:', 'rediss:'], 'Redis to share the cache through, with user and password.', {
    shown: 'unset: an in-process store',
  }).optional(),
  REDIS_MODE: notYet('single', 'Topology of Redis.'),
  REDIS_SENTINELS: notYetAtAll('Sentinels of the sentinel mode.'),
  REDIS_CA_FILE: text('PEM file of the CA that signed the certificate of a rediss:// server.')
    .refine((path) => existsSync(path), { error: 'no such file' })
    .optional(),
  REDIS_CONNECT_TIMEOUT_MS: integer(2_000, 1, 600_000, 'Deadline of a connection to Redis, in ms.'),
  REDIS_TIMEOUT_MS: integer(250, 1, 600_000, 'Deadline of one Redis command, in ms.'),
  REDIS_WAIT_REPLICAS: notYet('0', 'Replicas that must have a change before it is acknowledged.'),
  CACHE_PREFIX: text('First part of every key in Redis.')
    .regex(/^[A-Za-z0-9_.-]{1,64}$/, { error: 'expected 1 to 64 letters, digits, dots, dashes or underscores' })
    .default('vitrine')
    .meta({ about: 'First part of every key in Redis.' } satisfies Meta),
  COHERENCE_MS: integer(
    1_000,
    50,
    600_000,
    'How long a process may go without proof that it knows every change, in ms.',
  ),
  LEASE_MS: integer(2_000, 50, 600_000, 'How long a fill may stall before another process takes over, in ms.'),
  CACHE_HORIZON_MS: integer(600_000, 1_000, 86_400_000, 'How far back the change log reaches at least, in ms.'),
  MEMORY_MAX_MB: integer(256, 1, 1_048_576, 'Bound of the cached entities in memory, in MiB.'),
  RESPONSE_CACHE: choice(['on', 'off'], 'Whole answers kept. Not in this release yet: both read as off.').default(
    'off',
  ),
  REQUEST_TIMEOUT_MS: integer(10_000, 1, 600_000, 'Deadline of one GraphQL request, in ms.'),
  WEBHOOK_SECRET: notYetAtAll('Signs /webhooks/upstream.'),
  ADMIN_TOKEN: text('Bearer token of /admin; without it /admin is not there.', { secret: true })
    .min(16, { error: 'expected at least 16 characters' })
    .optional()
    .meta({ about: 'Bearer token of /admin; without it /admin is not there.', secret: true } satisfies Meta),
  CORS_ORIGINS: text('Origins that browsers may call from, parted by commas.', { shown: 'none' })
    .transform((value, context) => {
      const origins = value.split(',').map((part) => part.trim());
      for (const origin of origins) {
        if (URL.parse(origin)?.origin !== origin) {
          context.addIssue(`expected origins such as https://shop.example, got ${JSON.stringify(origin)}`);
        }
      }
      return origins;
    })
    .optional()
    .meta({ about: 'Origins that browsers may call from, parted by commas.', shown: 'none' } satisfies Meta),
  INTROSPECTION: choice(['on', 'off'], 'Whether the schema may be asked for.')
    .optional()
    .meta({ about: 'Whether the schema may be asked for (on|off).', shown: 'on; off in production' } satisfies Meta),
  TRUSTED_DOCUMENTS: notYetAtAll('Manifest of the only documents allowed.'),
  SCHEMA_DIR: text('Folder of the .graphql files.').default('schema'),
  WORKERS: notYet('1', 'Processes on one port.'),
  LOG_LEVEL: choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'What is logged.').default('info'),
  LOG_FORMAT: choice(['json', 'pretty'], 'How it is logged.')
    .optional()
    .meta({ about: 'How it is logged (json|pretty).', shown: 'pretty; json in production' } satisfies Meta),
  OTEL_EXPORTER_OTLP_ENDPOINT: notYetAtAll('Where traces go.'),
} satisfies Record<string, z.ZodType>;

type Name = keyof typeof settings;
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
  const parsed = z.object(settings).safeParse(present(environment));
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
    requestTimeoutMs: env.REQUEST_TIMEOUT_MS,
    adminToken: env.ADMIN_TOKEN,
    corsOrigins: env.CORS_ORIGINS ?? [],
    introspection: env.INTROSPECTION === undefined ? !production : env.INTROSPECTION === 'on',
    schemaDir: env.SCHEMA_DIR,
    log: { level: env.LOG_LEVEL, format: env.LOG_FORMAT ?? (production ? 'json' : 'pretty') },
  } as const;
}

/** One row a setting: its name, what it is for, and its default as a person reads it. */
export function listSettings(): { name: string; about: string; default: string }[] {
  return entries().map(([name, schema]) => ({ name, about: meta(schema).about, default: shownDefault(schema) }));
}

/** The settings that were given, as one may print them: secrets and passwords masked. */
export function givenSettings(environment: Environment): Record<string, string> {
  const given = present(environment);
  const rows = entries().flatMap(([name, schema]) => {
    const value = given[name];
    return value === undefined ? [] : [[name, meta(schema).secret ? '***' : maskUrl(value)] as const];
  });
  return Object.fromEntries(rows);
}

function entries(): [Name, z.ZodType][] {
  return Object.entries(settings) as [Name, z.ZodType][];
}

function meta(schema: z.ZodType): Meta {
  return schema.meta() as Meta;
}

function present(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''));
}

function shownDefault(schema: z.ZodType): string {
  const { shown } = meta(schema);
  if (shown !== undefined) return shown;
  const fallback = schema.safeParse(undefined).data;
  return fallback === undefined ? 'unset' : String(fallback);
}

function describeMistake(issue: z.core.$ZodIssue, environment: Environment): string {
  const name = String(issue.path[0]) as Name;
  const value = meta(settings[name]).secret ? '' : ` (got ${JSON.stringify(maskUrl(environment[name] ?? ''))})`;
  return `${name}: ${issue.message}${value}`;
}

/** Takes user and password out of what is, or looks like, a URL. */
function maskUrl(value: string): string {
  return value.replace(/\/\/[^/@]*@/, '//***@');
}
