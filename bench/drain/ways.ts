/** Who pulls: an HTTP client by itself, and Vitrine, once with what it does to be safe and once with all that it makes. */

export type Way = {
  name: string;
  title: string;
  kind: 'client' | 'vitrine';
  /** Address of the module that opens it (`OpenWay`), which the process loads that runs it. */
  module: string;
  /** Leaves what it pulled in Redis as well. */
  isOnRedis?: true;
};

export const ways: readonly Way[] = [
  { name: 'bytes', title: 'the client alone, bodies read as bytes', kind: 'client', module: addressOf('bytes.ts') },
  { name: 'client', title: 'the client alone, bodies parsed', kind: 'client', module: addressOf('client.ts') },
  {
    name: 'checked',
    title: 'the client alone, bodies parsed and rows checked',
    kind: 'client',
    module: addressOf('checked.ts'),
  },
  { name: 'drain', title: 'Vitrine, a drain thrown away', kind: 'vitrine', module: addressOf('thrown-away.ts') },
  { name: 'memory', title: 'Vitrine, until a page is served', kind: 'vitrine', module: addressOf('in-memory.ts') },
  {
    name: 'redis',
    title: 'Vitrine on Redis, until a page is served',
    kind: 'vitrine',
    module: addressOf('on-redis.ts'),
    isOnRedis: true,
  },
];

function addressOf(file: string): string {
  return new URL(file, import.meta.url).href;
}
