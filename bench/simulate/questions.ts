/** What gateways are asked: pages of twenty rows with their sellers, and single rows. */

const fields = 'id title status startDate endDate location lotCount seller { name country }';
export const pageQuery = `query Page($orderBy: CatalogOrder, $filter: CatalogFilter) { catalogs(first: 20, orderBy: $orderBy, filter: $filter) { totalCount nodes { ${fields} } } }`;
export const rowQuery = `query Row($id: ID!) { catalog(id: $id) { ${fields} } }`;

/** Twenty pages that are asked for again and again, of one order and four filters. */
export const pages = Array.from({ length: 20 }, (_, index) => {
  const status = ['LIVE', 'UPCOMING', 'CLOSED', 'CANCELLED'][index % 4];
  return {
    orderBy: { field: 'START_DATE', direction: index % 2 ? 'ASC' : 'DESC' },
    filter: { status: [status] },
    nr: index,
  };
});
