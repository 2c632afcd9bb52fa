/** Sales as a person reads them. */
import type { Sale } from './sales.ts';

const day = new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeZone: 'UTC' });

/** One line a sale, such as `Mar 4, 2026  Old maps  Fieldgate & Sons`. */
export function tableOf(sales: readonly Sale[]): string {
  if (sales.length === 0) return 'No sales to come.';
  const rows = sales.map(({ startDate, title, seller = 'seller not known' }) => [day.format(startDate), title, seller]);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')).join('\n');
}
