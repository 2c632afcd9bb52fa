/**
 * The operations guide says what the code does: tables, names and rights are held against it, both ways where
 * that can be. `npx vitest run tests/operations -u` writes the freshness table anew.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseStored } from '../../src/cache/entry.ts';
import { listSettings, readConfig } from '../../src/config.ts';
import { errorList } from '../../src/graphql/errors.ts';
import { buildSchema, loadTypeDefs, policiesOf } from '../../src/graphql/index.ts';
import { resolvers } from '../../src/graphql/resolvers/index.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { rights } from '../gateway/redis-rights.ts';
import { type RunningRedis, startRedis } from '../support/redis.ts';

const root = join(import.meta.dirname, '../..');
const guide = await readFile(join(root, 'docs/operations.md'), 'utf8');

/** Every file below a folder whose name ends so, as path and text. */
async function filesIn(folder: string, ...endings: string[]): Promise<[path: string, text: string][]> {
  const paths = await readdir(join(root, folder), { recursive: true });
  const wanted = paths.filter((path) => endings.some((ending) => path.endsWith(ending)));
  return Promise.all(
    wanted.map(async (path) => [path, await readFile(join(root, folder, path), 'utf8')] as const),
  ).then((files) => files.map(([path, text]) => [join(folder, path), text]));
}

const blocks = (language: string) =>
  [...guide.matchAll(/```(\w*)\n(.*?)\n```/gs)].filter(([, of]) => of === language).map(([, , text]) => text as string);
const words = (text: string) => text.split(/\s+/).filter(Boolean).toSorted();

describe('the freshness table', () => {
  it('is that of the schema', async () => {
    const [before, after] = guide.split(/(?<=<!-- freshness:.*-->\n).*(?=\n<!-- \/freshness -->)/s);
    expect(after, 'the markers of the table').toBeDefined();
    await expect(`${before}${freshnessTable()}${after}`).toMatchFileSnapshot('../../docs/operations.md');
  });
});

function freshnessTable(): string {
  const schema = buildSchema({ typeDefs: loadTypeDefs(readConfig({}).schemaDir), resolvers });
  const rows = [...policiesOf(schema)]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([type, { maxAgeMs, staleWhileRevalidateMs, staleIfErrorMs }]) => {
      const windows = [maxAgeMs, staleWhileRevalidateMs, staleIfErrorMs].map(shownTime);
      return `| \`${type}\` | ${windows.join(' | ')} |`;
    });
  return `| Type | fresh | then served while it is read anew | after fresh, served while upstream fails |
|---|---|---|---|
${rows.join('\n')}`;
}

/** In the greatest unit that is whole. */
function shownTime(ms: number): string {
  const [unit, length] = (
    [
      ['h', 3_600_000],
      ['min', 60_000],
    ] as const
  ).find(([, of]) => ms > 0 && ms % of === 0) ?? ['s', 1000];
  return `${ms / length} ${unit}`;
}

