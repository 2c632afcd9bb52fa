/** Load: as many requests as a server answers, over connections that stay open. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

type Loading = {
  /** With the question, where it is a GET. */
  url: string;
  method: 'GET' | 'POST';
  /** A body in each line, without one after the last. */
  bodiesFile: string;
  /** How many of them come later: those before it were sent already. */
  from: number;
  seconds: number;
  connections: number;
  /** With another `authorization` in each request. */
  isAuthorized: boolean;
};

export type Loaded = {
  requests: number;
  /** Answers with their headers. */
  bytes: number;
  durationUs: number;
  p50Us: number;
  p99Us: number;
  /** Answers of another status than 2xx or 3xx. */
  refused: number;
  /** Connections that broke, and requests that were not answered in time. */
  lost: number;
};

export type Load = (loading: Loading) => Promise<Loaded>;

const run = promisify(execFile);
const script = fileURLToPath(new URL('wrk.lua', import.meta.url));

/** By wrk, of one thread. @see https://github.com/wg/wrk */
export const loadByWrk: Load = async ({ url, method, bodiesFile, from, seconds, connections, isAuthorized }) => {
  const own = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script, url];
  const { stdout } = await run('wrk', [
    ...own,
    '--',
    bodiesFile,
    String(from),
    method,
    isAuthorized ? 'authorized' : '',
  ]);
  const result = /^result (.*)$/m.exec(stdout)?.[1];
  if (result === undefined) throw new Error(`wrk gave no result: ${stdout}`);
  return JSON.parse(result) as Loaded;
};
