/** What engines are timed at. Everything that is asked for is held, in memory or in Redis; upstream is read for none. */

export type Work = {
  name: string;
  title: string;
  place: 'memory' | 'redis';
  /** How many rows are asked for in one call. */
  rowsPerCall: number;
  /** Calls under way at once. */
  atOnce: number;
};

const pageRows = 20;

export const works: readonly Work[] = [
  { name: 'memory', title: 'one row that is held in memory', place: 'memory', rowsPerCall: 1, atOnce: 1 },
  ...fromRedis('row', 'one row from Redis', 1),
  ...fromRedis('page', `${pageRows} rows from Redis`, pageRows),
];

function fromRedis(name: string, title: string, rowsPerCall: number): Work[] {
  return [1, 64].map((atOnce) => ({
    name: atOnce === 1 ? name : `${name}-${atOnce}`,
    title: `${title}, ${atOnce === 1 ? 'one call after the other' : `${atOnce} calls at once`}`,
    place: 'redis',
    rowsPerCall,
    atOnce,
  }));
}
