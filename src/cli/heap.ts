import { setFlagsFromString } from 'node:v8';

/**
 * From here on, nothing is made old when it is made. V8 guesses by where in the code things are made which of them will
 * live long; what a collection leaves behind makes it guess wrong of requests, which then stay until the next full
 * collection. See decision 23.
 */
export function makeAllYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}
