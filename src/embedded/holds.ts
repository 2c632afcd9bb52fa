/**
 * Holds: gates for tests that need requests to overlap in a certain order, with no clock in it.
 *
 *   const hold = upstream.hold('/catalogs/{id}');
 *   const reading = read('42');     // the row is read, its answer held back
 *   await hold.arrived();
 *   upstream.collections.put(…);    // the change comes after the read began
 *   hold.release();
 */

export type Hold = {
  /** Until so many requests are or were held, 1 when absent. */
  arrived(count?: number): Promise<void>;
  /** Lets all go, now and from now on. */
  release(): void;
};

type Open = { route: string | undefined; arrive(): void; released: Promise<void> };

export class Holds {
  #open = new Set<Open>();

  /** Holds back the answers of a route, or of all, from the next request until released. */
  add(route?: string): Hold {
    let count = 0;
    let waiters: { count: number; resolve: () => void }[] = [];
    const { promise: released, resolve } = Promise.withResolvers<void>();

    const wakeWaiters = () => {
      for (const waiter of waiters) if (count >= waiter.count) waiter.resolve();
      waiters = waiters.filter((waiter) => count < waiter.count);
    };
    const open: Open = {
      route,
      released,
      arrive: () => {
        count += 1;
        wakeWaiters();
      },
    };
    this.#open.add(open);

    return {
      arrived: (expected = 1) =>
        new Promise((resolve) => {
          waiters.push({ count: expected, resolve });
          wakeWaiters();
        }),
      release: () => {
        this.#open.delete(open);
        resolve();
      },
    };
  }

  /** Waits while any hold on this route stands. */
  async pass(route: string): Promise<void> {
    const standing = [...this.#open].filter((hold) => hold.route === undefined || hold.route === route);
    for (const hold of standing) hold.arrive();
    await Promise.all(standing.map((hold) => hold.released));
  }
}
