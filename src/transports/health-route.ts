import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpPorts } from './ports.ts';
import { CLOSE, refuse, sendJson } from './refusal.ts';

interface Health {
  readonly ports: HttpPorts;
  /** Asks for readiness; else only whether the process lives. */
  readonly ready: boolean;
  readonly stopped: boolean;
}

const READY_WITHIN_MS = 2_000;

/** `/healthz` and `/readyz`: open to everybody, and telling nothing else. */
export async function serveHealth(req: IncomingMessage, res: ServerResponse, health: Health): Promise<void> {
  if (req.method !== 'GET' && req.method !== 'HEAD') {
    throw refuse(405, 'Method not allowed', { headers: { allow: 'GET, HEAD' } });
  }
  if (!health.ready) return sendJson(res, 200, { status: 'ok' }, CLOSE);
  const ready = !health.stopped && (await canServe(health.ports));
  sendJson(res, ready ? 200 : 503, { status: ready ? 'ready' : 'unready' }, CLOSE);
}

/** Whether the store opens. */
async function canServe({ services, tokens, log }: HttpPorts): Promise<boolean> {
  const opened = services(tokens[0]!.name).then(
    () => true,
    (error: unknown) => {
      log(`http: not ready: ${error instanceof Error ? error.message : 'unknown'}`);
      return false;
    },
  );
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), READY_WITHIN_MS);
  });
  const ready = await Promise.race([opened, late]);
  clearTimeout(timer);
  return ready;
}
