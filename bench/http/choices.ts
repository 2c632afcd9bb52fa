/** What of it is measured, as named on the command line. */
import { InvalidArgumentError } from 'commander';
import { type Server, servers } from './servers.ts';
import { type Work, works } from './works.ts';

/** Q10, the start from nothing, is measured otherwise than the rest. */
export type Chosen = { works: readonly Work[]; isColdStart: boolean };

export const peers = servers.filter(({ kind }) => kind === 'peer');

/** By their names, or by what stands before the first dash of them: `Q11` is all of it. */
export function chosenWorks(text: string): Chosen {
  const names = text.toUpperCase().split(',');
  const isNamed = (work: string) => names.some((name) => work.toUpperCase() === name || work.startsWith(`${name}-`));
  const unknown = names.find((name) => ![...works.map((work) => work.name.toUpperCase()), 'Q10', 'Q11'].includes(name));
  if (unknown !== undefined) throw new InvalidArgumentError(`There is no ${unknown}.`);
  return { works: works.filter(({ name }) => isNamed(name)), isColdStart: names.includes('Q10') };
}

export function chosenPeers(text: string): readonly Server[] {
  if (text === 'none') return [];
  const names = text.split(',');
  for (const name of names) {
    if (!peers.some((peer) => peer.name.startsWith(name))) throw new InvalidArgumentError(`There is no ${name}.`);
  }
  return peers.filter((peer) => names.some((name) => peer.name.startsWith(name)));
}
