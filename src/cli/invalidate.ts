/** `vitrine invalidate`: asks a running gateway, by its admin API. */
type Options = { all?: true; purge?: true; dryRun?: true; reason?: string; url: string };

/** A thousand rows are read anew within this. */
const timeoutMs = 60_000;
/** Of a refusal; a problem document is shorter, a page of a proxy is not worth more. */
const longestRefusal = 2_000;

/** Prints what the gateway answers; fails when it refuses. */
export async function invalidate(type: string, ids: readonly string[], options: Options): Promise<void> {
  const token = process.env.ADMIN_TOKEN;
  if (!token) throw new Error('ADMIN_TOKEN is not set; give the token that the gateway runs with.');
  const { all, purge, dryRun, reason, url } = options;
  const body = {
    type,
    ...(all ? { all } : { ids }),
    ...(purge ? { mode: 'purge' } : {}),
    ...(dryRun ? { dryRun } : {}),
    ...(reason === undefined ? {} : { reason }),
  };
  const response = await post(`${url.replace(/\/+$/, '')}/admin/invalidate`, token, body);
  const text = await response.text();
  if (!response.ok) throw new Error(`the gateway answered ${response.status}: ${text.slice(0, longestRefusal)}`);
  console.log(text);
}

async function post(url: string, token: string, body: object): Promise<Response> {
  try {
    return await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (cause) {
    throw new Error(`${url} cannot be reached: ${reasonOf(cause as Error)}`, { cause });
  }
}

/** `fetch` only says that it failed; its cause says how, by a code alone where several addresses were tried. */
function reasonOf(error: Error): string {
  const { message, code = '' } = (error.cause ?? error) as NodeJS.ErrnoException;
  return message || code;
}
