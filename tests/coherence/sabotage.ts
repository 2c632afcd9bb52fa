/**
 * What can be taken out of gateways, one thing at a time, to see whether the checker notices: a text of one source file
 * that a process reads as another (`saboteur.ts`). The source itself stays as it is.
 *
 * In real traffic each shows within seconds; what takes luck to meet is for the simulator (`tests/simulation`).
 */
import { readFileSync } from 'node:fs';

export type Sabotage = {
  /** Below the project. */
  file: string;
  /** Stands there exactly once. */
  text: string;
  instead: string;
};

export const sabotages = {
  /** `valid()` of what is in memory: what changed goes on being served from there. */
  valid: {
    file: 'src/cache/namespace.ts',
    text: 'if (entry === undefined || !follower.valid(this.name, id, entry.asOf)) return undefined;',
    instead: 'if (entry === undefined) return undefined;',
  },
  /** Each era is taken for the one before: what was read in that is believed, and nothing is known of its changes. */
  era: {
    file: 'src/cache/knowledge.ts',
    text: 'this.#era = { index: this.#era.index + 1, token };',
    instead: 'this.#era = { index: 1, token };',
  },
  /** Every lease is granted, whoever holds it. */
  leases: {
    file: 'src/cache/redis-scripts.ts',
    text: "found[i] = ARGV[3] ~= '1' and redis.call('GET', lease)",
    instead: 'found[i] = false',
  },
} as const satisfies Record<string, Sabotage>;

export type SabotageName = keyof typeof sabotages;

export const sabotageNames = Object.keys(sabotages) as SabotageName[];

/** In which variable a process finds what it is to take out. */
const variable = 'COHERENCE_WITHOUT';

/** Of a gateway that starts with it taken out, or does not start. */
export function sabotaged(name: SabotageName): Record<string, string> {
  return { NODE_OPTIONS: `--import ${new URL('saboteur.ts', import.meta.url).href}`, [variable]: name };
}

/** What this process was started without. */
export function ownSabotage(): Sabotage {
  const sabotage = sabotages[process.env[variable] as SabotageName] as Sabotage | undefined;
  if (sabotage === undefined) throw new Error(`${variable} is ${process.env[variable]}, not one of ${sabotageNames}`);
  return sabotage;
}

/** @throws When the text does not stand there exactly once. */
export function takeOut({ file, text, instead }: Sabotage, source: string): string {
  const parts = source.split(text);
  if (parts.length !== 2) throw new Error(`${parts.length - 1} times in ${file}, and once is right: ${text}`);
  return parts.join(instead);
}

export function sourceOf({ file }: Sabotage): string {
  return readFileSync(urlOf({ file }), 'utf8');
}

export function urlOf({ file }: Pick<Sabotage, 'file'>): URL {
  return new URL(`../../${file}`, import.meta.url);
}
