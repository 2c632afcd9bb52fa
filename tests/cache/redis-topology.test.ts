/** What is made of the errors of servers: where a key lies, whether it is on its way, whether to look anew. */
import { ErrorReply } from '@redis/client';
import { describe, expect, test } from 'vitest';
import { RedisError } from '../../src/cache/redis-connection.ts';
import { isOnItsWay, isReasonToLook, redirectionOf } from '../../src/cache/redis-topology.ts';

const reply = (message: string) => new ErrorReply(message);
const moved = reply('MOVED 3999 127.0.0.1:6381');
const ask = reply('ASK 3999 2001:db8::1:6381');
/** As a script may tell of an error within it. */
const within = reply('ERR in a script: MOVED 3999 127.0.0.1:6381');

describe('an error of a server', () => {
  test('tells where the slot is, or is being moved', () => {
    expect(redirectionOf(moved, 'MOVED')).toEqual({ slot: 3999, to: '127.0.0.1:6381' });
    expect(redirectionOf(ask, 'ASK')).toEqual({ slot: 3999, to: '2001:db8::1:6381' });
  });

  test.each([
    ['of another kind', ask],
    ['of nothing of the kind', reply('ERR unknown command')],
    ['within the words of another', within],
    ['with more behind it', reply('MOVED 3999 127.0.0.1:6381 or so')],
    ['of no server', new Error(moved.message)],
  ])('tells nothing of it: %s', (_name, error) => {
    expect(redirectionOf(error, 'MOVED')).toBeUndefined();
  });

  test.each([
    ['a slot that is another’s', moved, true],
    ['a slot that is being moved', ask, true],
    ['keys of a slot of which some have moved', reply('TRYAGAIN Multiple keys request during rehashing'), true],
    ['something else', reply('ERR unknown command'), false],
    ['another, in whose words it stands', within, false],
    ['no server', new RedisError('MOVED or not, it is silent'), false],
  ])('says that a slot is on its way: of %s', (_name, error, isSo) => {
    expect(isOnItsWay(error)).toBe(isSo);
  });

  test.each([
    ['a slot that is another’s', moved, true],
    ['a cluster that is down', reply('CLUSTERDOWN The cluster is down'), true],
    ['a replica', reply("READONLY You can't write against a read only replica."), true],
    ['a server that is loading', reply('LOADING Redis is loading the dataset in memory'), true],
    ['a slot that is being moved', ask, false],
    ['the command itself', reply('WRONGTYPE Operation against a key holding the wrong kind of value'), false],
    ['another, in whose words it stands', within, false],
    ['no server', new RedisError('Redis is not connected'), true],
  ])('is a reason to look anew: of %s', (_name, error, isSo) => {
    expect(isReasonToLook(error)).toBe(isSo);
  });
});
