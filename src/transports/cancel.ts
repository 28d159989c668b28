import { CANCELLED } from './event-log.ts';
import type { Session } from './sessions.ts';

/** The ids, as JSON, of the requests that a message or a batch cancels. */
export function cancelledIn(body: unknown): string[] {
  return (Array.isArray(body) ? body : [body]).flatMap((message) => {
    const { method, params } = (message ?? {}) as { method?: unknown; params?: { requestId?: unknown } | null };
    const id = params?.requestId;
    return method === 'notifications/cancelled' && id !== undefined ? [JSON.stringify(id)] : [];
  });
}

/** A cancelled request gets no answer, and the transport ends a stream with its answer: this ends it without one. */
export async function endCancelled({ underway, transport }: Session, body: unknown): Promise<void> {
  for (const id of cancelledIn(body)) {
    const sharing = underway.sharing(id);
    if (sharing === undefined) continue;
    const requestId = JSON.parse(id) as string | number;
    const alone = sharing === 1;
    if (alone) transport.closeSSEStream(requestId);
    // Heard by nobody, or in a batch by one who waits no more: the other answers still need the stream.
    const error = alone ? CANCELLED : { ...CANCELLED };
    await transport.send({ jsonrpc: '2.0', id: requestId, error }).catch(() => {});
  }
}
