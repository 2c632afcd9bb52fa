/** What came of faults, for people: the table of docs/testing.md, and what was wrong, a line each. */
import type { Signs } from './faults/index.ts';
import type { Violation } from './judge.ts';
import type { Resources } from './watch.ts';

/** What came of one fault. */
export type Report = {
  fault: string;
  /** Asked while it lasted, and answered. */
  requests: number;
  wrong: Violation[];
  late: Violation[];
  /** Answers with a coded error, and answers on error, while it lasted and until all was well. */
  withErrors: number;
  onError: number;
  /** From its end until all was well. */
  recoveredMs: number;
  /** Signs of it that were not seen. */
  untold: (keyof Signs)[];
  /** What gateways printed that they should not have. */
  mistakes: string[];
  /** The highest of any gateway. */
  peak: Resources;
};

const columns = ['fault', 'requests', 'wrong', 'late', 'coded errors', 'on error', 'well again after'] as const;

export function tableOf(reports: readonly Report[]): string {
  const rows = reports.map((report) => [
    report.fault,
    report.requests,
    report.wrong.length,
    report.late.length,
    report.withErrors,
    report.onError,
    `${(report.recoveredMs / 1000).toFixed(1)} s`,
  ]);
  const line = (cells: readonly unknown[]) => `| ${cells.join(' | ')} |`;
  return [line(columns), '|---|---:|---:|---:|---:|---:|---:|', ...rows.map(line)].join('\n');
}

/** What no gateway held more of, in all of them. */
export function peakOf(reports: readonly Report[]): string {
  const openFiles = Math.max(...reports.map(({ peak }) => peak.openFiles));
  const residentMb = Math.max(...reports.map(({ peak }) => peak.residentMb));
  return `At most ${openFiles} open files and sockets, and ${Math.round(residentMb)} MB, in a gateway.`;
}

/** What may not be, whatever fails. */
export function harmIn({ wrong, late, untold, mistakes }: Report): string[] {
  return [
    ...describeViolations([...wrong, ...late]),
    ...untold.map((sign) => `not told of in its sign ${sign}`),
    ...mistakes.map((line) => `printed ${line}`),
  ];
}

/** Some of them: one mistake is seen by many readers. */
function describeViolations(violations: readonly Violation[], atMost = 10): string[] {
  return violations.slice(0, atMost).map(describeViolation);
}

export function describeViolation({ says, answer }: Violation): string {
  const { by, question, askedMs, answeredMs, reply } = answer;
  const how = 'cut' in reply ? 'cut' : reply.cacheStatus;
  const tookMs = Math.round(answeredMs - askedMs);
  const when = `asked gateway ${by.replica} at ${Math.round(askedMs)}, answered after ${tookMs} ms`;
  return `${says}; ${when}: ${how}; ${JSON.stringify(question)}`;
}
