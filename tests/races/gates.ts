/**
 * Gates between the engine and what it asks: a call of a real store, log or upstream is held before it is sent, or
 * after it was executed and before it is answered.
 *
 *   const hold = one.hold({ call: 'store.commit', when: 'executed' });
 *   const early = one.read();
 *   await hold.arrived;       // Redis has it; nobody here knows
 *   …
 *   hold.release();
 *
 * Each gate holds one call, so that those made in its shadow pass.
 */

export type Point = {
  /** Part and method, such as `store.commit`. */
  call: string;
  when: 'sent' | 'executed';
  /** What the keys or ids of the call contain. */
  of?: string;
  /** Which of such calls, the first when absent. */
  nth?: number;
};

export type Hold = {
  /** Until the call stands at the gate. */
  arrived: Promise<void>;
  release(): void;
};

type Standing = Point & { seen: number; arrive(): void; released: Promise<void> };

export class Gates {
  #standing: Standing[] = [];

  hold(point: Point): Hold {
    const arrival = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    this.#standing.push({ ...point, seen: 0, arrive: arrival.resolve, released: release.promise });
    return { arrived: arrival.promise, release: release.resolve };
  }

  /** The same part, with gates before and behind each of its methods. */
  around<T extends object>(name: string, part: T, subjectOf: (args: unknown[]) => string): T {
    return new Proxy(part, {
      get: (target, method) => {
        const member: unknown = Reflect.get(target, method, target);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]) => {
          const run = () => member.apply(target, args) as unknown;
          const standing = this.#take(`${name}.${String(method)}`, subjectOf(args));
          return standing === undefined ? run() : pass(standing, run);
        };
      },
    });
  }

  #take(call: string, subject: string): Standing | undefined {
    const matching = this.#standing.filter((gate) => gate.call === call && subject.includes(gate.of ?? ''));
    for (const gate of matching) gate.seen += 1;
    const taken = matching.find(({ seen, nth = 1 }) => seen === nth);
    this.#standing = this.#standing.filter((gate) => gate !== taken);
    return taken;
  }
}

async function pass({ when, arrive, released }: Standing, run: () => unknown): Promise<unknown> {
  if (when === 'sent') {
    arrive();
    await released;
    return run();
  }
  const answer = Promise.resolve(run());
  // A failure is an answer as well: it is held back like any other.
  await answer.catch(() => {});
  arrive();
  await released;
  return answer;
}

/** A case of a table, once with its call held before it is sent and once before it is answered. */
export function inBothMoments<C extends { point: Omit<Point, 'when'> }>(of: C): (C & { point: Point })[] {
  return (['sent', 'executed'] as const).map((when) => ({ ...of, point: { ...of.point, when } }));
}
