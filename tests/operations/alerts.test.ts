/**
 * The alerts of `ops/prometheus/`: promtool plays each one's cases, in which it fires and in which it stays silent.
 * Beside that stands what promtool does not see: alerts without a case, metrics that nobody counts. The queries of the
 * operations guide are read by promtool here too, as this file alone may have to install it.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { parse, stringify } from 'yaml';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { lackOfPromtool } from '../support/setup.ts';

type Rule = {
  record?: string;
  alert?: string;
  expr: string;
  for?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
};
type Rules = { groups: { name: string; rules: Rule[] }[] };
type Cases = { tests: { alert_rule_test: { alertname: string; exp_alerts: object[] }[] }[] };

const folder = join(import.meta.dirname, '../../ops/prometheus');
const read = (name: string) => readFile(join(folder, name), 'utf8');

const rules = parse(await read('alerts.yml')) as Rules;
const cases = await read('alerts.test.yml');
const rulesIn = ({ groups }: Rules) => groups.flatMap((group) => group.rules);
const alerts = rulesIn(rules).filter(({ alert }) => alert !== undefined);
const names = alerts.map(({ alert }) => alert).toSorted();

describe('each alert', () => {
  const played = (parse(cases) as Cases).tests.flatMap((test) => test.alert_rule_test);
  const namesOf = (those: typeof played) => [...new Set(those.map(({ alertname }) => alertname))].toSorted();

  it('has a case in which it fires', () => {
    expect(namesOf(played.filter(({ exp_alerts }) => exp_alerts.length > 0))).toEqual(names);
  });

  it('has a case in which it stays silent', () => {
    expect(namesOf(played.filter(({ exp_alerts }) => exp_alerts.length === 0))).toEqual(names);
  });

  it.each(alerts)('$alert says what is wrong, where to look first, how long it waits and whom it wakes', (alert) => {
    expect(Object.keys(alert.annotations ?? {})).toEqual(['summary', 'description']);
    expect(alert.annotations?.description).toMatch(/^Look first at /);
    expect(alert.for).toMatch(/^\d+m$/);
    expect(alert.labels?.severity).toMatch(/^(critical|warning)$/);
  });

  it('stands on metrics that are counted, and on recordings of this file', async () => {
    const counted = (await createMetrics().registry.getMetricsAsJSON()).map(({ name }) => name);
    const recorded = rulesIn(rules).flatMap(({ record }) => record ?? []);
    const text = rulesIn(rules)
      .flatMap(({ expr, annotations = {} }) => [expr, ...Object.values(annotations)])
      .join('\n');
    const named = [...text.matchAll(/\bvitrine[_:][a-z0-9_:]+/g)].map(([name]) => name);
    const histograms = named.map((name) => name.replace(/_(bucket|count|sum)$/, ''));
    expect(histograms.filter((name) => !counted.includes(name) && !recorded.includes(name))).toEqual([]);
    expect(histograms.length).toBeGreaterThan(alerts.length);
  });
});

describe('promtool', () => {
  let lack: string | undefined;
  beforeAll(() => {
    lack = lackOfPromtool();
  }, 300_000);
  const needsPromtool = (context: TestContext) => context.skip(lack !== undefined, lack);

  /** Runs promtool on one of these files, in a folder of their own; gives what it says when it is not content. */
  async function complaints(command: 'test' | 'check', file: string, texts: Record<string, string>): Promise<string> {
    const dir = await mkdtemp(join(tmpdir(), 'vitrine-alerts-'));
    try {
      for (const [name, text] of Object.entries(texts)) await writeFile(join(dir, name), text);
      await promisify(execFile)('promtool', [command, 'rules', join(dir, file)]);
      return '';
    } catch (thrown) {
      const { stdout = '', stderr = '' } = thrown as { stdout?: string; stderr?: string };
      return stdout + stderr || String(thrown);
    } finally {
      await rm(dir, { recursive: true });
    }
  }

  /** Of the cases, when they are held against these rules. */
  const play = (changed: Rules) =>
    complaints('test', 'alerts.test.yml', { 'alerts.yml': stringify(changed), 'alerts.test.yml': cases });

  /** The rules, with another condition for every alert. */
  const withCondition = (expr: string): Rules => ({
    groups: rules.groups.map(({ name, rules }) => ({
      name,
      rules: rules.map((rule) => (rule.alert === undefined ? rule : { ...rule, expr })),
    })),
  });
  const blamed = (said: string) =>
    [...new Set([...said.matchAll(/alertname: ?"?(\w+)/g)].map(([, name]) => name))].toSorted();

  it('finds that every alert fires where it should, and nowhere else', async (context) => {
    needsPromtool(context);
    expect(await play(rules)).toBe('');
  });

  it.for([
    ['never fires', 'vector(0) > 0'],
    ['always fires', 'vector(1)'],
  ] as const)('would find an alert that %s', async ([, expr], context) => {
    needsPromtool(context);
    expect(blamed(await play(withCondition(expr)))).toEqual(names);
  });

  it('can read every query of the operations guide', async (context) => {
    needsPromtool(context);
    const guide = await readFile(join(folder, '../../docs/operations.md'), 'utf8');
    const queries = [...guide.matchAll(/```promql\n(.*?)\n```/gs)].flatMap(([, block = '']) => block.split('\n'));
    expect(queries.length).toBeGreaterThan(10);
    const check = (exprs: string[]) => {
      const rules = exprs.map((expr, index) => ({ record: `query:${index}`, expr }));
      return complaints('check', 'guide.yml', { 'guide.yml': stringify({ groups: [{ name: 'guide', rules }] }) });
    };
    expect(await check(queries)).toBe('');
    expect(await check(['rate(vitrine_changes_total)'])).not.toBe('');
  });
});
