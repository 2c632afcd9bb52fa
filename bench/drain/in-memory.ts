/** All that a gateway makes of the collection, in its memory alone. */
import { openGateway } from './gateway.ts';
import type { OpenWay } from './way.ts';

export const open: OpenWay = (opening) => openGateway(opening, {});
