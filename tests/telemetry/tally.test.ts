/** Tallies: what prom-client shows is what was counted, whenever it is read. */
import fc from 'fast-check';
import { Counter, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { Tally } from '../../src/telemetry/tally.ts';

/** Values that one label has in common with the other. */
const value = fc.constantFrom('a', 'b', 'ab', '');
const steps = fc.array(fc.oneof(fc.record({ one: value, two: value }), fc.constant('read' as const)));

/** Whatever was counted first. */
const linesOf = async (registry: Registry) => (await registry.metrics()).split('\n').sort();

test('shows what a counter of prom-client shows that was told each time', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (steps) => {
      const [counted, told] = [new Registry(), new Registry()];
      const options = { name: 'things', help: 'Things.', labelNames: ['one', 'two'] as const };
      const tally = new Tally({ ...options, registers: [counted] });
      const counter = new Counter({ ...options, registers: [told] });
      for (const step of [...steps, 'read'] as const) {
        if (step === 'read') {
          expect(await linesOf(counted)).toEqual(await linesOf(told));
        } else {
          tally.inc(step);
          counter.inc(step);
        }
      }
      const { values } = await tally.get();
      expect(values.reduce((sum, { value }) => sum + value, 0)).toBe(steps.filter((step) => step !== 'read').length);
    }),
  );
});
