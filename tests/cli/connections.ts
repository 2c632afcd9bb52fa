/** Clients that ask one question after another, each over a connection that is kept alive, and tell how each ended. */
import { Agent, type IncomingMessage, request } from 'node:http';
import { onTestFinished } from 'vitest';

/** Some of an answer, or none of it, and why there was no more. */
type Broken = { outcome: 'cut' | 'unanswered'; why: string };
export type Answer = { outcome: 'answered'; status: number; headers: IncomingMessage['headers']; text: string };

/** One connection, made anew when it was closed. */
export class Connection {
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(url: string) {
    this.#url = url;
    onTestFinished(() => this.#agent.destroy());
  }

  query(query: string, requestId = ''): Promise<Answer | Broken> {
    const headers = { 'content-type': 'application/json', ...(requestId && { 'x-request-id': requestId }) };
    return this.send('/graphql', { method: 'POST', headers, body: JSON.stringify({ query }) });
  }

  send(path: string, { body = '', ...how }: Sent = {}): Promise<Answer | Broken> {
    return new Promise((resolve) => {
      const asking = request(`${this.#url}${path}`, { agent: this.#agent, ...how });
      let readBefore = 0;
      asking.on('socket', (socket) => {
        readBefore = socket.bytesRead;
      });
      asking.on('error', (error: NodeJS.ErrnoException) => {
        const outcome = (asking.socket?.bytesRead ?? 0) > readBefore ? 'cut' : 'unanswered';
        resolve({ outcome, why: error.code ?? error.message });
      });
      asking.on('response', (response) => resolve(read(response)));
      asking.end(body);
    });
  }
}

type Sent = { method?: string; headers?: Record<string, string>; body?: string };

async function read(response: IncomingMessage): Promise<Answer | Broken> {
  const parts: string[] = [];
  try {
    for await (const part of response.setEncoding('utf8')) parts.push(part);
  } catch (error) {
    return { outcome: 'cut', why: String(error) };
  }
  const { statusCode: status = 0, headers } = response;
  return { outcome: 'answered', status, headers, text: parts.join('') };
}

/** `sentAway` is a 503 that closes the connection, and `wrong` any other answer but the right one. */
type Outcome = 'right' | 'sentAway' | 'wrong' | 'cut' | 'unanswered';

/** All connections ask at once, each the next when the last is over, until they are told to end or nobody listens. */
export class Load {
  readonly #asked: { connection: number; outcome: Outcome; why: string }[] = [];
  readonly #loops: Promise<void>[];
  #isOver = false;

  constructor(connections: Connection[], { query, right }: { query: string; right: string }) {
    this.#loops = connections.map(async (connection, index) => {
      while (!this.#isOver) {
        const { outcome, why } = judge(await connection.query(query), right);
        this.#asked.push({ connection: index, outcome, why });
        if (why === 'ECONNREFUSED') return;
      }
    });
    onTestFinished(() => this.end());
  }

  count(outcome: Outcome): number {
    return this.#asked.filter((one) => one.outcome === outcome).length;
  }

  /** Why there was no right answer, by connection. */
  failures(connection?: number): string[] {
    return this.#asked
      .filter((one) => one.outcome !== 'right' && (connection === undefined || one.connection === connection))
      .map(({ outcome, why }) => `${outcome}: ${why}`);
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.ended();
  }

  /** When nobody listens any more. */
  async ended(): Promise<void> {
    await Promise.all(this.#loops);
  }
}

function judge(answer: Answer | Broken, right: string): { outcome: Outcome; why: string } {
  if (answer.outcome !== 'answered') return answer;
  const { status, headers, text } = answer;
  if (status === 200 && text === right) return { outcome: 'right', why: '' };
  const isSentAway = status === 503 && headers.connection === 'close';
  return { outcome: isSentAway ? 'sentAway' : 'wrong', why: `${status} ${text}` };
}
