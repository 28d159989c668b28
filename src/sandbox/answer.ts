import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { type Context, lapsedLink } from './context.ts';
import type { Fault } from './faults.ts';
import { isRecord, Refusal, type Reply, refusalReply } from './wire.ts';

const HUGE_BYTES = 32 * 1024 * 1024;
const DRIPS = 20;
const GATEWAY_PAGE = '<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n';

/** The answer of a fault that befalls a request before it is carried out; undefined when it is carried out. */
export function faultBefore(fault: Fault): Reply | 'hang' | 'drop' | undefined {
  const retryAfter = fault.retryAfter === undefined ? {} : { headers: { 'retry-after': String(fault.retryAfter) } };
  const refuse = (status: number, message: string, code: string): Reply => ({
    ...refusalReply(new Refusal(fault.status ?? status, message, code)),
    ...retryAfter,
  });
  switch (fault.kind) {
    case 'refuse':
      return refuse(400, 'This request has been blocked by our content filters.', 'sentinel_block');
    case '429':
      return refuse(429, 'Rate limit reached for requests. Please try again later.', 'rate_limit_exceeded');
    case '503':
      return refuse(503, 'The service is overloaded. Your request was not accepted.', 'service_unavailable');
    case '500':
      return refuse(500, 'The server had an error while processing your request.', 'server_error');
    case 'hang':
      return 'hang';
    case 'drop-before':
      return 'drop';
    default:
      return undefined;
  }
}

/** What a fault makes of the answer to a request that was carried out. */
export function faultAfter(context: Context, fault: Fault, reply: Reply): Reply | 'hang' | 'drop' {
  const status = fault.status ?? reply.status;
  switch (fault.kind) {
    case 'hang-after':
      return 'hang';
    case 'drop-after':
      return 'drop';
    case 'rubbish':
      return { status, bytes: Buffer.from('{"id": "vid'), type: 'application/json' };
    case 'html':
      return { status: fault.status ?? 502, bytes: Buffer.from(GATEWAY_PAGE), type: 'text/html' };
    case 'huge-json': {
      const whole = isRecord(reply.json)
        ? { ...reply.json, padding: 'x'.repeat(HUGE_BYTES) }
        : { padding: 'x'.repeat(HUGE_BYTES) };
      return { ...reply, status, json: whole };
    }
    case 'other-id':
      return { ...reply, status, json: changed(reply.json, ['id', 'task_id', 'character_id'], (id) => `${id}_other`) };
    case 'unknown-status':
      return { ...reply, status, json: changed(reply.json, ['status'], () => 'teleporting') };
    case 'expired-link':
      if (reply.bytes) return refusalReply(new Refusal(fault.status ?? 410, 'This link has expired.', 'expired'));
      return { ...reply, status, json: changed(reply.json, ['video_url'], () => lapsedLink(context)) };
    default:
      return { ...reply, status };
  }
}

function changed(json: unknown, names: readonly string[], change: (value: unknown) => unknown): unknown {
  if (!isRecord(json)) return json;
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [name, names.includes(name) ? change(value) : value]),
  );
}

/** Sends an answer whole, or half of it, or slowly. */
export async function send(response: ServerResponse, reply: Reply, fault?: Fault): Promise<void> {
  const body = reply.bytes ?? Buffer.from(JSON.stringify(reply.json ?? {}));
  response.writeHead(reply.status, {
    'content-type': reply.type ?? 'application/json',
    'content-length': body.length,
    ...reply.headers,
  });
  if (fault?.kind === 'truncate') {
    // Destroyed only once the half is on its way, or the client would see nothing of it.
    response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.destroy());
    return;
  }
  if (fault?.kind !== 'slow-body') {
    response.end(body);
    return;
  }
  const part = Math.ceil(body.length / DRIPS);
  for (let at = 0; at < body.length && !response.destroyed; at += part) {
    response.write(body.subarray(at, at + part));
    await pause((fault.delayMs ?? 1_000) / DRIPS, undefined, { ref: false });
  }
  response.end();
}
