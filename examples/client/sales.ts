/** The sales to come, soonest first. */
import { execute } from './execute.ts';
import { graphql } from './generated/index.ts';
import { toDate } from './scalars.ts';

const comingSalesQuery = graphql(`
  query ComingSales($from: DateTime!, $first: Int!) {
    catalogs(first: $first, filter: { startsFrom: $from }, orderBy: { field: START_DATE }) {
      nodes {
        title
        startDate
        seller {
          name
        }
      }
    }
  }
`);

export type Sale = { startDate: Date; title: string; seller: string | undefined };

/** @throws {Error} With what to tell the user. */
export async function comingSales(url: string, { from, first }: { from: Date; first: number }): Promise<Sale[]> {
  const { catalogs } = await execute(url, comingSalesQuery, { from, first });
  // Null only beside an error, which was thrown.
  const nodes = catalogs?.nodes ?? [];
  return nodes.map(({ title, startDate, seller }) => ({ title, startDate: toDate(startDate), seller: seller?.name }));
}
