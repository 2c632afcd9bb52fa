/** All that a gateway does in Redis and asks of sentinels, and so all that an operator need grant; `docs/operations.md` says the same. */
const keys = '~{vitrine}:* ~vitrine:* -@all';
const everywhere = `+ping +info +time +eval +evalsha +get +set +del +exists +pexpire +hget +hset +hgetall
  +xadd +xread +xrange +xtrim +xinfo|stream`;

const lineOf = (...parts: string[]) => parts.join(' ').split(/\s+/).join(' ');

export const rights = {
  /** Of one server, and of those that sentinels watch. */
  server: lineOf(keys, everywhere, '+mget'),
  cluster: lineOf(keys, everywhere, '+asking +cluster|slots'),
  sentinel: '-@all +ping +sentinel|get-master-addr-by-name',
  /** Besides, with `REDIS_WAIT_REPLICAS`. */
  waiting: '+wait',
};

/** What rights grant, by the names of commands. */
export function granted(line: string): string[] {
  return [...line.matchAll(/\+(\S+)/g)].map(([, name = '']) => name).sort();
}
