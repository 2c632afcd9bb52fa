/** Curves over the number of rows, one for each number of replicas, on logarithmic scales; as SVG, for light and dark. */

import { sayTimes } from './say.ts';

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

const style = [
  'text{fill:#1b2733;font-size:12px}.title{font-weight:600;font-size:13px}.small{font-size:11px;fill:#486581}',
  '.page{fill:#fff}.grid{stroke:#d9e2ec}.limit{stroke:#ba2525;stroke-dasharray:6 4}.over{fill:#ba2525;font-size:11px}',
  'path{fill:none;stroke-width:2}.c0{stroke:#829ab1}.c1{stroke:#2bb0ed}.c2{stroke:#0f8613}.c3{stroke:#b44d12}',
  '.ok{fill:#e3f9e5}.near{fill:#fff3c4}.far{fill:#ffd0b5}.beyond{fill:#ffb8b8}',
  '@media(prefers-color-scheme:dark){text{fill:#f0f4f8}.small{fill:#bcccdc}.page{fill:#1f2933}.grid{stroke:#3e4c59}',
  '.limit{stroke:#f86a6a}.over{fill:#f86a6a}.c0{stroke:#bcccdc}.c1{stroke:#5ed0fa}.c2{stroke:#57ae5b}.c3{stroke:#f9703e}',
  '.ok{fill:#1f5132}.near{fill:#6b4e00}.far{fill:#84361a}.beyond{fill:#8a041a}}',
].join('');

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

function svg(
  { title, width, height }: { title: string; width: number; height: number },
  parts: readonly string[],
): string {
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif">`;
  const page = '<rect class="page" width="100%" height="100%"/>';
  return [head, `<title>${title}</title>`, `<style>${style}</style>`, page, ...parts, '</svg>\n'].join('\n');
}

function decades(from: number, to: number): number[] {
  const step = Math.max(1, Math.ceil((to - from) / 7));
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => 10 ** (from + index * step));
}

function fixed(value: number): string {
  return value.toFixed(1);
}
