/** What is left of an answer once it was judged. */
import { hasErrors, isOnError } from './bring.ts';
import type { Reply } from './record.ts';

export const hows = ['hit', 'read', 'on error', 'coded error', 'cut'] as const;
export type How = (typeof hows)[number];

export type Mark = {
  replica: number;
  askedMs: number;
  answeredMs: number;
  how: How;
  /** By a process that followed the change log throughout. */
  trusted: boolean;
};

export function howOf(reply: Reply | { cut: string }): How {
  if ('cut' in reply) return 'cut';
  if (hasErrors(reply)) return 'coded error';
  if (isOnError(reply)) return 'on error';
  return reply.cacheStatus?.includes('fwd=miss') ? 'read' : 'hit';
}
