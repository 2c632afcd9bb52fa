/** Sellers: auction houses. */
import { z } from 'zod';
import { instantText, versionOfTime, wireId, zodCodec } from '../cache/codec.ts';
import type { Definition } from '../data/definition.ts';
import { textKey } from '../data/text.ts';

const row = z.object({
  id: wireId,
  name: z.string(),
  country: z.string().nullish(),
  website: z.string().nullish(),
  updated_at: instantText,
});

export const sellerCodec = zodCodec(
  row.transform((wire) => ({
    id: wire.id,
    name: wire.name,
    country: wire.country ?? null,
    website: webAddress(wire.website),
    updatedAt: new Date(wire.updated_at),
    version: versionOfTime(wire.updated_at),
  })),
);

export type Seller = ReturnType<typeof sellerCodec.decode>;

/** A website that is no URL is as good as none; it must not take its seller's page down. */
function webAddress(text: string | null | undefined): URL | null {
  return text ? URL.parse(text) : null;
}

export const sellers: Definition<Seller> = {
  name: 'seller',
  type: 'Seller',
  endpoint: { name: 'sellers', path: '/sellers', codec: sellerCodec, idOf: ({ id }) => id },
  versionOf: ({ version }) => version,
  orders: { NAME: ({ name }) => textKey(name) },
  filters: {
    country: { kind: 'oneOf', of: ({ country }) => country },
    nameContains: { kind: 'contains', of: ({ name }) => name },
  },
};
