import { expect, test } from 'vitest';
import { GatewayLog } from './gateway-log.ts';

const warnLevel = 40;

test('the log of a gateway tells when it gave up on a collection that drifted, and on no other', () => {
  const log = new GatewayLog();
  const say = (line: object) => log.read(`${JSON.stringify({ level: warnLevel, time: Date.now(), ...line })}\n`);
  say({ event: 'collection.fill_failed', reason: 'catalogs: GET /catalogs answered 503' });
  say({ event: 'upstream.drift', reason: 'promised 6 rows and gave 5' });
  expect(log.drifts).toEqual([]);
  say({ event: 'collection.fill_failed', reason: 'catalogs: drifted in each of 3 drains, at last: promised 6 rows' });
  expect(log.drifts).toHaveLength(1);
  expect(log.mistakes).toEqual([]);
});
