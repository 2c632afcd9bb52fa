/** What every way of pulling a collection is asked for here, so that all are asked for the same. */

export type Opening = {
  upstreamUrl: string;
  redisUrl: string;
  /** Rows asked for in one page, and pages under way at once. */
  pageSize: number;
  concurrency: number;
};

/** Pulls the whole collection of catalogs, once. @returns How many rows there were. */
export type Pull = () => Promise<number>;

/** Makes ready, before anything is counted. It ends with its process. */
export type OpenWay = (opening: Opening) => Promise<Pull>;
