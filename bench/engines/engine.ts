/** What every cache engine is asked for here, so that all are asked for the same. */
import type { Row } from '../../src/cache/engine.ts';
import type { Catalog } from '../../src/catalog/catalogs.ts';

export type Opening = {
  redisUrl: string;
  /** One row from upstream. */
  read: (id: string) => Promise<Row<Catalog>>;
  /** How many rows memory holds at most, roughly. */
  memoryRows: number;
  /** Where what is asked for is to lie. Who has tiers has both; who has one place takes this one. */
  place: 'memory' | 'redis';
};

/** It ends with its process. */
export type Engine = {
  /** Reads it upstream where it is not kept. */
  get(id: string): Promise<unknown>;
  getMany(ids: readonly string[]): Promise<readonly unknown[]>;
  /** Tells, by the engine's own way, that a row has changed. Resolves when the engine says that it is done. */
  invalidate(id: string): Promise<unknown>;
};

export type OpenEngine = (opening: Opening) => Promise<Engine>;
