/** All that a gateway makes of the collection, for others as well: chunk by chunk in Redis. */
import { openGateway } from './gateway.ts';
import type { OpenWay } from './way.ts';

export const open: OpenWay = (opening) => openGateway(opening, { REDIS_URL: opening.redisUrl });