describe('what the guide names', () => {
  it('as events is what the code logs, no more and no less', async () => {
    const section = guide.slice(guide.indexOf('\n## Logs'), guide.indexOf('\n## Metrics'));
    const told = [...section.matchAll(/^\| `([a-z_.]+)` \|/gm)].map(([, name]) => name as string);
    const sources = await filesIn('src', '.ts');
    const logged = sources.flatMap(([, text]) =>
      [...text.matchAll(/\bevent(?::| =) '([a-z_.]+)'/g)].map(([, name]) => name as string),
    );
    expect(told.toSorted()).toEqual([...new Set(logged)].toSorted());
    expect(told.length).toBeGreaterThan(20);
  });

  it('as metrics is counted', async () => {
    const counted = (await createMetrics().registry.getMetricsAsJSON()).map(({ name }) => name);
    const named = [...guide.matchAll(/\bvitrine_[a-z_]+[a-z]/g)].map(([name]) =>
      name.replace(/_(bucket|count|sum)$/, ''),
    );
    expect(named.filter((name) => !counted.includes(name))).toEqual([]);
    expect(new Set(named)).toEqual(new Set(counted));
  });

  it('as settings is one, with its default', () => {
    const settings = new Map(listSettings().map((setting) => [setting.name, setting.default]));
    const named = [...guide.matchAll(/`([A-Z]+(?:_[A-Z]+)+)(?:` (\d+)|[`=])/g)];
    for (const [, name = '', value] of named) {
      if (name in errorList) continue;
      expect([...settings.keys()]).toContain(name);
      if (value !== undefined) expect([name, value]).toEqual([name, settings.get(name)]);
    }
    expect(named.length).toBeGreaterThan(20);
  });

  it('as rights of the ACL users is what the gateway is tested with', () => {
    const told = blocks('').filter((block) => /^(~|-@all)/.test(block));
    expect(told.map(words)).toEqual([rights.server, rights.cluster, rights.sentinel].map(words));
    expect(guide).toContain(`\`${rights.waiting}\` besides`);
  });

  it('as places to go to exists', async () => {
    const headings = [...guide.matchAll(/^#+ (.*)$/gm)].map(([, text = '']) =>
      text
        .toLowerCase()
        .replace(/[^a-z0-9 -]/g, '')
        .replaceAll(' ', '-'),
    );
    for (const [, path = '', anchor] of guide.matchAll(/\]\(([^)#]*)(?:#([^)]*))?\)/g)) {
      if (path !== '') await expect(readFile(join(root, 'docs', path)), path).resolves.toBeDefined();
      else expect(headings).toContain(anchor);
    }
  });

  it('as a stored value is one', () => {
    const text = blocks('').find((block) => /^1 \d/.test(block)) ?? '';
    expect(parseStored(text)).toMatchObject({
      position: '001795476015118-0000000000',
      times: { storedAtMs: 1795476015121, freshUntilMs: 1795476016121, staleUntilMs: 1795476016121 },
    });
  });
});

describe('looking into Redis', () => {
  let redis: RunningRedis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  it('is allowed to its user by the rights of the guide, and nothing that changes or holds up', async () => {
    const [, rights = ''] = /^user look on >password (.*)$/m.exec(guide) ?? [];
    await redis.send('ACL', 'SETUSER', 'look', 'on', '>password', ...rights.split(' '));
    const may = async (...command: string[]) =>
      (await redis.send<string>('ACL', 'DRYRUN', 'look', ...command).catch((error: Error) => error.message)) === 'OK';
    const shown = blocks('sh').flatMap((block) => block.split('\n'));
    const commands = shown.map((line) =>
      (line.split(' #')[0] ?? '')
        .replace('redis-cli --scan', 'redis-cli SCAN 0')
        .replaceAll("'", '')
        .trim()
        .split(/\s+/)
        .slice(1),
    );
    for (const command of commands) expect([command, await may(...command)]).toEqual([command, true]);
    expect(commands.length).toBeGreaterThan(5);
    for (const command of [['KEYS', '*'], ['DEL', 'vitrine:a'], ['FLUSHALL'], ['GET', 'stranger']]) {
      expect([command, await may(...command)]).toEqual([command, false]);
    }
  });
});

/** `KEYS` walks all of Redis in one step, while everyone waits; `SCAN` is its safe sister. */
describe('no KEYS command', () => {
  /** As a command given to a client or a script; `KEYS[1]` in Lua and `Object.keys` are no such thing. */
  const inSource = (text: string) =>
    /['"`]KEYS(?:['"`]|\s+\S*\*)/.test(text) ||
    /(?:call|sendCommand)\(\[?\s*['"`]keys\b/i.test(text) ||
    /\b(?:client|redis|reader|multi)\.keys\(/i.test(text);

  /** In anything to be copied: blocks, fenced or indented, and quoted commands. The word by itself may be warned of. */
  const inPage = (text: string) => {
    const fence = /^\s*```.*?^\s*```/gms;
    const fenced = [...text.matchAll(fence)].map(([block]) => block);
    const prose = text.replace(fence, '');
    const indented = [...prose.matchAll(/^(?: {4}|\t).*$/gm)].map(([line]) => line);
    const quoted = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code).filter((code) => code !== 'KEYS');
    return [...fenced, ...indented, ...quoted].some((code) => /(?:^|\s)keys(?:\s|$)/i.test(code));
  };

  it('stands in src or the tests', async () => {
    const tests = await filesIn('tests', '.ts');
    const others = tests.filter(([path]) => !path.endsWith('operations/guide.test.ts'));
    const sources = [...(await filesIn('src', '.ts', '.js', '.graphql')), ...others];
    expect(sources.length).toBeGreaterThan(50);
    expect(sources.filter(([, text]) => inSource(text)).map(([path]) => path)).toEqual([]);
  });

  it('stands in docs, ops, examples or the README', async () => {
    const pages = [
      ...(await filesIn('docs', '.md')),
      ...(await filesIn('examples', '.md')),
      ...(await filesIn('ops', '.yml')),
      ['README.md', await readFile(join(root, 'README.md'), 'utf8')] as const,
    ];
    expect(pages.length).toBeGreaterThan(5);
    expect(pages.filter(([, text]) => inPage(text)).map(([path]) => path)).toEqual([]);
  });

  it.each(["client.sendCommand(['KEYS', '*'])", "redis.call('keys', ARGV[1])", 'await client.keys(pattern)'])(
    'would be found in src: %s',
    (text) => expect(inSource(text)).toBe(true),
  );

  it.each(['```sh\nredis-cli KEYS "vitrine:*"\n```', '    redis-cli -p 1 KEYS *', 'Run `KEYS *` to see all.'])(
    'would be found in docs: %j',
    (text) => expect(inPage(text)).toBe(true),
  );
});
