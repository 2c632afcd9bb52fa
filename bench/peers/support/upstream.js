/** The API that is served, over connections that stay open: by Node's `fetch`, as docs show it, or by undici's faster `request`. */
import { request } from 'undici';

const { UPSTREAM_URL = '', CLIENT } = process.env;
const base = UPSTREAM_URL.replace(/\/$/, '');

export const read = CLIENT === 'undici' ? readByUndici : readByFetch;

async function readByUndici(path) {
  const { statusCode, body } = await request(base + path);
  if (statusCode !== 200) throw new Error(`${path}: ${statusCode}`);
  return body.json();
}

async function readByFetch(path) {
  const response = await fetch(base + path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}
