/** What came of an experiment, for people: what was wrong and during which fault, and the counts. */
import { evidenceOf, percent } from './evidence.ts';
import { type Finding, type Outcome, troubleOf } from './experiment.ts';

/** Of those during the same faults: one mistake is seen by many readers. */
const shownAtMost = 5;

export function summaryOf(outcome: Outcome): string {
  const { counts, came, findings, marks, span, peak } = outcome;
  const { calm, good, hitRatio } = evidenceOf(outcome);
  const byFault = [...Map.groupBy(came, ({ fault }) => fault.name)].map(([name, some]) => `${some.length} × ${name}`);
  const byKind = [...Map.groupBy(findings, ({ kind }) => kind)].map(([kind, some]) => `${some.length} ${kind}`);
  const recoveries = came.map(({ overMs, wellMs }) => wellMs - overMs).sort((a, b) => a - b);
  // More than can be given as arguments.
  const slowestMs = marks.reduce((ms, { askedMs, answeredMs }) => Math.max(ms, answeredMs - askedMs), 0);
  const lines: [string, string][] = [
    ['lasted', `${Math.round((span.untilMs - span.fromMs) / 1_000)} s`],
    ['answers', `${marks.length}, the slowest after ${Math.round(slowestMs)} ms`],
    ['while nothing was at fault', `${calm}, of which ${percent(good / Math.max(1, calm))} fresh and trusted`],
    ['hit ratio', percent(hitRatio)],
    ['writes', `${counts.writes}; ${counts.acknowledged} of ${counts.told} changes acknowledged`],
    ['reads with a position', `${counts.behindAPosition}`],
    ['upstream reads', `${counts.rowReads} of rows, ${counts.pageReads} of pages`],
    ['held at most', `${peak.openFiles} open files, ${Math.round(peak.residentMb)} MB in a gateway`],
    ['well again after', `${Math.round(recoveries.at(-1) ?? 0)} ms at most`],
    ['faults', `${came.length}: ${byFault.join('; ')}`],
    ['violations', findings.length === 0 ? '0' : byKind.join(', ')],
  ];
  return lines.map(([name, value]) => `${name.padEnd(28)}${value}`).join('\n');
}

/** Each with its time since the beginning, below what was at fault then. */
export function describeFindings(outcome: Outcome, atMost = shownAtMost): string {
  const byFaults = Map.groupBy(outcome.findings, (finding) => duringOf(outcome, finding));
  return [...byFaults].flatMap(([during, some]) => describeSome(outcome, { during, some, atMost })).join('\n');
}

type Some = { during: string; some: readonly Finding[]; atMost: number };

function describeSome({ span }: Outcome, { during, some, atMost }: Some): string[] {
  const lines = some
    .slice(0, atMost)
    .map(({ atMs, kind, says }) => `  ${((atMs - span.fromMs) / 1_000).toFixed(1)} s, ${kind}: ${says}`);
  const left = some.length - lines.length;
  return [`${during}:`, ...lines, ...(left > 0 ? [`  and ${left} more`] : [])];
}

function duringOf({ came }: Outcome, { atMs }: Finding): string {
  const during = came.filter((one) => {
    const { fromMs, untilMs } = troubleOf(one);
    return fromMs <= atMs && atMs <= untilMs;
  });
  return during.map(({ fault }) => fault.name).join(' + ') || 'while nothing was at fault';
}

/** Times since the epoch, as the lines of gateways have them. */
export function storyOf(outcome: Outcome): string {
  const at = (ms: number) => String(Math.round(performance.timeOrigin + ms));
  const faults = outcome.came.map(
    ({ fault, struck, fromMs, overMs, untilMs, wellMs }) =>
      `${at(fromMs)} came, over ${at(overMs)}, done ${at(untilMs)}, well ${at(wellMs)}: ${fault.name} (${struck})`,
  );
  return [...faults, describeFindings(outcome, Number.POSITIVE_INFINITY), ''].join('\n');
}
