/**
 * What happened in an experiment, as a picture (SVG): faults by what they befell, numbered by their kinds; answers of
 * each gateway by how they were; and what was wrong when.
 */
import type { Came } from './bring.ts';
import type { Finding, Outcome } from './experiment.ts';
import type { Fault } from './faults/index.ts';
import type { Span } from './gateway-log.ts';
import { type How, hows, type Mark } from './mark.ts';

const colours: Record<How, string> = {
  hit: '#4a7c59',
  read: '#8fb8de',
  'on error': '#e0a458',
  'coded error': '#c8553d',
  cut: '#555555',
};
const degradedColour = '#f6dede';
const faultColour = '#d8c4e8';
const wrongColour = '#b00020';

/** In pixels. */
const width = 1_200;
const left = 120;
const right = 20;
const faultHeight = 18;
const laneHeight = 76;
const gap = 8;
const columns = 240;
const kindHeight = 15;
const kindColumns = 3;

const faultLanes: readonly { name: string; of: readonly Fault['of'][] }[] = [
  { name: 'Redis', of: ['redis', 'all'] },
  { name: 'upstream', of: ['upstream', 'all'] },
  { name: 'gateways', of: ['gateway', 'all'] },
];

export function timelineOf(outcome: Outcome): string {
  const { plan, span, marks, came, findings, degraded } = outcome;
  const across = scaleOf(span);
  const kinds = kindsOf(came);
  const faultsTop = 48;
  const lanesTop = faultsTop + faultLanes.length * faultHeight + gap;
  const bottom = lanesTop + plan.replicas * (laneHeight + gap);
  const title = `${plan.replicas} gateways, Redis ${plan.redis}, seed ${plan.seed}: ${marks.length} answers, ${came.length} faults, ${findings.length} violations`;
  const parts = [
    text({ x: 16, y: 26, size: 15 }, title),
    ...faultLanes.flatMap(({ name, of }, index) => {
      const y = faultsTop + index * faultHeight;
      return [
        text({ x: 16, y: y + 12, size: 11 }, name),
        ...came
          .filter(({ fault }) => of.includes(fault.of))
          .map((one) => faultBox(one, { number: kinds.indexOf(one.fault) + 1, across, y })),
      ];
    }),
    ...degraded.flatMap((spans, replica) => {
      const y = lanesTop + replica * (laneHeight + gap);
      return [
        text({ x: 16, y: y + laneHeight / 2, size: 11 }, `gateway ${String.fromCharCode(65 + replica)}`),
        ...spans.map((one) => box({ ...across(one), y, height: laneHeight, fill: degradedColour })),
        ...answerBars(
          marks.filter((mark) => mark.replica === replica),
          { span, across, y },
        ),
      ];
    }),
    ...findings.map((finding) => findingMark(finding, across, lanesTop)),
    ...ticks(span, across, bottom + 12),
    ...legend(bottom + 36),
    ...namesOf(kinds, bottom + 62),
  ];
  const height = bottom + 60 + Math.ceil(kinds.length / kindColumns) * kindHeight;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif">`,
    `<title>${title}</title>`,
    '<rect width="100%" height="100%" fill="white"/>',
    ...parts,
    '</svg>\n',
  ].join('\n');
}

/** From times to where they lie in the picture. */
type Across = (span: Span) => { x: number; width: number };

function scaleOf({ fromMs, untilMs }: Span): Across {
  const at = (ms: number) => {
    const inside = Math.min(Math.max(ms, fromMs), untilMs);
    return left + ((inside - fromMs) / (untilMs - fromMs)) * (width - left - right);
  };
  return (span) => ({ x: at(span.fromMs), width: at(span.untilMs) - at(span.fromMs) });
}

/** Kinds of faults, numbered in the order in which they came. */
function kindsOf(came: readonly Came[]): Fault[] {
  return [...new Set(came.toSorted((a, b) => a.fromMs - b.fromMs).map(({ fault }) => fault))];
}

