/** Text as Vitrine compares it: the same on every machine, without ICU collation. */

const marks = /\p{M}/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII, controls included.
const ascii = /^[\u0000-\u007f]*$/;

/** How much of a text an order looks at, in code points. */
const sortedCodePoints = 128;

/** Without accents and case: NFKD, marks removed, lower case. */
export function fold(text: string): string {
  return ascii.test(text) ? text.toLowerCase() : text.normalize('NFKD').replace(marks, '').toLowerCase();
}

/** The sort key of a text: its folded form's first 128 code points. */
export function textKey(text: string): string {
  const folded = fold(text);
  return folded.length <= sortedCodePoints ? folded : Array.from(folded).slice(0, sortedCodePoints).join('');
}
