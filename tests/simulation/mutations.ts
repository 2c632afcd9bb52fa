/**
 * What can be taken out of the protocol, one thing at a time, to see whether the simulator notices: switches of the
 * simulator, never of the engine. `docs/testing.md` lists the seed that catches each.
 */

/** Where the engine asks whether a thing may be used, by the function that asks. */
type Site =
  | 'usable'
  | 'takeIn'
  | 'joinable'
  | 'stillValid'
  | 'isCurrent'
  | 'patch'
  | 'base isValid'
  | 'base takeFound'
  | 'base joinable'
  | 'base install';

export type Mutation = {
  /** `valid()` says yes there. */
  alwaysValidAt?: readonly Site[];
  /** `purged()` says no, wherever it is asked. */
  nothingPurged?: boolean;
  /** What is held is trusted however long ago the log was read. */
  alwaysTrusted?: boolean;
  /** Keys do not carry the era. */
  keysWithoutEra?: boolean;
  /** What changed while the log was silent is never told to the others. */
  forgetsKept?: boolean;
  /** Purges are not told again in another era. */
  forgetsPurges?: boolean;
  /** A failed-over server's log goes on as if nothing were lost. */
  sameEraOnNewServer?: boolean;
  /** Every lease is granted. */
  everyLease?: boolean;
  /** A commit is carried out whoever holds the lease. */
  commitsWithoutLease?: boolean;
  /** Rows have no versions. */
  noVersions?: boolean;
  /** A change does not take the leases of others over. */
  noTakeOver?: boolean;
  /** A purge leaves what is in the store. */
  storeKeepsPurged?: boolean;
  /** Each process counts ages on its own clock. */
  ownClocks?: boolean;
};

export const mutations: Readonly<Record<string, Mutation>> = {
  // With the view taking what memory gives: else a page would ask for the same row for ever.
  'valid() in memory': { alwaysValidAt: ['usable', 'patch'] },
  'valid() at the store read': { alwaysValidAt: ['takeIn'] },
  'valid() at joining a flight': { alwaysValidAt: ['joinable'] },
  'valid() at install of a row': { alwaysValidAt: ['stillValid'] },
  'valid() of the view as a whole': { alwaysValidAt: ['base isValid'] },
  'valid() when a change marks rows dirty': { alwaysValidAt: ['isCurrent'] },
  'valid() when a row patches the view': { alwaysValidAt: ['patch'] },
  'valid() of a base in the store': { alwaysValidAt: ['base takeFound'] },
  'valid() at joining a drain': { alwaysValidAt: ['base joinable'] },
  'valid() at install of a base': { alwaysValidAt: ['base install'] },
  'purged() anywhere': { nothingPurged: true },
  trusted: { alwaysTrusted: true },
  'the era in keys': { keysWithoutEra: true },
  'the kept records': { forgetsKept: true },
  'purges told again': { forgetsPurges: true },
  'a new era on another server': { sameEraOnNewServer: true },
  leases: { everyLease: true },
  'the lease check of commits': { commitsWithoutLease: true },
  'versions (never back)': { noVersions: true },
  'the take-over of leases': { noTakeOver: true },
  'deleting purged values in the store': { storeKeepsPurged: true },
  'one clock': { ownClocks: true },
};
