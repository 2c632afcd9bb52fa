/**
 * Every key in the store, in one place; readable, so that an operator can tell what one is.
 *
 *   {P}:control                                     era, its server, generations; no TTL
 *   {P}:log:<era>                                   changes; trimmed by age
 *   {P}:<era>:base:<ns>                             manifest of a collection's last drain; its lease beside it
 *   {P}:<era>:chunk:<ns>:<drain>:<n>                rows of that drain
 *   {P}:webhook:<id>                                a delivery of change events that is done
 *   P:{ns:b}:<era>:s<shape>:g<generation>:<id>      a row; its lease beside it
 *
 * Braces are the hash tag of Redis Cluster: keys that one script touches share a slot. Ids of a namespace spread over
 * 16 buckets, one slot each.
 */
import { type Position, showPosition } from './position.ts';

/** A key that can be leased. */
export type StoreKey = { readonly value: string; readonly lease: string };

const bucketCount = 16;

export function controlKeys(prefix: string) {
  return { control: `{${prefix}}:control`, log: `{${prefix}}:log:` };
}

export function baseKey({ prefix, era, namespace, shape }: Place): StoreKey {
  const stem = `{${prefix}}:${era}:base:${namespace}:s${shape}`;
  return { value: stem, lease: `${stem}:lease` };
}

export function chunkKey({ prefix, era, namespace }: Place, drainId: string, index: number): string {
  return `{${prefix}}:${era}:chunk:${namespace}:${drainId}:${index}`;
}

export function deliveryKey(prefix: string, id: string): string {
  return `{${prefix}}:webhook:${id}`;
}

/** What the keys of a namespace begin with. */
export type Place = { prefix: string; era: string; namespace: string; shape: string };

/** Keys of the rows of a namespace. @returns The key of one, by its id. */
export function rowKeys({ prefix, era, namespace, shape }: Place, generation: Position): (id: string) => StoreKey {
  const place = `:${era}:s${shape}:g${showPosition(generation)}`;
  return (id) => {
    const stem = `${prefix}:{${namespace}:${bucketOf(id).toString(16)}}${place}`;
    return { value: `${stem}:${id}`, lease: `${stem}:lease:${id}` };
  };
}

/** What decides in which slot of a Redis Cluster a key lies. */
export function hashTagOf(key: string): string {
  return key.slice(key.indexOf('{') + 1, key.indexOf('}'));
}

/** FNV-1a over the id. */
function bucketOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % bucketCount;
}
