/**
 * Faults: how the upstream misbehaves when told to.
 *
 *   request ─► instead of an answer ─► the rows read ─► the page made of them ─► the bytes sent
 *              hang, drop, status,      freeze,          wrongTotal,              latencyMs, truncate,
 *              errorRate, rateLimit,    malformedRow,    duplicateIds,            oversize, notJson
 *              redirect                 unknownEnum      loop, drift
 *
 * A fault is set by its plain value, or by `{ value, routes, times }`: on these routes only, and for so many of the
 * answers that it spoils. This file says which faults there are and when they act; `misbehave.ts` does the acting.
 */
import { z } from 'zod';

/** What each fault means. */
type FaultValues = {
  /** Every answer waits so long, in milliseconds. The rows are read before the wait. */
  latencyMs: number;
  /** This share of requests, from 0 to 1, is answered 503. */
  errorRate: number;
  /** Every request is answered with this status, from 400 to 599, and a problem document. */
  status: number;
  /** Requests are accepted and never answered. */
  hang: true;
  /** The connection is closed without an answer. */
  drop: true;
  /** 429 with this `Retry-After`: seconds, or an HTTP date. */
  rateLimit: { retryAfter: number | string };
  /** 302 to this location, absolute or relative. */
  redirect: string;
  /** Rows are read as they were when this was set, whatever changed since. */
  freeze: true;
  /** The row of this id has a `start_date` that is no date (`updated_at`, when rows have no `start_date`). */
  malformedRow: string | number;
  /** The row of this id has the status `haunted`. */
  unknownEnum: string | number;
  /** Stated totals are off by so many rows; the pages are not. No effect on the style `cursor`, which states none. */
  wrongTotal: number;
  /** A page after the first begins with the last row of the page before, in the place of its own first row. */
  duplicateIds: true;
  /** What is named as the next page is this page again. No effect on the style `page`, which names none. */
  loop: true;
  /** After each page the first row changes, and offsets shift: one is inserted before it, or it is removed, or it is
   * removed and another row comes at the end, so that the total stays. */
  drift: 'insert' | 'remove' | 'swap';
  /** `Content-Length` promises the whole body; half of it is sent, then the connection closes. */
  truncate: true;
  /** The body is followed by so many bytes of white space, which `Content-Length` counts. */
  oversize: number;
  /** 200 with a page of HTML, as from a proxy in the way. */
  notJson: true;
};

type FaultName = keyof FaultValues;

/** Where and how often a fault acts. */
type Scope = {
  /** Only on these routes, such as `/catalogs`, `/catalogs?ids` and `/catalogs/{id}`; everywhere when absent. */
  routes?: readonly string[];
  /** For so many of the answers that it spoils, then never again; for good when absent. */
  times?: number;
};

type Scoped<V> = Scope & (V extends true ? { value?: true } : { value: V });

/** Faults to set: by plain value or with a scope; null or false turns one off. */
export type FaultSettings = { [N in FaultName]?: FaultValues[N] | Scoped<FaultValues[N]> | null | false };

const size = z.int().min(0);
const id = z.union([z.string(), z.int()], { error: 'expected an id' });

const values: { [N in FaultName]: z.ZodType<FaultValues[N]> } = {
  latencyMs: size.max(600_000),
  errorRate: z.number().min(0).max(1),
  status: z.int().min(400).max(599),
  hang: z.literal(true),
  drop: z.literal(true),
  rateLimit: z.strictObject({
    retryAfter: z.union([size, z.string().regex(/^[\x20-\x7e]+$/)], { error: 'expected seconds or an HTTP date' }),
  }),
  redirect: z.string().regex(/^[\x21-\x7e]+$/, { error: 'expected a location, absolute or relative' }),
  freeze: z.literal(true),
  malformedRow: id,
  unknownEnum: id,
  wrongTotal: z.int(),
  duplicateIds: z.literal(true),
  loop: z.literal(true),
  drift: z.enum(['insert', 'remove', 'swap']),
  truncate: z.literal(true),
  oversize: size.max(2 ** 30),
  notJson: z.literal(true),
};

export const faultNames = Object.keys(values) as FaultName[];

/** A setting that is not one; each mistake names its field. */
export class FaultError extends TypeError {
  override readonly name = 'FaultError';
  readonly mistakes: readonly { field: string; detail: string }[];

