/** What whoever wants rows has to do: bodies are read and parsed. */
import { openPages, parsed } from './pages.ts';
import type { OpenWay } from './way.ts';

export const open: OpenWay = async (opening) =>
  openPages(opening, async (body) => parsed(await body.text()).items.length);
