import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import { refuse } from './refusal.ts';

/** What one POST asked for. */
export interface Begun {
  /** Resolves when all of it is answered, or never will be. */
  readonly ended: Promise<void>;
  /** Nobody works on it. */
  drop(): void;
}

/** What one session has asked for and its handlers have not ended, whether or not the client still listens. */
export interface Underway {
  /** Throws a 400 for an id that is under way: the transport keeps answers by id, and the first would get none. */
  begin(body: unknown): Begun;
  /** How many share the stream of the answer to this id; undefined when it is not under way. */
  sharing(id: string): number | undefined;
  /** As JSON: `7` is not `"7"`. */
  ids(): readonly string[];
  /** Sees what is sent to the client. */
  sent(message: JSONRPCMessage): void;
  /** Nothing will be answered any more. */
  end(): void;
}

interface Waiting {
  readonly sharing: number;
  readonly settle: () => void;
}

export function watchUnderway(): Underway {
  const waiting = new Map<string, Waiting>();
  const settle = (id: string): void => {
    const each = waiting.get(id);
    waiting.delete(id);
    each?.settle();
  };

  return {
    begin(body) {
      const ids = idsOf(body);
      if (new Set(ids).size < ids.length || ids.some((id) => waiting.has(id))) {
        throw refuse(400, 'This id is already under way in the session', { code: -32_600 });
      }
      const settled = ids.map(
        (id) => new Promise<void>((resolve) => waiting.set(id, { sharing: ids.length, settle: resolve })),
      );
      return { ended: Promise.all(settled).then(() => {}), drop: () => ids.forEach(settle) };
    },
    sharing: (id) => waiting.get(id)?.sharing,
    ids: () => [...waiting.keys()],
    sent(message) {
      if ('id' in message && !('method' in message)) settle(JSON.stringify(message.id));
    },
    end: () => [...waiting.keys()].forEach(settle),
  };
}

function idsOf(body: unknown): string[] {
  return (Array.isArray(body) ? body : [body]).flatMap((message) => {
    const { id, method } = (message ?? {}) as { id?: unknown; method?: unknown };
    return method !== undefined && (typeof id === 'string' || typeof id === 'number') ? [JSON.stringify(id)] : [];
  });
}
