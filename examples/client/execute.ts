/** GraphQL over HTTP, typed by the document: an answer of just its form, or an error that says what went wrong. */
import type { TypedDocumentString } from './generated/graphql.ts';

const timeoutMs = 10_000;

type Body<Data> = {
  data?: Data | null;
  errors?: { message: string; extensions?: { code?: string; requestId?: string } }[];
};

/** @throws {Error} When the gateway cannot be reached or answers with an error, even beside partial data. */
export async function execute<Data, Variables>(
  url: string,
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const response = await send(url, { query: document.toString(), variables });
  const { data, errors = [] } = await bodyOf<Data>(response);
  const [error] = errors;
  if (error !== undefined) {
    const { code = 'no code', requestId = 'none' } = error.extensions ?? {};
    throw new Error(`${error.message} (${code}, request ${requestId})`);
  }
  if (!data) throw new Error(`${url} answered ${response.status} without data.`);
  return data;
}

async function send(url: string, body: object): Promise<Response> {
  try {
    return await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (cause) {
    throw new Error(`Cannot reach ${url}. Is the gateway running?`, { cause });
  }
}

async function bodyOf<Data>(response: Response): Promise<Body<Data>> {
  try {
    return (await response.json()) as Body<Data>;
  } catch (cause) {
    throw new Error(`${response.url} answered ${response.status}, and not in JSON.`, { cause });
  }
}
