import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { freePort } from './ports.ts';

const rangeFile = '/proc/sys/net/ipv4/ip_local_port_range';

test.runIf(process.platform === 'linux')(
  'a free port is none that the system gives a connection for its own end',
  async () => {
    const [first = 0] = (await readFile(rangeFile, 'utf8')).split(/\s+/).map(Number);
    const ports = await Promise.all(Array.from({ length: 50 }, () => freePort()));
    for (const port of ports) expect(port).toBeLessThan(first);
  },
);
