/**
 * What must happen in Redis in one step. Each script touches keys of one hash slot only.
 *
 * Scripts on the control slot carry the era and compare the server's identity, and do nothing when either is not the
 * present one: run id *and* replication id, since a server keeps the first when it loses and regains its rank, and
 * changes the second at every promotion.
 */
import { type CommandParser, defineScript } from '@redis/client';

const identity = `
local function identity()
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
  local replication = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)')
  return run .. ':' .. replication
end
`;

/** Stream id, then field and value. */
export type StreamRecord = readonly [id: string, fields: readonly string[]];

/** What a look gives. */
export type LookReply = {
  era: string;
  last: string;
  time: [string, string];
  generations: string[];
  records: StreamRecord[];
};

export const scripts = {
  /**
   * KEYS control; ARGV log stem, candidate era, era known, stream id known, records at most, horizon in ms.
   * Begins a new era first if there is none, the server is another, or its log is gone; also when either is no longer
   * of its type.
   */
  vitrineLook: defineScript({
    SCRIPT: `${identity}
      local control, stem = KEYS[1], ARGV[1]
      local era = redis.pcall('HGET', control, 'era')
      if type(era) ~= 'string' then era = false end
      local me = identity()
      if not era or redis.call('HGET', control, 'server') ~= me or redis.call('EXISTS', stem .. era) == 0
        or redis.pcall('XINFO', 'STREAM', stem .. era).err then
        if era then redis.call('PEXPIRE', stem .. era, ARGV[6]) end
        era = ARGV[2]
        redis.call('DEL', control)
        redis.call('HSET', control, 'era', era, 'server', me)
        redis.call('XADD', stem .. era, '*', 'record', '')
      end
      local from = '-'
      if ARGV[3] == era then from = '(' .. ARGV[4] end
      local records = redis.call('XRANGE', stem .. era, from, '+', 'COUNT', ARGV[5])
      local info, last = redis.call('XINFO', 'STREAM', stem .. era), '0-0'
      for i = 1, #info, 2 do
        if info[i] == 'last-generated-id' then last = info[i + 1] end
      end
      return { era, last, redis.call('TIME'), redis.call('HGETALL', control), records }`,
    NUMBER_OF_KEYS: 1,
    parseCommand(parser: CommandParser, control: string, ...args: string[]) {
      parser.pushKey(control);
      parser.push(...args);
    },
    transformReply(reply: unknown): LookReply {
      const [era, last, time, generations, records] = reply as [
        string,
        string,
        [string, string],
        string[],
        StreamRecord[],
      ];
      return { era, last, time, generations, records };
    },
  }),

  /** KEYS control; ARGV era. The next look begins another one. */
  vitrineEndEra: defineScript({
    SCRIPT: `
      if redis.call('HGET', KEYS[1], 'era') ~= ARGV[1] then return 0 end
      redis.call('HSET', KEYS[1], 'server', '')
      return 1`,
    NUMBER_OF_KEYS: 1,
    parseCommand(parser: CommandParser, control: string, era: string) {
      parser.pushKey(control);
      parser.push(era);
    },
    transformReply: (reply: unknown) => reply === 1,
  }),

  /** KEYS control; ARGV log stem, era, record, namespace whose generation it sets or '', floor or '' for its own, horizon in ms. */
  vitrineAppend: defineScript({
    SCRIPT: `${identity}
      local control, log = KEYS[1], ARGV[1] .. ARGV[2]
      if redis.call('HGET', control, 'era') ~= ARGV[2] or redis.call('HGET', control, 'server') ~= identity() then
        return false
      end
      local id = redis.call('XADD', log, 'NOMKSTREAM', '*', 'record', ARGV[3])
      if not id then return false end
      if ARGV[4] ~= '' then
        local ms, sequence = string.match(id, '(%d+)-(%d+)')
        local floor = ARGV[5]
        if floor == '' then floor = string.format('%015d-%010d', ms, sequence) end
        local field = 'gen.' .. ARGV[4]
        local known = redis.call('HGET', control, field)
        if not known or known < floor then redis.call('HSET', control, field, floor) end
      end
      local time = redis.call('TIME')
      redis.call('XTRIM', log, 'MINID', string.format('%.0f', time[1] * 1000 + time[2] / 1000 - ARGV[6]))
      return id`,
    NUMBER_OF_KEYS: 1,
    parseCommand(parser: CommandParser, control: string, ...args: string[]) {
      parser.pushKey(control);
      parser.push(...args);
    },
    transformReply: (reply: unknown) => reply as string | null,
  }),

  /**
   * KEYS leases; ARGV token, ms, '1' to take them over. For each what stood there before, nil when it is the asker's now.
   * A lease always ends: one that lost its end, in whatever way, would be waited for without one.
   */
  vitrineLease: defineScript({
    SCRIPT: `
      local found = {}
      for i, lease in ipairs(KEYS) do
        found[i] = ARGV[3] ~= '1' and redis.call('GET', lease)
        if found[i] then redis.call('PEXPIRE', lease, ARGV[2], 'NX')
        else redis.call('SET', lease, ARGV[1], 'PX', ARGV[2]) end
      end
      return found`,
    parseCommand: parseKeysThenArguments,
    transformReply: (reply: unknown) => reply as (string | null)[],
  }),

  /** KEYS leases; ARGV ms, then the token of each. */
  vitrineRenew: defineScript({
    SCRIPT: `
      local renewed = {}
      for i, lease in ipairs(KEYS) do
        renewed[i] = 0
        if redis.call('GET', lease) == ARGV[i + 1] then renewed[i] = redis.call('PEXPIRE', lease, ARGV[1]) end
      end
      return renewed`,
    parseCommand: parseKeysThenArguments,
    transformReply: asBooleans,
  }),

  /** KEYS lease and value of each; ARGV token, then text and ttl in ms of each. */
  vitrineCommit: defineScript({
    SCRIPT: `
      local written = {}
      for i = 1, #KEYS / 2 do
        local lease, value = KEYS[2 * i - 1], KEYS[2 * i]
        written[i] = 0
        if redis.call('GET', lease) == ARGV[1] then
          redis.call('SET', value, ARGV[2 * i], 'PX', ARGV[2 * i + 1])
          written[i] = redis.call('DEL', lease)
        end
      end
      return written`,
    parseCommand: parseKeysThenArguments,
    transformReply: asBooleans,
  }),

  /** KEYS leases; ARGV token, milliseconds, text to leave, '' for none. */
  vitrineRelease: defineScript({
    SCRIPT: `
      for _, lease in ipairs(KEYS) do
        if redis.call('GET', lease) == ARGV[1] then
          if ARGV[3] == '' then redis.call('DEL', lease) else redis.call('SET', lease, ARGV[3], 'PX', ARGV[2]) end
        end
      end`,
    parseCommand: parseKeysThenArguments,
    transformReply: () => {},
  }),

  /** KEYS values; ARGV floor. Deletes those read before the floor; '-' is the beginning and sorts before all. */
  vitrineRemoveBelow: defineScript({
    SCRIPT: `
      for _, value in ipairs(KEYS) do
        local text = redis.call('GET', value)
        local position = text and string.match(text, '^1 (%S+) ')
        if position and position < ARGV[1] then redis.call('DEL', value) end
      end`,
    parseCommand: parseKeysThenArguments,
    transformReply: () => {},
  }),
};

/** Of scripts that take as many keys as there are: their number comes before them. */
function parseKeysThenArguments(parser: CommandParser, keys: readonly string[], ...args: string[]): void {
  parser.pushKeysLength([...keys]);
  parser.push(...args);
}

function asBooleans(reply: unknown): boolean[] {
  return (reply as number[]).map((number) => number === 1);
}
