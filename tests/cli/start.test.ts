import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeCatalogue, startEmbeddedUpstream } from '../../src/embedded/index.ts';
import { ask, logLines, project, run, start, startGateway } from './support.ts';

const countQuery = '{ catalogs(first: 1) { totalCount } }';

const wholeBanner = /Vitrine is listening.*curl.*?\n/s;

async function temporaryFolder(prefix: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), prefix));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** The value of one row of the banner. */
function rowOf(banner: string, name: string): string | undefined {
  return new RegExp(`^  ${name} +(.*)$`, 'm').exec(banner)?.[1];
}

describe('started without settings', () => {
  test('it serves the embedded catalogue, and says what runs where', async () => {
    const program = start([], { env: { PORT: '0' } });
    const [banner] = await program.says(wholeBanner);
    const graphql = rowOf(banner, 'GraphQL')?.split(' ')[0] ?? '';
    expect(graphql).toMatch(/^http:\/\/localhost:\d+\/graphql$/);
    expect(rowOf(banner, 'Upstream')).toMatch(/^http:\/\/127\.0\.0\.1:\d+ +\(embedded; set UPSTREAM_URL for yours\)$/);
    expect(rowOf(banner, 'Cache')).toContain('this process');
    expect(rowOf(banner, 'Settings')).toBe('PORT=0');
    expect(await ask(new URL(graphql).origin, countQuery)).toEqual({ data: { catalogs: { totalCount: 1200 } } });
  });

  test('the first query of the banner is answered without errors', async () => {
    const program = start(['serve'], { env: { PORT: '0' } });
    const [, url = '', header = '', body = ''] = await program.says(/curl -s (\S+) -H '([^']+)' -d '([^']+)'/);
    const [name = '', value = ''] = header.split(': ');
    const response = await fetch(url, { method: 'POST', headers: { [name]: value }, body });
    expect(response.status).toBe(200);
    const { data, errors } = (await response.json()) as { data: { catalogs: { nodes: unknown[] } }; errors?: unknown };
    expect(errors).toBeUndefined();
    expect(data.catalogs.nodes).toHaveLength(2);
  });
});

describe('started with settings', () => {
  test('it says which ones, secrets masked', async () => {
    const token = 'token-of-the-upstream';
    const upstream = await startEmbeddedUpstream({ collections: makeCatalogue(new Date()), token });
    onTestFinished(() => upstream.close());
    const env = {
      PORT: '0',
      UPSTREAM_URL: `${upstream.url}/?key=s3cret-key`,
      UPSTREAM_TOKEN: token,
      ADMIN_TOKEN: 's3cret-admin-token',
      // Nothing listens there; the gateway starts all the same (P7).
      REDIS_URL: 'redis://gateway:s3cret%40p@127.0.0.1:1/0',
      REDIS_CONNECT_TIMEOUT_MS: '50',
      UPSTREAM_PAGE_SIZE: '',
    };
    const program = start(['serve'], { env });
    const [banner] = await program.says(wholeBanner);
    expect(rowOf(banner, 'Upstream')).toBe(upstream.url);
    expect(rowOf(banner, 'Cache')).toBe('Redis at 127.0.0.1:1');
    expect(rowOf(banner, 'Settings')).toBe(
      `PORT=0 UPSTREAM_URL=${upstream.url}/?*** UPSTREAM_TOKEN=*** REDIS_URL=redis://***@127.0.0.1:1/0 ` +
        'REDIS_CONNECT_TIMEOUT_MS=50 ADMIN_TOKEN=***',
    );
    const url = (rowOf(banner, 'Health') ?? '').replace('/readyz', '');
    expect(await ask(url, countQuery)).toEqual({ data: { catalogs: { totalCount: 1200 } } });
    program.send('SIGTERM');
    const { stdout, stderr } = await program.ended();
    expect(stdout + stderr).not.toMatch(new RegExp(`s3cret|${token}`));
  });

  test('with trusted documents it says whose, and names no query that would be refused', async () => {
    const file = join(await temporaryFolder('vitrine-documents-'), 'manifest.json');
    await writeFile(file, JSON.stringify({ count: countQuery }));
    const program = start(['serve'], { env: { PORT: '0', TRUSTED_DOCUMENTS: file } });
    const [banner] = await program.says(/Vitrine is listening.*Settings.*?\n/s);
    expect(rowOf(banner, 'Documents')).toBe(`only those of ${file}`);
    expect(await ask(rowOf(banner, 'GraphQL')?.replace(/\/graphql.*/, '') ?? '', countQuery)).toMatchObject({
      data: {},
    });
    program.send('SIGTERM');
    expect((await program.ended()).stdout).not.toContain('curl');
  });

  test('LOG_FORMAT=json prints nothing but lines of JSON', async () => {
    const { program } = await startGateway({ env: { LOG_LEVEL: 'debug' } });
    await program.says(/"event":"collection.drained"/);
    program.send('SIGTERM');
    const { stdout, stderr } = await program.ended();
    expect(stderr).toBe('');
    expect(logLines(stdout).every(({ event }) => typeof event === 'string')).toBe(true);
  });

  test('the embedded upstream takes the style and the token that were set', async () => {
    const { url } = await startGateway({ env: { UPSTREAM_PAGINATION: 'cursor', UPSTREAM_TOKEN: 'token' } });
    expect(await ask(url, countQuery)).toEqual({ data: { catalogs: { totalCount: 1200 } } });
  });
});

