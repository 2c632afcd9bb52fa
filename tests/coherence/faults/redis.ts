/** What befalls Redis in any topology. */
import { flush, forget } from '../redis.ts';
import { eras, type Fault } from './fault.ts';

export const redisFaults: readonly Fault[] = [
  {
    name: 'Redis flushed, again and again',
    of: 'redis',
    cause: ({ redis }) => flush(redis),
    againEveryMs: 400,
    tells: { counter: eras },
  },
  {
    name: 'control hash and change log deleted, by turns',
    of: 'redis',
    cause: ({ redis }, { nth }) => forget(redis, nth % 2 === 0 ? 'control' : 'logs'),
    againEveryMs: 300,
    tells: { counter: eras },
  },
];
