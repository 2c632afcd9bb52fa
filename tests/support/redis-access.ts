/** How servers of the tests are entered: certificates of a CA of their own, and users of an ACL. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';

export type Credentials = { readonly user: string; readonly password: string };

/** With all that must be percent-encoded in a URL. */
export const gatewayUser: Credentials = { user: 'gateway', password: 'p@ss:word/1' };

/** May do anything: for the test itself, and between the servers. */
export const adminUser: Credentials = { user: 'admin', password: 'admin-of-the-tests' };

/** A line of an ACL file. */
export function userWith({ user, password }: Credentials, rights: string): string {
  return `user ${user} on >${password} ${rights}`;
}

export function urlOf(port: number, { user, password }: Credentials, protocol: 'redis:' | 'rediss:'): URL {
  return new URL(`${protocol}//${user}:${encodeURIComponent(password)}@127.0.0.1:${port}`);
}

export type Tls = {
  /** Of the CA that signed the servers' certificate. */
  readonly ca: string;
  readonly caFile: string;
  /** Of a CA that signed nothing. */
  readonly strangerCaFile: string;
  /** Arguments of `redis-server`. */
  readonly args: string[];
  /** @returns Path of a file that goes with `remove`. */
  write(name: string, text: string): Promise<string>;
  remove(): Promise<void>;
};

export async function makeTls(): Promise<Tls> {
  const dir = await mkdtemp(join(tmpdir(), 'vitrine-tls-'));
  const write = async (name: string, text: string) => {
    await writeFile(join(dir, name), text);
    return join(dir, name);
  };
  const ca = await makeCa('the CA of the tests');
  const server = await generate([{ name: 'commonName', value: 'redis of the tests' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ca: { key: ca.private, cert: ca.cert },
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
    ],
  });
  const caFile = await write('ca.pem', ca.cert);
  const options = {
    '--tls-ca-cert-file': caFile,
    '--tls-cert-file': await write('server.pem', server.cert),
    '--tls-key-file': await write('server.key', server.private),
    '--tls-auth-clients': 'no',
  };
  return {
    ca: ca.cert,
    caFile,
    strangerCaFile: await write('stranger.pem', (await makeCa('a stranger')).cert),
    args: Object.entries(options).flat(),
    write,
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}

function makeCa(name: string) {
  return generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
}
