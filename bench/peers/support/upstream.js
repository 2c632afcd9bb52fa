/** The API that is served, over connections that stay open. */
import { request } from 'undici';

const { UPSTREAM_URL: upstreamUrl = '' } = process.env;

export async function read(path) {
  const { statusCode, body } = await request(upstreamUrl.replace(/\/$/, '') + path);
  if (statusCode !== 200) throw new Error(`${path}: ${statusCode}`);
  return body.json();
}
