/**
 * The rooms of `src/`: imports run one way. Biome holds the directions (`biome.json`); this holds Biome to them, by
 * planting every import that is not allowed and seeing it refused.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** From the top down, as src/README.md draws them. */
const rooms = ['cli', 'server', 'graphql', 'catalog', 'data', 'upstream', 'cache', 'telemetry'];

/** What a room may not import though it lies below, or may not import at all. */
const barred: [room: string, imports: string][] = [
  ['server', '../catalog/catalogs.ts'],
  ['server', '../gateway.ts'],
  ['cache', '../embedded/index.ts'],
  ['embedded', '../cache/clock.ts'],
  ['cache', 'undici'],
  ['data', '@redis/client'],
  ['graphql', 'fastify'],
  ['catalog', 'graphql'],
];

const upwards = rooms.flatMap((room, index) =>
  rooms.slice(0, index).map((above): [string, string] => [room, `../${above}/planted.ts`]),
);

/** @returns Which of the planted files Biome refuses for what they import. */
async function refused(planted: [room: string, imports: string][]): Promise<Set<string>> {
  const dir = await mkdtemp(join(tmpdir(), 'vitrine rooms '));
  try {
    await cp('biome.json', join(dir, 'biome.json'));
    await symlink(join(process.cwd(), 'node_modules'), join(dir, 'node_modules'));
    for (const [index, [room, imports]] of planted.entries()) {
      await mkdir(join(dir, 'src', room), { recursive: true });
      await writeFile(
        join(dir, 'src', room, `planted${index}.ts`),
        `import type { X } from '${imports}';\nexport type Y = X;\n`,
      );
    }
    const output = await new Promise<string>((resolve) => {
      const args = ['lint', '--reporter=json', '--max-diagnostics=none', '--only=style/noRestrictedImports', '.'];
      execFile(join(process.cwd(), 'node_modules/.bin/biome'), args, { cwd: dir }, (_failed, stdout) =>
        resolve(stdout),
      );
    });
    return new Set(output.match(/src\/\w+\/planted\d+\.ts/g));
  } finally {
    await rm(dir, { recursive: true });
  }
}

describe('rooms', () => {
  it('may not import what lies above them, nor what they must not know', async () => {
    const planted = [...upwards, ...barred];
    expect([...(await refused(planted))].sort()).toEqual(
      planted.map(([room], i) => `src/${room}/planted${i}.ts`).sort(),
    );
  });

  it('may import what lies below them', async () => {
    const downwards = rooms.flatMap((room, index) =>
      rooms
        .slice(index + 1)
        .filter((below) => !(room === 'server' && below === 'catalog'))
        .map((below): [string, string] => [room, `../${below}/planted.ts`]),
    );
    expect(await refused(downwards)).toEqual(new Set());
  });

  it('each say in a README what they know and what they must not', async () => {
    const folders = (await readdir('src', { withFileTypes: true })).filter((entry) => entry.isDirectory());
    expect(folders.map(({ name }) => name).sort()).toEqual([...rooms, 'embedded'].sort());
    for (const { name } of folders) {
      expect(await readFile(`src/${name}/README.md`, 'utf8'), name).toMatch(/must not know/i);
    }
  });
});
