/**
 * Fills: one id each, from the store or from upstream, whoever asked for it.
 *
 *   store ─► lease ─► granted: ours to read (reads.ts)
 *              └────► held: the holder's value, its failure, or its lease, whichever comes (poller.ts)
 *
 * All that is asked for together goes in one batch. Every flight lands, whatever happens.
 * After Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013 (leases).
 */
import type { Engine, NamespaceOptions } from './engine.ts';
import { decodeEntry, type Entry, freshnessOf, isBrief, parseStored, seenIn, withinBounds } from './entry.ts';
import { asError, ReadError } from './errors.ts';
import { type Flight, type Flights, isChange } from './flights.ts';
import { type Place, rowKeys, type StoreKey } from './keys.ts';
import type { Stamp } from './position.ts';
import { flightsOf, keysOf, type Part, type ReadParts, Reads } from './reads.ts';
import { type Found, type Grant, SharedTier } from './shared-tier.ts';

/** What the fills of a namespace work with. */
type Parts<T> = ReadParts<T> & {
  /** A stale value was served from the store. */
  refresh(id: string): void;
};

export class Fills<T> {
  readonly #parts: Parts<T>;
  readonly #name: string;
  readonly #engine: Engine;
  readonly #options: NamespaceOptions<T>;
  readonly #shared: SharedTier;
  readonly #flights: Flights<T>;
  readonly #reads: Reads<T>;

  constructor(parts: Parts<T>) {
    this.#parts = parts;
    this.#name = parts.options.name;
    this.#engine = parts.engine;
    this.#options = parts.options;
    this.#shared = new SharedTier(parts.engine, parts.options.name);
    this.#flights = parts.flights;
    this.#reads = new Reads(parts, this.#shared);
  }

  /** Of a purge: nothing read before it is left in the store, whoever asks. */
  async removeBelow(ids: readonly string[], { position }: Stamp): Promise<void> {
    await this.#shared.removeBelow(ids.map(this.#keys()), position);
  }

  /** Lands every flight it is given, whatever happens. */
  async fill(flights: readonly Flight<T>[]): Promise<void> {
    if (flights.length === 0) return;
    const held = await this.#advance(flights);
    if (held.length === 0) return;
    const end = this.#engine.telemetry.metrics.leaseWait.startTimer({ namespace: this.#name });
    for (const { landed } of held) void landed.promise.then(() => end());
    this.#engine.poller.wait(held, this.#advance);
  }

  /** One look, and a wish for the leases of what is lacking. @returns Those that another process fills. */
  readonly #advance = async (flights: readonly Flight<T>[]): Promise<Flight<T>[]> => {
    const held: Flight<T>[] = [];
    await this.#guard(flights, async () => {
      // A change reads upstream whatever stands in the store, and whoever reads.
      const takeOver = flights.every(isChange);
      const { missing, unanswered } = takeOver ? { missing: flights, unanswered: [] } : await this.#fromStore(flights);
      if (missing.length === 0 && unanswered.length === 0) return;
      const token = this.#shared.newToken();
      const keyOf = this.#keys();
      const partsOf = (some: readonly Flight<T>[], { leased }: { leased: boolean }): Part<T>[] =>
        some.map((flight) => ({ flight, key: keyOf(flight.id), leased }));
      const wanted = partsOf(missing, { leased: true });
      const grants = await this.#shared.lease(keysOf(wanted), token, { takeOver });
      const ours = partsOf(unanswered, { leased: false });
      for (const [index, part] of wanted.entries()) {
        const grant = grants[index] as Grant;
        if (grant.state === 'held') held.push(part.flight);
        else if (grant.state === 'failed') this.#flights.land(part.flight, { error: new ReadError(grant.code) });
        else ours.push({ ...part, leased: grant.state === 'granted' });
      }
      void this.#guard(flightsOf(ours), () => this.#readUnlessFilled(ours, token));
    });
    return held;
  };

  /** Whatever breaks, those who wait are told. */
  async #guard(flights: readonly Flight<T>[], act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (thrown) {
      const error = asError(thrown);
      this.#engine.telemetry.log.error(
        { event: 'cache.fill_broken', namespace: this.#name, err: error },
        'a fill broke',
      );
      for (const flight of flights) this.#flights.land(flight, { error });
    }
  }

  /** One round trip; lands what it finds. */
  async #fromStore(flights: readonly Flight<T>[]): Promise<{ missing: Flight<T>[]; unanswered: Flight<T>[] }> {
    const { follower } = this.#engine;
    const era = follower.era;
    const keyOf = this.#keys();
    const found = await this.#shared.find(flights.map(({ id }) => keyOf(id).value));
    const missing: Flight<T>[] = [];
    const unanswered: Flight<T>[] = [];
    for (const [index, flight] of flights.entries()) {
      const one = found[index] as Found;
      if (one.state === 'absent') unanswered.push(flight);
      // What was found in an era that ended meanwhile says nothing in the next.
      else if (one.state === 'missing' || follower.era !== era || !this.#landFound(flight, one.text)) {
        missing.push(flight);
      }
    }
    return { missing, unanswered };
  }

  /** @returns Whether what was found is good enough. */
  #landFound(flight: Flight<T>, text: string): boolean {
    const entry = this.#takeIn(flight.id, text);
    if (entry === undefined) return false;
    const freshness = freshnessOf(entry, this.#engine.follower.now());
    if (freshness !== 'fresh' && !(freshness === 'stale' && flight.purpose.kind === 'read')) return false;
    this.#flights.land(flight, { entry, tier: 'store', stored: true });
    if (freshness === 'stale') this.#parts.refresh(flight.id);
    return true;
  }

  /** @returns The entry, installed; undefined when it cannot be used. */
  #takeIn(id: string, text: string): Entry<T> | undefined {
    const { codec, idOf, versionOf, policy } = this.#options;
    const stored = withinBounds(parseStored(text), { nowMs: this.#engine.follower.now(), policy });
    if (stored === undefined) return this.#parts.reject('undecodable');
    const asOf = this.#engine.follower.stampOf(stored.position);
    if (!this.#engine.follower.valid(this.#name, id, asOf)) return this.#parts.reject('invalidated');
    try {
      const entry = decodeEntry(stored, { id, asOf, codec, idOf, versionOf });
      if (!isBrief(entry) && this.#engine.follower.lags(this.#name, id, seenIn(entry))) {
        return this.#parts.reject('behind');
      }
      return this.#parts.install(id, entry);
    } catch {
      // The text itself may hold anything; the count and the miss are what an operator needs.
      return this.#parts.reject('undecodable');
    }
  }

  /** Between our look and our lease another may have filled it and gone: then there is nothing to read. */
  async #readUnlessFilled(parts: readonly Part<T>[], token: string): Promise<void> {
    const again = parts.filter(({ leased, flight }) => leased && !isChange(flight));
    const { missing, unanswered } = await this.#fromStore(flightsOf(again));
    const lacking = new Set([...missing, ...unanswered]);
    const filled = new Set(again.filter(({ flight }) => !lacking.has(flight)));
    await Promise.all([
      this.#reads.read(
        parts.filter((part) => !filled.has(part)),
        token,
      ),
      this.#shared.release(keysOf(filled), token),
    ]);
  }

  // ── Small things ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Keys of the present moment. */
  #keys(): (id: string) => StoreKey {
    const { follower, prefix } = this.#engine;
    const place: Place = { prefix, era: follower.era, namespace: this.#name, shape: this.#options.codec.shape };
    return rowKeys(place, follower.generation(this.#name));
  }
}
