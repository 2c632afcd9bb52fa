/** Parts of a page that are generated: each stands between two comments that name it. */

/** @throws When the page has no place for one of them. */
export function replaceBlocks(page: string, blocks: ReadonlyMap<string, string>): string {
  return [...blocks].reduce((text, [name, block]) => {
    const [begin, end] = [`<!-- generated: ${name} -->`, `<!-- end: ${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`the page has no place for ${name}`);
    return `${text.slice(0, from)}${begin}\n${block}\n${text.slice(to)}`;
  }, page);
}
