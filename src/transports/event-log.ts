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
export function logEvents(): EventStore {
  const events = new Map<string, LoggedEvent>();
  let bytes = 0;
  let last = 0;

  return {
    async storeEvent(stream, message) {
      const id = `${++last}`;
      const event = { stream, message, bytes: JSON.stringify(message).length };
      events.set(id, event);
      bytes += event.bytes;
      for (const [oldest, { bytes: freed }] of events) {
        if (events.size <= MAX_EVENTS && bytes <= MAX_BYTES) break;
        events.delete(oldest);
        bytes -= freed;
      }
      return id;
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
