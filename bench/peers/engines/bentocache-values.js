/** BentoCache whose memory holds values, not texts. @see https://bentocache.dev/docs/cache-drivers#serialize-option */
import { open as openBentocache } from './bentocache.js';

export const open = (opening) => openBentocache(opening, { serialize: false });
