import { randomUUID } from 'node:crypto';
import { type McpServer, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';
import { type EventLog, logEvents } from './event-log.ts';
import type { HttpPorts } from './ports.ts';
import { refuse, STOPPING } from './refusal.ts';
import type { Caller } from './tokens.ts';
import { type Underway, watchUnderway } from './underway.ts';

/** One 2025 client: its own server and transport, so that its ids, answers and progress are nobody else's. */
export interface Session {
  readonly caller: Caller;
  readonly transport: WebStandardStreamableHTTPServerTransport;
  readonly server: McpServer;
  readonly events: EventLog;
  readonly underway: Underway;
  /** Requests and streams under way. */
  busy: number;
  /** Unix milliseconds. */
  usedAt: number;
}

export interface Sessions {
  /** A session that is not in the table until its client has said hello properly. */
  open(caller: Caller): Promise<Session>;
  /** Throws the same 404 for a session that is not there and for one that is another caller's. */
  find(id: string, caller: Caller): Session;
  /** Closes what nobody has used for long. */
  sweep(): void;
  close(): Promise<void>;
}

/** A session this long without use goes when its place is needed; clients that crashed leave such. */
const SPARE_MS = 60_000;
/** When a client whose stream broke should come back. */
const RETRY_MS = 1_000;

export function openSessions(ports: HttpPorts): Sessions {
  const { limits, now } = ports;
  const sessions = new Map<string, Session>();

  const end = (id: string): void => {
    const session = sessions.get(id);
    if (session === undefined) return;
    sessions.delete(id);
    session.server.close().catch(() => {});
  };
  const endUnused = (ms: number, caller?: Caller): void => {
    const before = now() - ms;
    for (const [id, session] of sessions) {
      const theirs = caller === undefined || session.caller === caller;
      if (theirs && session.busy === 0 && session.usedAt <= before) end(id);
    }
  };
  const makeRoom = (caller: Caller): void => {
    const count = () => [...sessions.values()].filter((session) => session.caller === caller).length;
    if (count() < limits.sessions) return;
    endUnused(Math.min(SPARE_MS, limits.idleSessionMs), caller);
    if (count() >= limits.sessions) {
      throw refuse(429, `More than ${limits.sessions} sessions at a time`, { retryAfter: 60 });
    }
  };

  return {
    async open(caller) {
      makeRoom(caller);
      const server = ports.serverFor(caller.workspace, 'on-connect');
      const events = logEvents();
      const transport = new WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (id) => void sessions.set(id, session),
        keepAliveMs: limits.keepAliveMs,
        eventStore: events,
        retryInterval: RETRY_MS,
      });
      const underway = watchUnderway();
      const send = transport.send.bind(transport);
      transport.send = (message, how) => send(message, how).finally(() => underway.sent(message));
      const session: Session = { caller, transport, server, events, underway, busy: 0, usedAt: now() };
      await server.connect(transport);
      const closed = transport.onclose;
      transport.onclose = () => {
        if (transport.sessionId !== undefined) sessions.delete(transport.sessionId);
        underway.end();
        closed?.();
      };
      return session;
    },
    find(id, caller) {
      const session = sessions.get(id);
      if (session?.caller !== caller) throw refuse(404, 'Session not found', { code: -32_001 });
      return session;
    },
    sweep: () => endUnused(limits.idleSessionMs),
    async close() {
      const open = [...sessions.values()];
      sessions.clear();
      await Promise.all(open.map(endSession));
    },
  };
}

/** Whoever still waits is told that no answer comes. */
async function endSession({ underway, transport, server }: Session): Promise<void> {
  for (const id of underway.ids()) {
    await transport.send({ jsonrpc: '2.0', id: JSON.parse(id), error: STOPPING }).catch(() => {});
  }
  await server.close().catch(() => {});
}
