/** Tables in Markdown. */

/** @param rule - The line below the heads, which says where cells are aligned. */
export function tableOf(heads: readonly string[], rule: string, lines: readonly string[]): string {
  return lines.length === 0 ? 'Not measured.' : [lineOf(heads), rule, ...lines].join('\n');
}

export function lineOf(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

export function inCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ').slice(0, 300);
}