function namesOf(kinds: readonly Fault[], top: number): string[] {
  const rows = Math.ceil(kinds.length / kindColumns);
  return kinds.map(({ name }, index) => {
    const x = 16 + Math.floor(index / rows) * ((width - 16) / kindColumns);
    return text({ x, y: top + (index % rows) * kindHeight, size: 10 }, `${index + 1} ${name}`);
  });
}

type Drawn = { number: number; across: Across; y: number };

function faultBox({ fault, fromMs, untilMs, wellMs }: Came, { number, across, y }: Drawn): string {
  const { x, width } = across({ fromMs, untilMs });
  const lasted = `${fault.name}: ${seconds(untilMs - fromMs)}, all well ${seconds(wellMs - untilMs)} later`;
  const name = text({ x: x + 2, y: y + 11, size: 9 }, String(number));
  return `<g><title>${escapeText(lasted)}</title>${box({ x, width: Math.max(2, width), y, height: faultHeight - 3, fill: faultColour })}${name}</g>`;
}

/** Answers by when they were asked for, stacked by how they were. */
function answerBars(marks: readonly Mark[], { span, across, y }: { span: Span; across: Across; y: number }): string[] {
  const columnMs = (span.untilMs - span.fromMs) / columns;
  const columnOf = ({ askedMs }: Mark) =>
    Math.min(columns - 1, Math.max(0, Math.floor((askedMs - span.fromMs) / columnMs)));
  const byColumn = Map.groupBy(marks, columnOf);
  const highest = Math.max(1, ...byColumn.values().map(({ length }) => length));
  return [...byColumn].flatMap(([column, some]) => {
    const fromMs = span.fromMs + column * columnMs;
    let base = y + laneHeight;
    return hows.flatMap((how) => {
      const height = (some.filter((mark) => mark.how === how).length / highest) * laneHeight;
      base -= height;
      return height === 0
        ? []
        : box({ ...across({ fromMs, untilMs: fromMs + columnMs }), y: base, height, fill: colours[how] });
    });
  });
}

/** At the gateway that it was seen at, or above all. */
function findingMark({ atMs, replica = -1, kind, says }: Finding, across: Across, lanesTop: number): string {
  const { x } = across({ fromMs: atMs, untilMs: atMs });
  const y = replica < 0 ? lanesTop : lanesTop + replica * (laneHeight + gap) + 14;
  return `<g><title>${escapeText(`${kind}: ${says}`)}</title>${text({ x: x - 5, y, size: 14, fill: wrongColour }, '✖')}</g>`;
}

function ticks({ fromMs, untilMs }: Span, across: Across, y: number): string[] {
  const lengthMs = untilMs - fromMs;
  const stepMs = [1, 2, 5, 10, 20, 60, 120].map((s) => 1_000 * s).find((ms) => lengthMs / ms <= 14) ?? 300_000;
  return Array.from({ length: Math.floor(lengthMs / stepMs) + 1 }, (_, index) => {
    const atMs = fromMs + index * stepMs;
    return text({ x: across({ fromMs: atMs, untilMs: atMs }).x, y, size: 10 }, `${(index * stepMs) / 1_000} s`);
  });
}

function legend(y: number): string[] {
  const entries: [string, string][] = [
    ...hows.map((how): [string, string] => [how, colours[how]]),
    ['the change log is silent here', degradedColour],
    ['a fault', faultColour],
    ['a violation', wrongColour],
  ];
  return entries.flatMap(([name, fill], index) => {
    const x = left + index * 110 + (index > 5 ? 80 : 0);
    return [box({ x, width: 10, y: y - 9, height: 10, fill }), text({ x: x + 14, y, size: 11 }, name)];
  });
}

// ── SVG ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

type Box = { x: number; y: number; width: number; height: number; fill: string };

function box({ x, y, width, height, fill }: Box): string {
  const [a, b, c, d] = [x, y, width, height].map((number) => number.toFixed(1));
  return `<rect x="${a}" y="${b}" width="${c}" height="${d}" fill="${fill}"/>`;
}

function text(
  { x, y, size, fill = '#222' }: { x: number; y: number; size: number; fill?: string },
  words: string,
): string {
  return (
    words &&
    `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-size="${size}" fill="${fill}">${escapeText(words)}</text>`
  );
}

function escapeText(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
