/** P4: identical operations under way share one execution, and none that began before something changed. */
import { beforeEach, describe, expect, it } from 'vitest';
import { Answers } from '../../src/data/answers.ts';
import { Journal } from '../../src/data/journal.ts';
import type { CompiledOperation, CompiledOperations } from '../../src/graphql/index.ts';
import { type Answer, AnswerPath, type Asked } from '../../src/server/answer-path.ts';
import { Conclusion } from '../../src/server/conclusion.ts';
import { openExchange } from '../../src/server/exchange.ts';
import { ResponseCache } from '../../src/server/response-cache.ts';
import { startTelemetry } from '../../src/telemetry/index.ts';
import { ManualClock } from './support.ts';

type Result = { data: { n: number } };

const policy = { maxAgeMs: 60_000, staleWhileRevalidateMs: 0, staleIfErrorMs: 0, scope: 'PUBLIC' } as const;

let journal: Journal;
let runs: PromiseWithResolvers<Result>[];
let ask: (asked: Partial<Asked>) => Promise<Answer | undefined>;
let joined: () => Promise<number>;

beforeEach(() => {
  runs = [];
  journal = new Journal();
  const clock = new ManualClock();
  const telemetry = startTelemetry({ level: 'silent', format: 'json' });
  const { metrics } = telemetry;
  const answers = new Answers({ follower: { trusted: true, now: () => clock.now() }, journal, resources: [] });
  const operation: CompiledOperation = {
    id: 1,
    name: undefined,
    policy,
    run: () => {
      const running = Promise.withResolvers<Result>();
      runs.push(running);
      return running.promise as ReturnType<CompiledOperation['run']>;
    },
  };
  const path = new AnswerPath({
    answers,
    operations: { find: () => operation } as unknown as CompiledOperations,
    conclusion: new Conclusion(telemetry, clock),
    resources: [],
    metrics,
    cache: new ResponseCache({ answers, metrics, maxBytes: 1_000_000 }),
  });
  ask = async (asked) => {
    const exchange = openExchange({ requestId: 'r', clock, timeoutMs: 1_000, basis: answers.begin() });
    const text = { query: '{ n }', operationName: null };
    return path.answer({ text, variables: {}, contentType: 'application/json', again: undefined, ...asked }, exchange);
  };
  joined = async () => {
    const { values } = await metrics.responseCache.get();
    return values.find(({ labels }) => labels.outcome === 'coalesced')?.value ?? 0;
  };
});

const bodyOf = (answer: Answer | undefined) => answer?.representation.in('identity').toString();
const land = () => {
  for (const [index, run] of runs.entries()) run.resolve({ data: { n: index + 1 } });
};

describe('an operation under way', () => {
  it.each([
    ['the first time', undefined],
    ['again', 'as it came'],
  ])('that was asked for %s is shared by those who ask the same meanwhile', async (_name, again) => {
    const asking = [ask({ again }), ask({ again: 'as it came' }), ask({ again: 'in another form' })];
    land();
    expect((await Promise.all(asking)).map(bodyOf)).toEqual(Array(3).fill('{"data":{"n":1}}\n'));
    expect([runs.length, await joined()]).toEqual([1, 2]);
  });

  it('is not shared by those who ask once something has changed', async () => {
    const before = ask({});
    journal.note({ kind: 'row', resource: 'thing', id: '1' });
    const after = ask({ again: 'as it came' });
    land();
    expect([await before, await after].map(bodyOf)).toEqual(['{"data":{"n":1}}\n', '{"data":{"n":2}}\n']);
    expect(await joined()).toBe(0);
  });

  it.each([
    ['other variables', { variables: { id: '1' } }],
    ['another form of the answer', { contentType: 'application/graphql-response+json' }],
  ])('is not shared by those who ask for %s', async (_name, other) => {
    const asking = [ask({}), ask({ again: 'as it came', ...other })];
    land();
    await Promise.all(asking);
    expect([runs.length, await joined()]).toEqual([2, 0]);
  });

  it('is not shared any more once it is over', async () => {
    const first = ask({});
    land();
    await first;
    const second = ask({ again: 'as it came' });
    land();
    expect(bodyOf(await second)).toBe('{"data":{"n":2}}\n');
  });
});
