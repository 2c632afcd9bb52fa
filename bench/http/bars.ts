/** One bar for each server, with the lowest and the highest round, on a plain scale from zero. */
import { svg } from '../support/svg.ts';

export type Bar = { name: string; shade: 'vitrine' | 'peer' | 'ceiling'; value: number; low: number; high: number };

/** In pixels. */
const left = 370;
const width = 940;
const barHeight = 16;
const rowHeight = 24;
const top = 40;
/** For the number behind the longest bar. */
const right = 70;

const style = [
  '.vitrine{fill:#2bb0ed}.peer{fill:#829ab1}.ceiling{fill:#d9e2ec}.range{stroke:#1b2733;stroke-width:1}',
  '@media(prefers-color-scheme:dark){.ceiling{fill:#52606d}.range{stroke:#f0f4f8}}',
].join('');

export function barsOf({ title, unit, bars }: { title: string; unit: string; bars: readonly Bar[] }): string {
  const most = Math.max(...bars.map(({ high }) => high));
  const atX = (value: number) => left + (value / most) * (width - left - right);
  const rows = bars.flatMap(({ name, shade, value, low, high }, index) => {
    const y = top + index * rowHeight;
    const middle = y + barHeight / 2;
    return [
      `<text text-anchor="end" x="${left - 8}" y="${y + 13}">${escaped(name)}</text>`,
      `<rect class="${shade}" x="${left}" y="${y}" width="${(atX(value) - left).toFixed(1)}" height="${barHeight}" rx="2"/>`,
      `<path class="range" d="M${atX(low).toFixed(1)} ${middle}H${atX(high).toFixed(1)}"/>`,
      `<text class="small" x="${(atX(high) + 6).toFixed(1)}" y="${y + 12}">${Math.round(value).toLocaleString('en')}</text>`,
    ];
  });
  const heading = `<text class="title" x="8" y="22">${escaped(title)} (${unit})</text>`;
  return svg({ title: escaped(title), width, height: top + bars.length * rowHeight + 8 }, [
    `<style>${style}</style>`,
    heading,
    ...rows,
  ]);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
