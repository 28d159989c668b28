import type { EventStore, JSONRPCMessage } from '@modelcontextprotocol/server';

/** What one session remembers, so that a client whose connection broke can ask for what it missed. */
const MAX_EVENTS = 100;
const MAX_BYTES = 256 * 1024;

interface LoggedEvent {
  readonly stream: string;
  readonly message: JSONRPCMessage;
  readonly bytes: number;
}

/** The last events of one session, in memory. Ids are only meaningful within it. */
export interface EventLog extends EventStore {
  /** Whether nothing comes after this event, because its request was cancelled. */
  isOver(eventId: string): boolean;
}

/** What a cancelled request is answered with where nobody hears it: the transport then forgets the request. */
export const CANCELLED = { code: -32_800, message: 'Cancelled' } as const;

export function logEvents(): EventLog {
  const events = new Map<string, LoggedEvent>();
  let bytes = 0;
  let last = 0;

  return {
    async storeEvent(stream, message) {
      const id = `${++last}`;
      const event = { stream, message, bytes: roughBytes(message) };
      events.set(id, event);
      bytes += event.bytes;
      for (const [oldest, { bytes: freed }] of events) {
        if (events.size <= MAX_EVENTS && bytes <= MAX_BYTES) break;
        events.delete(oldest);
        bytes -= freed;
      }
      return id;
    },
    isOver(eventId) {
      const stream = events.get(eventId)?.stream;
      return [...events.values()].some((event) => event.stream === stream && isCancelled(event.message));
    },
    async getStreamIdForEventId(id) {
      return events.get(id)?.stream;
    },
    async replayEventsAfter(lastId, { send }) {
      const stream = events.get(lastId)?.stream;
      if (stream === undefined) throw new Error('The event is no longer kept');
      let after = false;
      for (const [id, event] of [...events]) {
        // A priming event has no message: it only gives the stream a first id.
        if (after && event.stream === stream && 'jsonrpc' in event.message) await send(id, event.message);
        if (id === lastId) after = true;
      }
      return stream;
    },
  };
}

function isCancelled(message: JSONRPCMessage): boolean {
  return 'error' in message && message.error === CANCELLED;
}

/** Near enough without writing it all out: what is large in an answer are its contents, and they are there twice. */
function roughBytes(message: JSONRPCMessage): number {
  if (!('result' in message)) return 'method' in message ? JSON.stringify(message).length : 100;
  const { content } = message.result as { content?: unknown };
  if (!Array.isArray(content)) return JSON.stringify(message).length;
  let bytes = 200;
  for (const { text, data } of content as { text?: unknown; data?: unknown }[]) {
    bytes += typeof text === 'string' ? 2 * text.length : typeof data === 'string' ? data.length : 1_000;
  }
  return bytes;
}
