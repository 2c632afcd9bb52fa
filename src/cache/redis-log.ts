/** The log as a Redis stream, one per era; see `redis-scripts.ts` for what happens in the server. */
import type { Clock, Random } from './clock.ts';
import { controlKeys } from './keys.ts';
import type { Log, LogRecord, Look, Stamped } from './log.ts';
import { newEra } from './memory-log.ts';
import { type Position, positionOfStreamId, streamIdOf } from './position.ts';
import type { Redis } from './redis.ts';
import type { LookReply, StreamRecord } from './redis-scripts.ts';

const recordsAtMost = 1_000;

/** Well below the socket's timeout: a log in which nothing happens must not look like a dead connection. */
const blockMs = 1_000;

export class RedisLog implements Log {
  readonly scope = 'cluster';
  readonly #redis: Redis;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #horizonMs: number;
  readonly #keys: { control: string; log: string };
  #reading: Promise<unknown> | undefined;

  constructor(options: { redis: Redis; clock: Clock; random: Random; prefix: string; horizonMs: number }) {
    this.#redis = options.redis;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#horizonMs = options.horizonMs;
    this.#keys = controlKeys(options.prefix);
  }

  async look(from: { era: string | undefined; position: Position }): Promise<Look> {
    const { control, log } = this.#keys;
    const known = [from.era ?? '', streamIdOf(from.position)] as const;
    const limits = [String(recordsAtMost), String(this.#horizonMs)] as const;
    // The client's types flatten tuples.
    const reply = (await this.#redis.run('look', (client) =>
      client.vitrineLook(control, log, newEra(this.#random), ...known, ...limits),
    )) as unknown as LookReply;
    const [seconds, microseconds] = reply.time;
    return {
      era: reply.era,
      generations: generationsOf(reply.generations),
      last: positionOfStreamId(reply.last),
      timeMs: Number(seconds) * 1000 + Number(microseconds) / 1000,
      records: reply.records.flatMap(readRecord),
      complete: reply.records.length < recordsAtMost,
    };
  }

  async append(era: string, record: LogRecord): Promise<Position | undefined> {
    const whole = record.kind === 'changed' && record.ids === '*' ? record.namespace : '';
    const floor = record.kind === 'changed' && record.floor !== 'own' ? record.floor : '';
    const { control, log } = this.#keys;
    const id = await this.#redis.run('append', (client) =>
      client.vitrineAppend(control, log, era, JSON.stringify(record), whole, floor, String(this.#horizonMs)),
    );
    return id === null ? undefined : positionOfStreamId(id);
  }

  async wait(era: string, position: Position, { ms, signal }: { ms: number; signal: AbortSignal }): Promise<void> {
    const stream = { key: this.#keys.log + era, id: streamIdOf(position) };
    const over = new AbortController();
    const end = () => over.abort();
    const time = this.#clock.sleep(ms, AbortSignal.any([signal, over.signal])).then(end, end);
    const records = async () => {
      while (!over.signal.aborted) if ((await this.#read(stream)) !== null) return;
    };
    // A connection that is down has been logged by its client; the next look tells whether the log still answers.
    await Promise.race([records().catch(() => time), time]);
    end();
  }

  /** One at a time: what a silent Redis has left unanswered is waited for by the next who asks. */
  #read(stream: { key: string; id: string }): Promise<unknown> {
    // The client's own `xRead` refuses RESP 3.
    const command = ['XREAD', 'COUNT', '1', 'BLOCK', String(blockMs), 'STREAMS', stream.key, stream.id];
    this.#reading ??= this.#redis.reader.sendCommand(command).finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }
}

function generationsOf(fields: string[]): Map<string, Position> {
  const generations = new Map<string, Position>();
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] as string;
    if (name.startsWith('gen.')) generations.set(name.slice('gen.'.length), fields[i + 1] as string);
  }
  return generations;
}

/** The first record of an era is empty. */
function readRecord([id, [, text = '']]: StreamRecord): Stamped[] {
  if (text === '') return [];
  return [{ position: positionOfStreamId(id), record: JSON.parse(text) as LogRecord }];
}
