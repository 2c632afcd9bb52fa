import { readFile } from 'node:fs/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { freePort, lanes } from './ports.ts';

const rangeFile = '/proc/sys/net/ipv4/ip_local_port_range';

test.runIf(process.platform === 'linux')(
  'a free port is none that the system gives a connection for its own end',
  async () => {
    const [first = 0] = (await readFile(rangeFile, 'utf8')).split(/\s+/).map(Number);
    const ports = await Promise.all(Array.from({ length: 50 }, () => freePort()));
    for (const port of ports) expect(port).toBeLessThan(first);
  },
);

test('a free port is given once, since whoever has it may not listen yet', async () => {
  const ports = new Set<number>();
  for (let time = 0; time < 200; time++) ports.add(await freePort());
  expect(ports.size).toBe(200);
});

test('a free port is none that another worker of the tests may be given', async () => {
  const lane = (await freePort()) % lanes;
  const ports = await Promise.all(Array.from({ length: 50 }, () => freePort()));
  for (const port of ports) expect(port % lanes).toBe(lane);
  onTestFinished(() => void vi.unstubAllEnvs());
  vi.stubEnv('VITEST_POOL_ID', String(Number(process.env.VITEST_POOL_ID) + 1));
  expect((await freePort()) % lanes).toBe((lane + 1) % lanes);
});