  constructor(mistakes: readonly { field: string; detail: string }[]) {
    super(mistakes.map(({ field, detail }) => `${field}: ${detail}`).join('; '));
    this.mistakes = mistakes;
  }
}

type Active<V> = { value: V; routes?: readonly string[]; times?: number };
type ActiveFaults = { [N in FaultName]?: Active<FaultValues[N]> };

/** What misbehaves now. */
export class Faults {
  readonly #routes: readonly string[];
  readonly #onSet: (name: FaultName) => void;
  #active: ActiveFaults = {};

  /**
   * @param routes - All there are, so that a fault on a mistyped one is refused.
   * @param onSet - Told of each fault turned on, before it acts.
   */
  constructor(routes: readonly string[], onSet: (name: FaultName) => void) {
    this.#routes = routes;
    this.#onSet = onSet;
  }

  /** The faults in force, each with what is left of its `times`. */
  get active(): Readonly<ActiveFaults> {
    return structuredClone(this.#active);
  }

  /**
   * Turns faults on, changes or ends them; those not named stay as they are.
   *
   * @throws {FaultError} If any is not well-formed; then nothing changes.
   */
  set(settings: FaultSettings): void {
    const parsed = parseSettings(settings, this.#routes);
    for (const name of parsed.off) delete this.#active[name];
    for (const name of Object.keys(parsed.on) as FaultName[]) this.#onSet(name);
    Object.assign(this.#active, parsed.on);
  }

  /** Ends all other faults and sets these. @throws {FaultError} As `set` does. */
  replace(settings: unknown): void {
    const { on } = parseSettings(settings, this.#routes);
    for (const name of Object.keys(on) as FaultName[]) this.#onSet(name);
    this.#active = on;
  }

  reset(): void {
    this.#active = {};
  }

  /** A fault's value, if it acts on this route. Looking does not use it up. */
  peek<N extends FaultName>(name: N, route: string): FaultValues[N] | undefined {
    const active: ActiveFaults[N] = this.#active[name];
    if (active === undefined || !(active.routes?.includes(route) ?? true)) return undefined;
    return active.value;
  }

  /** The same, for an answer that it spoils: uses up one of its `times`. */
  take<N extends FaultName>(name: N, route: string): FaultValues[N] | undefined {
    const value = this.peek(name, route);
    const active = this.#active[name];
    if (value === undefined || active?.times === undefined) return value;
    active.times -= 1;
    if (active.times === 0) delete this.#active[name];
    return value;
  }
}

const scopeKeys = ['value', 'routes', 'times'];

function parseSettings(settings: unknown, routes: readonly string[]): { on: ActiveFaults; off: FaultName[] } {
  const fields = z.record(z.string(), z.unknown()).safeParse(settings);
  if (!fields.success) throw new FaultError([{ field: '', detail: 'expected an object of faults' }]);

  const on: Record<string, unknown> = {};
  const off: FaultName[] = [];
  const mistakes: { field: string; detail: string }[] = [];
  for (const [field, setting] of Object.entries(fields.data)) {
    const name = faultNames.find((known) => known === field);
    if (name === undefined) mistakes.push({ field, detail: `no such fault; there are ${faultNames.join(', ')}` });
    else if (setting === null || setting === false || setting === undefined) off.push(name);
    else {
      const parsed = scopedSchema(name, routes).safeParse(isScoped(setting) ? setting : { value: setting });
      if (parsed.success) on[name] = parsed.data;
      else mistakes.push(...parsed.error.issues.map((issue) => describeIssue(name, issue)));
    }
  }
  if (mistakes.length > 0) throw new FaultError(mistakes);
  return { on, off };
}

function isScoped(setting: unknown): boolean {
  return typeof setting === 'object' && setting !== null && Object.keys(setting).some((key) => scopeKeys.includes(key));
}

function scopedSchema(name: FaultName, routes: readonly string[]) {
  const value = values[name];
  return z.strictObject({
    value: value instanceof z.ZodLiteral ? value.default(true) : value,
    routes: z.array(z.enum(routes)).min(1).optional(),
    times: z.int().min(1).optional(),
  });
}

function describeIssue(name: FaultName, issue: z.core.$ZodIssue): { field: string; detail: string } {
  // A plain value is wrapped for parsing: its writer never wrote `value`.
  const path = issue.path[0] === 'value' ? issue.path.slice(1) : issue.path;
  return { field: [name, ...path].join('.'), detail: issue.message };
}
