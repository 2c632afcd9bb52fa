/** A gateway stands still, dies, or begins where there is nothing to begin with. */
import { setTimeout as delay } from 'node:timers/promises';
import { flush } from '../redis.ts';
import { coherenceMs } from '../settings.ts';
import { type Fault, toUpstreamLines } from './fault.ts';

export const gatewayFaults: readonly Fault[] = [
  {
    name: 'a gateway paused (SIGSTOP), again and again',
    of: 'gateway',
    cause: async (_at, { struck: { gateway } }) => {
      gateway.pause();
      await delay(1.5 * coherenceMs);
      gateway.resume();
    },
    againEveryMs: 200,
    stops: true,
    // What it waited for is late when it wakes, and it cannot tell that from an upstream that hangs.
    upstreamFails: 'all',
    tells: {},
  },
  {
    name: 'a gateway killed, and started again',
    of: 'gateway',
    cause: (_at, { struck: { gateway } }) => gateway.kill(),
    heal: (_at, { struck: { gateway } }) => gateway.start(),
    stops: true,
    tells: {},
  },
  {
    name: 'a gateway started while upstream is down and Redis empty',
    of: 'all',
    cause: async (at, { struck: { gateway } }) => {
      toUpstreamLines((line) => line.refuse())(at);
      await flush(at.redis);
      await gateway.kill();
      await gateway.start();
    },
    heal: toUpstreamLines((line) => line.pass()),
    upstreamFails: 'all',
    stops: true,
    tells: { readyz: (_checks, status) => status === 'unready', answer: /UPSTREAM_UNAVAILABLE/ },
  },
];
