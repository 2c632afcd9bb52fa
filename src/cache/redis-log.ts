/** The log as a Redis stream, one per era; see `redis-scripts.ts` for what happens in the server. */
import { z } from 'zod';
import type { Clock, Random } from './clock.ts';
import { logAheadMs } from './entry.ts';
import { controlKeys } from './keys.ts';
import type { Log, LogRecord, Look, Stamped } from './log.ts';
import { newEra } from './memory-log.ts';
import { isPosition, type Position, positionOfStreamId, streamIdOf, timeOf } from './position.ts';
import type { Redis } from './redis.ts';
import type { LookReply, StreamRecord } from './redis-scripts.ts';

const recordsAtMost = 1_000;

/** A server whose era was left so many eras ago does not come back. */
const leftAtMost = 100;

/** Well below the socket's timeout: a log in which nothing happens must not look like a dead connection. */
const blockMs = 1_000;

export class RedisLog implements Log {
  readonly scope = 'cluster';
  readonly #redis: Redis;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #horizonMs: number;
  readonly #keys: { control: string; log: string };
  #era: string | undefined;
  /** Eras that this process has been in, and left for another; the last one first. */
  #left: readonly string[] = [];
  #reading: Promise<unknown> | undefined;
  /** The last time that replicas were asked for, and who asks once that is over. */
  #asked: Promise<boolean> = Promise.resolve(true);
  #asking: Promise<boolean> | undefined;

  constructor(options: { redis: Redis; clock: Clock; random: Random; prefix: string; horizonMs: number }) {
    this.#redis = options.redis;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#horizonMs = options.horizonMs;
    this.#keys = controlKeys(options.prefix);
  }

  /** Where something stands that no process wrote, what it stands for is lost: the era is over. */
  async look(from: { era: string | undefined; position: Position }): Promise<Look> {
    const reply = await this.#look(from);
    try {
      return this.#enter(readLook(reply));
    } catch (error) {
      if (!(error instanceof Damaged)) throw error;
      const { control } = this.#keys;
      await this.#redis.run('look', control, (client) => client.vitrineEndEra(control, reply.era));
      return this.#enter(readLook(await this.#look(from)));
    }
  }

  /**
   * A server that was the master, lived on as one, and is the master again, still has its era. What changed elsewhere
   * meanwhile is not in its log.
   */
  #enter(look: Look): Look {
    if (look.era === this.#era) return look;
    if (this.#left.includes(look.era)) throw new Damaged(`the era was left for another: ${look.era}`);
    if (this.#era !== undefined) this.#left = [this.#era, ...this.#left].slice(0, leftAtMost);
    this.#era = look.era;
    return look;
  }

  /** It counts as the master's alone: an old one knows nothing of what is acknowledged by the new one. */
  async #look(from: { era: string | undefined; position: Position }): Promise<LookReply> {
    const { control, log } = this.#keys;
    const known = [from.era ?? '', streamIdOf(from.position)] as const;
    const limits = [String(recordsAtMost), String(this.#horizonMs)] as const;
    // The client's types flatten tuples.
    return (await this.#redis.confirmed('look', control, (client) =>
      client.vitrineLook(control, log, newEra(this.#random), ...known, ...limits),
    )) as unknown as LookReply;
  }

  async append(era: string, record: LogRecord): Promise<Position | undefined> {
    const whole = record.kind === 'changed' && record.ids === '*' ? record.namespace : '';
    const floor = record.kind === 'changed' && record.floor !== 'own' ? record.floor : '';
    const { control, log } = this.#keys;
    const id = await this.#redis.run('append', control, (client) =>
      client.vitrineAppend(control, log, era, JSON.stringify(record), whole, floor, String(this.#horizonMs)),
    );
    return id === null ? undefined : positionOfStreamId(id);
  }

  /** One after the other, as they share a connection; those who come meanwhile share the next. */
  replicated(): Promise<boolean> {
    this.#asking ??= this.#asked.then(() => {
      this.#asking = undefined;
      const { control } = this.#keys;
      this.#asked = this.#redis.replicated(control, (client) => client.hSet(control, 'replicated', 'asked'));
      return this.#asked;
    });
    return this.#asking;
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
    this.#reading ??= this.#redis.block(this.#keys.control, command).finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }
}

class Damaged extends Error {}

function readLook({ era, last: lastId, time, generations, records }: LookReply): Look {
  const [seconds, microseconds] = time;
  const timeMs = Number(seconds) * 1000 + Number(microseconds) / 1000;
  const last = readStreamId(lastId);
  if (timeOf(last) > timeMs + logAheadMs) throw new Damaged(`the log is ahead of its clock: ${lastId}`);
  return {
    era,
    generations: readGenerations(generations, last),
    last,
    timeMs,
    records: records.flatMap((record) => readRecord(record, era)),
    complete: records.length < recordsAtMost,
  };
}

function readGenerations(fields: string[], last: Position): Map<string, Position> {
  const generations = new Map<string, Position>();
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [name, generation] = fields.slice(i, i + 2) as [string, string];
    if (!name.startsWith('gen.')) continue;
    if (!isPosition(generation) || generation > last) throw new Damaged(`${name} is no position of the log`);
    generations.set(name.slice('gen.'.length), generation);
  }
  return generations;
}

const saidSchema = z.object({ is: z.enum(['there', 'gone', 'either']), version: z.string() });
const idsSchema = z.union([z.literal('*'), z.array(z.string())]);
const recordSchema = z.union([
  z.object({
    kind: z.literal('changed'),
    namespace: z.string(),
    ids: idsSchema,
    floor: z.string(),
    hard: z.boolean().optional(),
    said: z.record(z.string(), saidSchema).optional(),
  }),
  z.object({
    kind: z.literal('purged'),
    namespace: z.string(),
    ids: idsSchema,
    at: z.object({ era: z.string(), position: z.string().refine(isPosition) }),
  }),
  // Of other kinds nothing is used.
  z.looseObject({ kind: z.string().refine((kind) => !['changed', 'purged'].includes(kind)) }),
]);

/** The first record of an era is empty. */
function readRecord([id, [, text = '']]: StreamRecord, era: string): Stamped[] {
  const position = readStreamId(id);
  if (text === '') return [];
  const record = parseRecord(text);
  if (record === undefined) throw new Damaged(`the record ${id} is none`);
  const floor = floorOf(record, era);
  if (floor !== undefined && !(isPosition(floor) && floor <= position)) {
    throw new Damaged(`the floor of ${id} is none of the log`);
  }
  return [{ position, record }];
}

/** Where it is another record of the era's log. */
function floorOf(record: LogRecord, era: string): Position | undefined {
  if (record.kind === 'purged' && record.at.era === era) return record.at.position;
  return record.kind === 'changed' && record.floor !== 'own' ? record.floor : undefined;
}

function parseRecord(text: string): LogRecord | undefined {
  try {
    return recordSchema.parse(JSON.parse(text)) as LogRecord;
  } catch {
    return undefined;
  }
}

/** Of as many digits as positions have, so that they sort as the log does. */
function readStreamId(id: string): Position {
  if (!/^\d{1,15}-\d{1,10}$/.test(id)) throw new Damaged(`no id of a log of ours: ${id}`);
  return positionOfStreamId(id);
}
