/** The `Link` header (RFC 8288, section 3): a list of targets in angle brackets, each with parameters. */

/** Where a link leads, and its parameters by lower-case name; of one given twice the first holds. */
export type Link = { target: string; parameters: ReadonlyMap<string, string> };

const separator = /[\s,]*/y;
const target = /<([^>]*)>/y;
// name, name=token or name="text", where a backslash in the text takes the next character as it is.
const parameter = /\s*;\s*(?:([!#$%&'*+\-.^_`|~\w]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]+)))?)?/y;
const endOfLink = /\s*(?=,|$)/y;

/** @throws {SyntaxError} For text that is no Link header: what cannot be read may have held the link that matters. */
export function parseLinkHeader(header: string): Link[] {
  const links: Link[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(header);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  for (take(separator); at < header.length; take(separator)) {
    const [, href] = take(target) ?? malformed(at);
    const parameters = new Map<string, string>();
    for (let match = take(parameter); match !== null; match = take(parameter)) {
      const [, name, quoted, token] = match;
      const key = name?.toLowerCase();
      if (key !== undefined && !parameters.has(key))
        parameters.set(key, quoted?.replace(/\\(.)/g, '$1') ?? token ?? '');
    }
    if (take(endOfLink) === null) malformed(at);
    links.push({ target: href ?? '', parameters });
  }
  return links;
}

/** @returns The target of the first link whose `rel` has this among its values; a link about another page is left out. */
export function findLink(links: readonly Link[], relation: string): string | undefined {
  return links.find(({ parameters }) => {
    const relations = parameters.get('rel')?.toLowerCase().split(/\s+/) ?? [];
    return relations.includes(relation) && !parameters.has('anchor');
  })?.target;
}

function malformed(at: number): never {
  throw new SyntaxError(`not a Link header, from character ${at} on`);
}
