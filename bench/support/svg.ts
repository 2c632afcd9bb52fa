/** Pictures of the docs, for light and dark. */

const style = [
  'text{fill:#1b2733;font-size:12px}.title{font-weight:600;font-size:13px}.small{font-size:11px;fill:#486581}',
  '.page{fill:#fff}.grid{stroke:#d9e2ec}.limit{stroke:#ba2525;stroke-dasharray:6 4}.over{fill:#ba2525;font-size:11px}',
  'path{fill:none;stroke-width:2}.c0{stroke:#829ab1}.c1{stroke:#2bb0ed}.c2{stroke:#0f8613}.c3{stroke:#b44d12}',
  '.ok{fill:#e3f9e5}.near{fill:#fff3c4}.far{fill:#ffd0b5}.beyond{fill:#ffb8b8}',
  '@media(prefers-color-scheme:dark){text{fill:#f0f4f8}.small{fill:#bcccdc}.page{fill:#1f2933}.grid{stroke:#3e4c59}',
  '.limit{stroke:#f86a6a}.over{fill:#f86a6a}.c0{stroke:#bcccdc}.c1{stroke:#5ed0fa}.c2{stroke:#57ae5b}.c3{stroke:#f9703e}',
  '.ok{fill:#1f5132}.near{fill:#6b4e00}.far{fill:#84361a}.beyond{fill:#8a041a}}',
].join('');

export function svg(
  { title, width, height }: { title: string; width: number; height: number },
  parts: readonly string[],
): string {
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif">`;
  const page = '<rect class="page" width="100%" height="100%"/>';
  return [head, `<title>${title}</title>`, `<style>${style}</style>`, page, ...parts, '</svg>\n'].join('\n');
}
