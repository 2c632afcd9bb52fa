/** Prints the next ten sales of the gateway at `GRAPHQL_URL`. */
import { comingSales } from './sales.ts';
import { tableOf } from './table.ts';

const url = process.env.GRAPHQL_URL || 'http://localhost:4000/graphql';

try {
  console.log(tableOf(await comingSales(url, { from: new Date(), first: 10 })));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
