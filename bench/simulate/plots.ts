/** Curves over the number of rows, one for each number of replicas, on logarithmic scales; as SVG, for light and dark. */

import { sayTimes } from '../support/say.ts';
import { svg } from '../support/svg.ts';

export type Panel = {
  title: string;
  /** At least two, over the same `x` in every panel of a figure. */
  curves: readonly { name: string; values: readonly number[] }[];
  /** Drawn across, with what it is. */
  limits: readonly { name: string; at: number }[];
  say: (value: number) => string;
};

export type Figure = { title: string; x: readonly number[]; sayX: (value: number) => string; panels: readonly Panel[] };

/** In pixels. */
const panelWidth = 380;
const panelHeight = 300;
const margin = { left: 64, right: 14, top: 34, bottom: 34 };
const legendHeight = 30;

export function figureOf({ title, x, sayX, panels }: Figure): string {
  const names = panels[0]?.curves.map(({ name }) => name) ?? [];
  const legend = names.map((name, index) => {
    const at = margin.left + index * 130;
    return `<path class="c${index}" d="M${at} 18h24"/><text x="${at + 30}" y="22">${name}</text>`;
  });
  const drawn = panels.map((panel, index) => {
    const inner = panelOf(panel, x, sayX);
    return `<g transform="translate(${index * panelWidth} ${legendHeight})">${inner}</g>`;
  });
  return svg({ title, width: panels.length * panelWidth, height: panelHeight + legendHeight }, [...legend, ...drawn]);
}

function panelOf({ title, curves, limits, say }: Panel, x: readonly number[], sayX: (value: number) => string): string {
  const values = [...curves.flatMap((curve) => curve.values), ...limits.map(({ at }) => at)].filter((v) => v > 0);
  const [low, high] = [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(Math.max(...values)))];
  const [from, to] = [Math.log10(x[0] as number), Math.log10(x.at(-1) as number)];
  const width = panelWidth - margin.left - margin.right;
  const height = panelHeight - margin.top - margin.bottom;
  const atX = (value: number) => margin.left + ((Math.log10(value) - from) / (to - from)) * width;
  const atY = (value: number) => margin.top + (1 - (Math.log10(value) - low) / (high - low)) * height;
  const right = panelWidth - margin.right;
  const rows = decades(low, high).map((value) => {
    const y = fixed(atY(value));
    return `<path class="grid" d="M${margin.left} ${y}H${right}"/><text class="small" text-anchor="end" x="${margin.left - 6}" y="${fixed(atY(value) + 4)}">${say(value)}</text>`;
  });
  const columns = decades(from, to).map((value) => {
    const [at, y] = [fixed(atX(value)), panelHeight - margin.bottom];
    return `<path class="grid" d="M${at} ${margin.top}V${y}"/><text class="small" text-anchor="middle" x="${at}" y="${y + 16}">${sayX(value)}</text>`;
  });
  const across = limits.map(({ name, at }) => {
    const y = atY(at);
    return `<path class="limit" d="M${margin.left} ${fixed(y)}H${right}"/><text class="over" x="${margin.left + 5}" y="${fixed(y - 4)}">${name}</text>`;
  });
  const lines = curves.map((curve, index) => {
    const points = curve.values.flatMap((value, at) =>
      value > 0 ? `${fixed(atX(x[at] as number))} ${fixed(atY(value))}` : [],
    );
    return points.length === 0 ? '' : `<path class="c${index}" d="M${points.join('L')}"/>`;
  });
  return [
    `<text class="title" x="${margin.left}" y="22">${title}</text>`,
    ...rows,
    ...columns,
    ...across,
    ...lines,
  ].join('\n');
}

/** A cell says what breaks first there, and how far it is over. */
type Cell = { times: number; says: string };

type Grid = {
  title: string;
  columns: readonly string[];
  rows: readonly { name: string; cells: readonly Cell[] }[];
};

export function gridOf({ title, columns, rows }: Grid): string {
  const cell = { left: 124, top: 44, width: 158, height: 58 };
  const heads = columns.map(
    (name, index) => `<text class="title" x="${cell.left + index * cell.width + 8}" y="34">${name}</text>`,
  );
  const body = rows.flatMap(({ name, cells }, row) => {
    const y = cell.top + row * cell.height;
    const head = `<text class="title" x="8" y="${y + 32}">${name}</text>`;
    return [
      head,
      ...cells.map(({ times, says }, column) => {
        const x = cell.left + column * cell.width;
        const box = `<rect class="${shadeOf(times)}" x="${x}" y="${y}" width="${cell.width - 3}" height="${cell.height - 3}" rx="4"/>`;
        const factor = times > 1 ? `${sayTimes(times)} over` : `at ${Math.round(100 * times)} %`;
        return `${box}<text x="${x + 8}" y="${y + 24}">${says}</text><text class="small" x="${x + 8}" y="${y + 42}">${factor}</text>`;
      }),
    ];
  });
  const size = { width: cell.left + columns.length * cell.width, height: cell.top + rows.length * cell.height + 4 };
  return svg({ title, ...size }, [...heads, ...body]);
}

function shadeOf(times: number): string {
  if (times <= 1) return 'ok';
  if (times <= 3) return 'near';
  return times <= 30 ? 'far' : 'beyond';
}

function decades(from: number, to: number): number[] {
  const step = Math.max(1, Math.ceil((to - from) / 7));
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => 10 ** (from + index * step));
}

function fixed(value: number): string {
  return value.toFixed(1);
}
