import type { IncomingMessage, ServerResponse } from 'node:http';
import { faultAfter, faultBefore, send } from './answer.ts';
import type { Context } from './context.ts';
import { controlReply } from './control.ts';
import type { Fault, FaultQueue } from './faults.ts';
import { MODERATION } from './job.ts';
import type { Journal } from './journal.ts';
import { findRoute, type Route } from './routes.ts';
import { type Call, parseBody, Refusal, type Reply, readBody, refusalReply, sameText } from './wire.ts';

/** Answers one HTTP request after another. Whatever goes wrong in here is a 500, never a dead server. */
export function requestListener(
  context: Context,
  faults: FaultQueue,
  journal: Journal,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    // A client that leaves, also in the middle of a fault, is no news.
    response.on('error', () => undefined);
    try {
      await answer(request, response);
    } catch (error) {
      if (response.headersSent || response.destroyed) response.destroy();
      // What was not read of the body is not waited for.
      else
        await send(response, { ...replyTo(error), ...(request.complete ? {} : { headers: { connection: 'close' } }) });
    }
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://sandbox');
    const method = request.method ?? 'GET';
    const found = findRoute(method, url.pathname);
    refuseStrangers(context, request);
    if (!found?.route.open) checkKey(context, request);
    const body = await readBody(request);
    const bare = { method, path: url.pathname, query: url.searchParams, headers: request.headers };
    if (context.settings.control && url.pathname.startsWith('/__sandbox/')) {
      const parsed = await parseBody(request.headers, body);
      return send(response, controlReply(context, faults, journal, { ...bare, ...parsed, params: {} }));
    }
    const failure: { refusal?: unknown } = {};
    const parsed = await parseBody(request.headers, body).catch((error: unknown) => {
      failure.refusal = error;
      return { encoding: 'other', fields: {} } as const;
    });
    const call: Call = { ...bare, ...parsed, params: found?.params ?? {} };
    journal.add(call, found?.route.operation ?? 'unknown', context.settings.clock());
    if (failure.refusal) throw failure.refusal;
    if (!found) throw new Refusal(404, `Invalid URL (${method} ${url.pathname.slice(0, 120)})`, 'unknown_url');
    return carryOut(found.route, call, response);
  }

  async function carryOut(route: Route, call: Call, response: ServerResponse): Promise<void> {
    const fault = faults.take(route.operation);
    let reply: Reply | 'hang' | 'drop' | undefined = fault && faultBefore(fault);
    reply ??= await handle(route, call, fault);
    if (reply === 'hang') return;
    if (reply === 'drop') {
      response.destroy();
      return;
    }
    await send(response, reply, fault);
  }

  async function handle(route: Route, call: Call, fault: Fault | undefined): Promise<Reply | 'hang' | 'drop'> {
    const run = async (): Promise<Reply> => {
      try {
        return await route.handle(context, call);
      } catch (error) {
        return replyTo(error);
      }
    };
    const reply = await run();
    if (!fault) return reply;
    if (fault.kind !== 'fail-job') return faultAfter(context, fault, reply);
    if (reply.jobId) context.state.failJob(reply.jobId, MODERATION);
    // A look at the job shows what became of it; a create is not done twice.
    return call.method === 'GET' ? run() : reply;
  }
}

function replyTo(error: unknown): Reply {
  if (error instanceof Refusal) return refusalReply(error);
  const told = error instanceof Error ? error.message : String(error);
  return refusalReply(new Refusal(500, `The sandbox failed: ${told}`, 'server_error'));
}

/** Web pages reach loopback too: one of another name that resolves here, or one that sends what needs no answer. */
function refuseStrangers(context: Context, { headers }: IncomingMessage): void {
  if (headers.host === new URL(context.origin()).host && headers.origin === undefined) return;
  throw new Refusal(403, 'Only its own programs may ask here.', 'forbidden');
}

function checkKey(context: Context, { headers }: IncomingMessage): void {
  const sent = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? headers['api-key'];
  const { key } = context.settings;
  if (!sent) throw new Refusal(401, "You didn't provide an API key.", 'missing_api_key');
  if (key !== undefined && !sameText(String(sent), key))
    throw new Refusal(401, 'Incorrect API key provided.', 'invalid_api_key');
}
