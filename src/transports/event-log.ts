import type { EventStore, JSONRPCMessage } from '@modelcontextprotocol/server';

/** What one session remembers, so that a client whose connection broke can ask for what it missed. */
const MAX_EVENTS = 100;
const MAX_BYTES = 256 * 1024;

interface LoggedStream {
  readonly id: string;
  /** Of its events that are still kept. */
  events: number;
  answered: boolean;
}

interface LoggedEvent {
  readonly stream: LoggedStream;
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
  const streams = new Map<string, LoggedStream>();
  let bytes = 0;
  let last = 0;

  const add = (id: string, stream: LoggedStream, message: JSONRPCMessage): void => {
    const event = { stream, message, bytes: roughBytes(message) };
    events.set(id, event);
    streams.set(stream.id, stream);
    stream.events++;
    bytes += event.bytes;
    if ('result' in message || 'error' in message) stream.answered = true;
  };
  const drop = (id: string, { stream, bytes: freed }: LoggedEvent): void => {
    events.delete(id);
    stream.events--;
    if (stream.events === 0) streams.delete(stream.id);
    bytes -= freed;
  };
  const makeRoom = (isSpare: (stream: LoggedStream) => boolean): void => {
    for (const [id, event] of events) {
      if (events.size <= MAX_EVENTS && bytes <= MAX_BYTES) return;
      if (isSpare(event.stream)) drop(id, event);
    }
  };

  return {
    async storeEvent(streamId, message) {
      const id = `${++last}`;
      const stream = streams.get(streamId) ?? { id: streamId, events: 0, answered: false };
      add(id, stream, message);
      // Most answers have been read; whoever still waits for one will ask from where its stream began.
      makeRoom((other) => other.answered && other !== stream);
      makeRoom(() => true);
      return id;
    },
    isOver(eventId) {
      const stream = events.get(eventId)?.stream;
      return [...events.values()].some((event) => event.stream === stream && isCancelled(event.message));
    },
    async getStreamIdForEventId(id) {
      return events.get(id)?.stream.id;
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
      return stream.id;
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
