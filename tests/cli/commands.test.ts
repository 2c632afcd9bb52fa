import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { listSettings } from '../../src/config.ts';
import { freePort } from '../support/ports.ts';
import { run, start, startGateway } from './support.ts';

const adminToken = 'token-of-the-tests';

async function fileWith(text: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'vitrine-data-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const file = join(dir, 'rows.json');
  await writeFile(file, text);
  return file;
}

describe('--help', () => {
  test.each([[['--help']], [['serve', '--help']], [['help', 'serve']]])(
    '%j lists every setting with its default and exits 0',
    async (args) => {
      const { code, stdout, stderr } = await run(args);
      expect([code, stderr]).toEqual([0, '']);
      const lines = stdout.split('\n');
      for (const { name, default: fallback } of listSettings()) {
        expect(lines.find((line) => line.startsWith(`  ${name} `))).toMatch(`[${fallback}]`);
      }
    },
  );

  test('names the commands', async () => {
    expect((await run(['--help'])).stdout).toMatch(/^ {2}serve .*^ {2}upstream .*^ {2}invalidate /ms);
  });

  test.each([
    ['upstream', '--trailing-slash'],
    ['invalidate', '--dry-run'],
  ])('%s --help tells its options and exits 0', async (command, option) => {
    const { code, stdout } = await run([command, '--help']);
    expect([code, stdout]).toEqual([0, expect.stringContaining(option)]);
    expect(stdout).not.toContain('UPSTREAM_PAGE_SIZE');
  });
});

describe('wrong usage exits 2 with a hint', () => {
  test.each([
    [['upstraem'], "error: unknown command 'upstraem'\n(Did you mean upstream?)"],
    [['--port', '1'], "error: unknown option '--port'"],
    [['serve', '--dry-rum'], "error: unknown option '--dry-rum'"],
    [['serve', 'now'], "error: too many arguments for 'serve'"],
    [['invalidate'], "error: missing required argument 'type'"],
    [['invalidate', 'catalog'], 'error: give ids, or --all'],
    [['invalidate', 'catalog', '42', '--all'], 'error: give ids, or --all, not both'],
    [['invalidate', 'catalog', '42', '--dry-rum'], "error: unknown option '--dry-rum'\n(Did you mean --dry-run?)"],
    [['invalidate', 'catalog', '42', '--url', 'nowhere'], "error: option '--url <url>' argument 'nowhere' is invalid."],
    [['upstream', '--port', '1e9'], "error: option '--port <port>' argument '1e9' is invalid."],
    [['upstream', '--max-page-size', '0'], "error: option '--max-page-size <rows>' argument '0' is invalid."],
    [['upstream', '--style', 'pages'], "error: option '--style <style>' argument 'pages' is invalid."],
  ])('%j', async (args, words) => {
    const { code, stdout, stderr } = await run(args, { env: { ADMIN_TOKEN: adminToken } });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(words);
    expect(stderr).toContain('--help');
    expect(stderr).not.toMatch(/ {4}at /);
  });
});

describe('upstream', () => {
  const listening = /^(http:\S+) serves (.*); PUT/m;

  test('serves the catalogue until it is told to stop', async () => {
    const program = start(['upstream', '--port', '0']);
    const [, url = '', sizes] = await program.says(listening);
    expect(sizes).toBe('60 sellers, 1200 catalogs');
    const page = (await (await fetch(`${url}/catalogs?page_size=2`)).json()) as { items: unknown[] };
    expect(page).toMatchObject({ page: 1, page_size: 2, total_items: 1200, items: [{}, {}] });
    program.send('SIGTERM');
    expect(await program.ended()).toMatchObject({ code: 0, stderr: '' });
  });

  test('serves rows of a file, in another style, with slashes at the end', async () => {
    const data = await fileWith(JSON.stringify({ things: [{ id: 1 }, { id: 'b' }, { id: 3 }] }));
    const args = ['--style', 'next-link', '--trailing-slash', '--max-page-size', '2', '--data', data];
    const [, url = '', sizes] = await start(['upstream', '--port', '0', ...args]).says(listening);
    expect(sizes).toBe('3 things');
    const response = await fetch(`${url}/things`);
    expect(response.url).toBe(`${url}/things/`);
    expect(await response.json()).toMatchObject({ count: 3, previous: null, results: [{ id: 1 }, { id: 'b' }] });
  });

  test.each([
    ['is not there', undefined, /no such file/],
    ['is no JSON', 'catalogs:\n  - 1\n', /is not JSON/],
    ['holds no lists', '{"catalogs": 1}', /lists of rows by name.*catalogs/],
    ['holds a row without id', '{"catalogs": [{"id": 1}, {"title": "x"}]}', /catalogs\[1\]\.id/],
  ])('with a file that %s says so in one line and exits 1', async (_, text, words) => {
    const data = text === undefined ? '/nowhere/rows.json' : await fileWith(text);
    const { code, stderr } = await run(['upstream', '--port', '0', '--data', data]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^vitrine: [^\n]*rows\.json[^\n]*\n$/)]);
    expect(stderr).toMatch(words);
  });

  test('on a port in use says so in one line and exits 1', async () => {
    const [, url = ''] = await start(['upstream', '--port', '0']).says(listening);
    const { code, stderr } = await run(['upstream', '--port', new URL(url).port]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^vitrine: listen EADDRINUSE[^\n]+\n$/)]);
  });
});

describe('invalidate', () => {
  async function invalidate(args: string[], env: Record<string, string> = { ADMIN_TOKEN: adminToken }) {
    const { url } = await startGateway({ env: { ADMIN_TOKEN: adminToken } });
    return run(['invalidate', ...args, '--url', `${url}/`], { env });
  }

  test('prints what the gateway did and exits 0', async () => {
    const { code, stdout, stderr } = await invalidate(['catalog', '42', 'no-such', '--reason', 'a test']);
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ type: 'catalog', ids: 2, all: false, refreshed: 1, missing: 1 });
  });

  test('of all, purged, does so', async () => {
    const { code, stdout } = await invalidate(['seller', '--all', '--purge']);
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ type: 'seller', all: true })]);
  });

  test('as a dry run changes nothing and says so', async () => {
    const { code, stdout } = await invalidate(['catalog', '42', '--dry-run']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ ids: 1, refreshed: 0, position: null, dryRun: true });
  });

  test.each([
    ['the token is wrong', ['catalog', '42'], { ADMIN_TOKEN: 's3cret-but-wrong-one' }, /401/],
    ['there is no such type', ['lot', '42'], undefined, /400.*expected one of catalog, seller/],
    ['ADMIN_TOKEN is not set', ['catalog', '42'], {}, /ADMIN_TOKEN is not set/],
  ])('says so in one line and exits 1 when %s', async (_, args, env, words) => {
    const { code, stdout, stderr } = await invalidate(args, env);
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(/^vitrine: [^\n]+\n$/)]);
    expect(stderr).toMatch(words);
    expect(stderr).not.toContain('s3cret');
  });

  test.each(['127.0.0.1', 'localhost'])('says so in one line and exits 1 when nothing listens at %s', async (host) => {
    const url = `http://${host}:${await freePort()}`;
    const { code, stderr } = await run(['invalidate', 'catalog', '1', '--url', url], {
      env: { ADMIN_TOKEN: adminToken },
    });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^vitrine: http:[^\n]+\n$/)]);
    expect(stderr).toMatch(`${url}/admin/invalidate cannot be reached: `);
    expect(stderr).toMatch('ECONNREFUSED');
  });
});
