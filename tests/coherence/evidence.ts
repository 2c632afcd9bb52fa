/**
 * Whether an experiment shows anything: one that met nobody's questions, or no faults, finds nothing wrong either.
 */
import { type Outcome, troubleOf } from './experiment.ts';
import type { Mark } from './mark.ts';

export type Evidence = {
  /** Answers that were asked for and given while nothing was at fault. */
  calm: number;
  /** Of them those that were fresh, whole, and by a process that followed the change log. */
  good: number;
  /** Of all answers that were given, those for which nothing was read. */
  hitRatio: number;
};

const goodAtLeast = 0.95;
/** With fewer, one that is not good is a coin that was thrown once. */
const calmAtLeast = 200;
/** Outside of these is no cache, or nothing that ever changed. */
const hitRatioBetween = [0.3, 0.999] as const;
const eachAtLeast = 10;

export function evidenceOf({ marks, came }: Outcome): Evidence {
  const troubles = came.map(troubleOf);
  const isCalm = ({ askedMs, answeredMs }: Mark) =>
    !troubles.some(({ fromMs, untilMs }) => fromMs <= answeredMs && askedMs <= untilMs);
  const calm = marks.filter(isCalm);
  const hits = marks.filter(({ how }) => how === 'hit' || how === 'on error');
  const answered = marks.filter(({ how }) => how !== 'cut' && how !== 'coded error');
  return {
    calm: calm.length,
    good: calm.filter(({ how, trusted }) => (how === 'hit' || how === 'read') && trusted).length,
    hitRatio: hits.length / Math.max(1, answered.length),
  };
}

/** @returns Why nothing is shown, in words. */
export function lackOf(outcome: Outcome): string[] {
  const { calm, good, hitRatio } = evidenceOf(outcome);
  const { plan, marks, toCome, counts } = outcome;
  const [lowest, highest] = hitRatioBetween;
  const lacks = [
    calm < calmAtLeast && `${calm} answers while nothing was at fault; at least ${calmAtLeast} show something`,
    good < goodAtLeast * calm && `${good} of ${calm} answers good while nothing was at fault; at least 95 % should be`,
    (hitRatio < lowest || hitRatio > highest) && `a hit ratio of ${percent(hitRatio)}, which no cache would have here`,
    counts.acknowledged < eachAtLeast && `${counts.acknowledged} changes were acknowledged`,
    counts.behindAPosition < eachAtLeast && `${counts.behindAPosition} reads carried a position`,
    ...toCome.map(({ name }) => `did not come: ${name}`),
    ...Array.from({ length: plan.replicas }, (_, replica) => replica)
      .filter((replica) => marks.every((mark) => mark.replica !== replica))
      .map((replica) => `gateway ${replica} was not asked`),
  ];
  return lacks.filter((lack) => lack !== false);
}

export function percent(ratio: number): string {
  return `${(100 * ratio).toFixed(1)} %`;
}
