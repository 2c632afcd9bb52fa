/** How long everything is kept: so long that nothing grows old while it is measured. */
export const daySeconds = 86_400;
export const dayMs = 1_000 * daySeconds;
