/** What of it is measured, as named on the command line. */
import { InvalidArgumentError } from 'commander';
import { type Subject, subjects } from './engines.ts';
import type { Plan } from './run.ts';
import { works } from './works.ts';

export type Chosen = Pick<Plan, 'works' | 'isStampede' | 'isInvalidation'>;

export const peers = subjects.filter(({ kind }) => kind === 'peer');
export const everything: Chosen = { works, isStampede: true, isInvalidation: true };
export const workNames = [...works.map(({ name }) => name), 'stampede', 'invalidation'];

/** By their names, or by what stands before the dash of them: `page` is both. */
export function chosenWorks(text: string): Chosen {
  const names = text.split(',');
  const unknown = names.find((name) => !workNames.includes(name));
  if (unknown !== undefined) throw new InvalidArgumentError(`There is no ${unknown}.`);
  return {
    works: works.filter((work) => names.some((name) => work.name === name || work.name.startsWith(`${name}-`))),
    isStampede: names.includes('stampede'),
    isInvalidation: names.includes('invalidation'),
  };
}

/** Vitrine, which the others stand beside, and the floors are always there. */
export function chosenEngines(text: string): readonly Subject[] {
  const names = text === 'none' ? [] : text.split(',');
  for (const name of names) {
    if (!peers.some((peer) => peer.name.startsWith(name))) throw new InvalidArgumentError(`There is no ${name}.`);
  }
  return subjects.filter(({ kind, name }) => kind !== 'peer' || names.some((begin) => name.startsWith(begin)));
}
