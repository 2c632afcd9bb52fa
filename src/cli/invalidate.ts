/** `vitrine invalidate`: asks a running gateway, by its admin API. */
type Options = { all?: true; purge?: true; dryRun?: true; reason?: string; url: string };

/** Prints what the gateway answers; fails when it refuses. */
export async function invalidate(type: string, ids: string[], options: Options): Promise<void> {
  const token = process.env.ADMIN_TOKEN;
  if (!token) throw new Error('ADMIN_TOKEN is not set; give the token that the gateway runs with.');
  const { all, purge, dryRun, reason } = options;
  const body = {
    type,
    ...(all ? { all } : { ids }),
    ...(purge ? { mode: 'purge' } : {}),
    ...(dryRun ? { dryRun } : {}),
    ...(reason === undefined ? {} : { reason }),
  };
  const response = await fetch(new URL('/admin/invalidate', options.url), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  console.log(text);
}
