import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpPorts } from './ports.ts';
import { CLOSE, refuse, sendJson } from './refusal.ts';

const READY_WITHIN_MS = 2_000;
/** So long an answer holds for whoever asks next: nobody can make the store work by asking. */
const HOLDS_MS = 1_000;

/** Whether the process lives; whether the store opens; or the latter of a server that takes no more requests. */
export type Question = 'alive' | 'ready' | 'stopping';

/** `/healthz` and `/readyz`: open to everybody, and telling nothing else. */
export function healthRoute(ports: HttpPorts) {
  let known: { readonly until: number; readonly ready: Promise<boolean> } | undefined;
  const canServeNow = (): Promise<boolean> => {
    const now = ports.now();
    const holds = known !== undefined && now < known.until && known.until <= now + HOLDS_MS;
    if (!holds) known = { until: now + HOLDS_MS, ready: canServe(ports) };
    return known!.ready;
  };

  return async (req: IncomingMessage, res: ServerResponse, question: Question): Promise<void> => {
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      throw refuse(405, 'Method not allowed', { headers: { allow: 'GET, HEAD' } });
    }
    // Each closes its connection: one that is kept would be the oldest stranger's, and the first to be cut off.
    if (question === 'alive') return sendJson(res, 200, { status: 'ok' }, CLOSE);
    const ready = question === 'ready' && (await canServeNow());
    sendJson(res, ready ? 200 : 503, { status: ready ? 'ready' : 'unready' }, CLOSE);
  };
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