describe('what cannot be started', () => {
  test('for wrong settings names every mistake at once, with no stack, and exits 1', async () => {
    const env = { PORT: 'many', UPSTREAM_URL: 'ftp://x', WORKERS: '4', ADMIN_TOKEN: 's3cret' };
    const { code, stdout, stderr } = await run([], { env });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.split('\n')).toEqual([
      '4 mistakes in the settings:',
      '  PORT: expected a whole number from 0 to 65535 (got "many")',
      '  UPSTREAM_URL: expected a URL that begins with http:// or https:// (got "ftp://x")',
      '  ADMIN_TOKEN: expected at least 16 letters, digits or characters of ._~+/-',
      '  WORKERS: above 1 needs a REDIS_URL: without Redis no process learns of changes made known to another (got "4")',
      '',
    ]);
  });

  test.each(['pretty', 'json'])('for a port in use says so in one line and exits 1, LOG_FORMAT=%s', async (format) => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await run(['serve'], { env: { PORT: String(port), LOG_FORMAT: format } });
    expect(stderr).toBe(`vitrine: listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`);
    expect(code).toBe(1);
  });

  test.each([
    ['that does not parse', 'typ Catalog {}', /Syntax Error/],
    ['with unknown types, several of them', 'type Query { a: Nowhere b: Elsewhere }', /Nowhere.*Elsewhere/],
    ['without the types that are served', 'extend type Query { a: Int }', /Query\.catalog/],
  ])('for a schema %s says so in one line and exits 1', async (_, sdl, words) => {
    const dir = await temporaryFolder('vitrine-schema-');
    await writeFile(join(dir, 'bad.graphql'), sdl);
    const { code, stderr } = await run(['serve'], { env: { PORT: '0', SCHEMA_DIR: dir } });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^vitrine: [^\n]+\n$/)]);
    expect(stderr).toMatch(words);
    expect(stderr).not.toMatch(/ {4}at /);
  });

  test('on a Node that is too old says which one is needed and exits 1', async (context) => {
    const old = nodeOfThePath();
    if (old === undefined || old.major >= 22) return context.skip('the Node on the PATH is no old one');
    const { code, stderr } = await run(['serve'], { node: old.path, env: { PORT: '0' } });
    expect(stderr).toMatch(/^Vitrine needs Node 22\.19 or newer; this is \d+\.\d+\.\d+\..*\n$/);
    expect(code).toBe(1);
  });
});

describe('started from anywhere', () => {
  test('another working directory makes no difference', async () => {
    const { url } = await startGateway({ cwd: await temporaryFolder('vitrine-elsewhere-') });
    expect(await ask(url, countQuery)).toEqual({ data: { catalogs: { totalCount: 1200 } } });
  });

  test('SCHEMA_DIR is looked up where the user stands', async () => {
    const cwd = await temporaryFolder('vitrine-elsewhere-');
    await cp(join(project, 'schema'), join(cwd, 'mine'), { recursive: true });
    const { url } = await startGateway({ cwd, env: { SCHEMA_DIR: 'mine' } });
    expect(await ask(url, countQuery)).toEqual({ data: { catalogs: { totalCount: 1200 } } });
  });

  test('the folder may have a space and other signs in its name', async () => {
    const home = join(await temporaryFolder('vitrine '), 'a folder #1 (100%)');
    await mkdir(home);
    for (const name of ['bin', 'src', 'schema', 'package.json']) {
      await cp(join(project, name), join(home, name), { recursive: true });
    }
    await symlink(join(project, 'node_modules'), join(home, 'node_modules'));
    const { url } = await startGateway({ cwd: home, home });
    expect(await ask(url, countQuery)).toEqual({ data: { catalogs: { totalCount: 1200 } } });
  });
});

/** The Node that a shell would run, had the install not brought one. */
function nodeOfThePath(): { path: string; major: number } | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  for (const path of folders.map((folder) => join(folder, 'node'))) {
    try {
      const version = execFileSync(path, ['--version'], { encoding: 'utf8', stdio: 'pipe' });
      return { path, major: Number(/^v(\d+)/.exec(version)?.[1]) };
    } catch (error) {
      // As a shell does, it goes on past what is not there or may not be run.
      if (!['ENOENT', 'EACCES', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  return undefined;
}
