/** What is looked at in a process of its own. */
import type { Opening } from '../drain/way.ts';
import { answerParent } from '../support/child.ts';
import { draining } from './draining.ts';
import { type EntrySetting, entries } from './entries.ts';
import { viewBytes } from './view.ts';

export type Message = { draining: Opening } | { view: number } | { entries: EntrySetting };

answerParent(async (message: Message) => {
  if ('draining' in message) return draining(message.draining);
  if ('view' in message) return viewBytes(message.view);
  return entries(message.entries);
});
