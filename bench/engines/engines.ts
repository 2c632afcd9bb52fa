/** Who is measured. */

export type Subject = {
  name: string;
  title: string;
  kind: 'vitrine' | 'peer' | 'floor';
  /** Address of the module that opens it (`OpenEngine`), which the process loads that runs it. */
  module: string;
  /** What it is made of, beside Vitrine. */
  packages: readonly string[];
  /** Takes part where rows are held in memory, and nowhere else. */
  isForMemoryAlone?: true;
};

export const subjects: readonly Subject[] = [
  { name: 'vitrine', title: 'Vitrine', kind: 'vitrine', module: addressOf('vitrine.ts'), packages: [] },
  { name: 'bytes', title: 'the bytes alone', kind: 'floor', module: addressOf('bytes.ts'), packages: [] },
  { name: 'decoded', title: 'the bytes, decoded', kind: 'floor', module: addressOf('decoded.ts'), packages: [] },
  peer('bentocache', 'BentoCache', ['bentocache', 'ioredis']),
  // Once it has taken a row over from Redis, it fails to give it from memory (1.6.1).
  { ...peer('bentocache-values', 'BentoCache, `serialize: false`', ['bentocache', 'ioredis']), isForMemoryAlone: true },
  peer('async-cache-dedupe', 'async-cache-dedupe', ['async-cache-dedupe', 'ioredis']),
  peer('cacheable', 'Cacheable', ['cacheable', '@keyv/redis', '@qified/redis']),
  peer('keyv', 'Keyv', ['keyv', '@keyv/redis']),
];

/** Plain JavaScript, beside the packages that it needs. */
function peer(name: string, title: string, packages: readonly string[]): Subject {
  return { name, title, kind: 'peer', module: addressOf(`../peers/engines/${name}.js`), packages };
}

function addressOf(path: string): string {
  return new URL(path, import.meta.url).href;
}
