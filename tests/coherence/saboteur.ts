/** Loaded before a gateway, which then reads one text of its source as another. See `sabotage.ts`. */
import { registerHooks } from 'node:module';
import { ownSabotage, takeOut, urlOf } from './sabotage.ts';

const sabotage = ownSabotage();
const { href } = urlOf(sabotage);

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    return url === href ? { ...loaded, source: takeOut(sabotage, String(loaded.source)) } : loaded;
  },
});
