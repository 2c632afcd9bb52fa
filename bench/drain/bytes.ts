/** The least there can be: bodies are read to their end, as bytes. */
import { openPages } from './pages.ts';
import type { OpenWay } from './way.ts';

export const open: OpenWay = async (opening) =>
  openPages(opening, async (body) => {
    await body.bytes();
    return undefined;
  });
