import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import { expect, test } from 'vitest';
import { type EventLog, logEvents } from '../../src/transports/event-log.ts';

/** What the transport logs first of a stream. */
const PRIMING = {} as JSONRPCMessage;
const answer = (id: number, text = ''): JSONRPCMessage => ({ jsonrpc: '2.0', id, result: { content: [{ text }] } });

async function missed(log: EventLog, lastId: string): Promise<JSONRPCMessage[]> {
  const messages: JSONRPCMessage[] = [];
  await log.replayEventsAfter(lastId, { send: async (_id, message) => void messages.push(message) });
  return messages;
}

async function callQuickly(log: EventLog, calls: number, text?: string): Promise<void> {
  for (let at = 0; at < calls; at++) {
    await log.storeEvent(`quick ${at}`, PRIMING);
    await log.storeEvent(`quick ${at}`, answer(100 + at, text));
  }
}

test.each([
  ['many', 200, ''],
  ['large', 20, 'x'.repeat(50_000)],
])('a long call is kept through quick ones that are %s', async (_what, calls, text) => {
  const log = logEvents();
  const begun = await log.storeEvent('long', PRIMING);
  await callQuickly(log, calls, text);
  await log.storeEvent('long', answer(1));
  expect(await missed(log, begun)).toEqual([answer(1)]);
});

test('an answer that was sent long ago is not', async () => {
  const log = logEvents();
  const begun = await log.storeEvent('short', PRIMING);
  await log.storeEvent('short', answer(1));
  await callQuickly(log, 60);
  await expect(missed(log, begun)).rejects.toThrow();
});

test('calls that never end are not all kept', async () => {
  const log = logEvents();
  const ids: string[] = [];
  for (let at = 0; at < 101; at++) ids.push(await log.storeEvent(`long ${at}`, PRIMING));
  expect(await log.getStreamIdForEventId?.(ids[0]!)).toBeUndefined();
  expect(await log.getStreamIdForEventId?.(ids[1]!)).toBe('long 1');
});
