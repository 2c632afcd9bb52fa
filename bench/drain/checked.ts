/** The client alone, with each row checked and made a value of as Vitrine does it: the least that typed rows take. */
import { catalogCodec } from '../../src/catalog/catalogs.ts';
import { openPages, parsed } from './pages.ts';
import type { OpenWay } from './way.ts';

export const open: OpenWay = async (opening) =>
  openPages(opening, async (body) => parsed(await body.text()).items.map(catalogCodec.decode).length);
