import type { Dispatcher, Agent as UndiciAgent } from 'undici';
import { SoraError } from '../domain/errors.ts';
import { redact } from '../domain/secret.ts';
import { clean } from '../domain/text.ts';
import { guardedLookup, guardLiteral } from './address.ts';
import { answerFailure, type FailedCall, unusableAnswer } from './answer-failure.ts';
import { encodeBody, flatHeaders, noting, readText } from './bodies.ts';
import { orAborted, startClocks } from './clocks.ts';
import { findError, parseJson } from './envelope.ts';
import {
  type Answer,
  type AuthScheme,
  type Http,
  type HttpOptions,
  type JsonCall,
  MAX_JSON_BYTES,
  type Notices,
  type OpenOptions,
  type RawAnswer,
} from './http-port.ts';
import { networkFailure } from './network-failure.ts';
import { READ_RETRIES, retrying } from './retry.ts';
import { retryAfterSeconds } from './retry-after.ts';

const MAX_REDIRECTS = 5;

type Undici = typeof import('undici');
type Headers_ = Readonly<Record<string, string>>;

/** The one door to the outside. Holds connections until `close`. */
export function createHttp(options: HttpOptions): Http {
  const { timeouts, timing, apiKey, guard } = options;
  const { origin } = options.baseUrl;
  const secrets = apiKey ? [apiKey] : [];
  const agents = new Map<'kept' | 'fresh', UndiciAgent>();
  let undici: Promise<Undici> | undefined;
  let notices: Notices = {};

  // Loaded at the first call: the server's start does not wait for it.
  const load = (): Promise<Undici> => (undici ??= import('undici'));
  const tell = (text: string, max: number): string => clean(redact(text, secrets), max);
  const ownHeaders = (url: URL): Headers_ =>
    apiKey && url.origin === origin ? credentials(options.auth, apiKey.reveal()) : {};

  async function agentFor(kind: 'kept' | 'fresh'): Promise<UndiciAgent> {
    const { Agent } = await load();
    const known = agents.get(kind);
    if (known) return known;
    // A kept connection may die under a create just as it is written, and nobody could tell whether it arrived.
    const fresh = kind === 'fresh' ? { pipelining: 0 } : {};
    const made = new Agent({ connect: { timeout: timeouts.connectMs }, ...fresh });
    agents.set(kind, made);
    return made;
  }

  async function attempt(call: JsonCall, totalMs: number): Promise<Answer> {
    const { request } = await load();
    const { host } = call.url;
    const form = call.body && encodeBody(call.body);
    const state = { written: form === undefined };
    const clocks = startClocks(call.paid ? timeouts.createMs : timeouts.readMs, totalMs, call.signal);
    try {
      const sent = request(call.url, {
        method: call.method,
        headers: {
          accept: 'application/json',
          ...ownHeaders(call.url),
          ...(form ? { 'content-type': form.contentType, 'content-length': String(form.contentLength) } : {}),
          ...(call.idempotencyKey ? { 'idempotency-key': call.idempotencyKey } : {}),
        },
        body: form ? asBody(noting(form.body, state)) : null,
        dispatcher: await agentFor(call.paid ? 'fresh' : 'kept'),
        signal: clocks.signal,
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      const answer = await orAborted(sent, clocks.signal);
      clocks.headersCame();
      const headers = flatHeaders(answer.headers);
      noteHeaders(headers);
      if (answer.statusCode === 429 && !call.paid) notices = { ...notices, limitedAt: timing.clock() };
      const text = await readText(answer.body, MAX_JSON_BYTES, headers['content-encoding']);
      return judge(answer.statusCode, headers, text, { ...call, host });
    } catch (error) {
      throw networkFailure(error, {
        host,
        paid: call.paid,
        written: state.written,
        timedOut: clocks.timedOut(),
        cancelled: call.signal?.aborted === true,
      });
    } finally {
      clocks.stop();
    }
  }

  function judge(
    status: number,
    headers: Headers_,
    text: string | undefined,
    call: FailedCall & Pick<JsonCall, 'told'>,
  ): Answer {
    const fine = status >= 200 && status <= 299;
    if (text === undefined) {
      throw unusableAnswer(
        status,
        `more than ${MAX_JSON_BYTES / 1024 / 1024} MiB instead of a short JSON answer`,
        call,
      );
    }
    const html = /^\s*</.test(text) || headers['content-type']?.includes('html') === true;
    const body = html ? undefined : parseJson(text);
    call.told?.(body);
    if (fine) {
      if (html) throw unusableAnswer(status, 'a web page instead of JSON', call);
      if (text.trim() !== '' && body === undefined) throw unusableAnswer(status, 'something that is no JSON', call);
      return { status, headers, body };
    }
    const error = body === undefined ? undefined : findError(body, false);
    throw answerFailure(
      {
        status,
        html,
        error: error && { ...error, message: tell(error.message, 400), code: error.code && tell(error.code, 80) },
        text: html || body !== undefined ? undefined : tell(text, 200),
        retryAfterSeconds: retryAfterSeconds(headers, timing.clock()),
        location: headers.location && tell(headers.location, 300),
      },
      call,
    );
  }

  function noteHeaders(headers: Headers_): void {
    if (headers.deprecation) notices = { ...notices, deprecation: tell(headers.deprecation, 100) };
    const sunset = Date.parse(headers.sunset ?? '');
    if (!Number.isNaN(sunset)) notices = { ...notices, sunset };
  }

  async function hop(
    url: URL,
    call: OpenOptions,
    home: boolean,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    const { Agent, request } = await load();
    const strange = home ? undefined : guard;
    if (strange) guardLiteral(strange, url);
    const own = strange
      ? new Agent({ connect: { timeout: timeouts.connectMs, lookup: guardedLookup(strange, url) }, pipelining: 0 })
      : undefined;
    const leave = () => void own?.destroy().catch(() => {});
    try {
      const sent = request(url, {
        headers: { ...call.headers, ...(home ? ownHeaders(url) : {}) },
        dispatcher: own ?? (await agentFor('kept')),
        signal,
        headersTimeout: 0,
        bodyTimeout: timeouts.idleMs,
      });
      const answer = await orAborted(sent, signal);
      answer.body.once('close', leave).on('error', () => {});
      return answer;
    } catch (error) {
      leave();
      throw error;
    }
  }

  async function open(first: URL, call: OpenOptions = {}): Promise<RawAnswer> {
    let url = first;
    let home = call.foreign !== true;
    for (let hops = 0; hops <= MAX_REDIRECTS && /^https?:$/.test(url.protocol); hops++) {
      const clocks = startClocks(timeouts.readMs, 0, call.signal);
      // Who was led elsewhere once is led by strangers, also back to the base URL's origin.
      home &&= url.origin === origin;
      try {
        const { statusCode: status, headers: raw, body } = await hop(url, call, home, clocks.signal);
        const headers = flatHeaders(raw);
        const next = status >= 300 && status <= 399 ? headers.location : undefined;
        if (next === undefined || !URL.canParse(next, url.href)) return { status, headers, url, body };
        body.destroy();
        url = new URL(next, url);
      } catch (error) {
        throw networkFailure(error, {
          host: url.host,
          paid: false,
          written: true,
          timedOut: clocks.timedOut(),
          cancelled: call.signal?.aborted === true,
        });
      } finally {
        clocks.stop();
      }
    }
    throw new SoraError({ code: 'download_failed', message: `${first.host} redirects to nowhere usable` });
  }

  return {
    hasKey: apiKey !== undefined,
    tell,
    open,
    notices: () => notices,
    async ask(call) {
      if (call.paid) return await attempt(call, timeouts.createTotalMs);
      if (call.method !== 'GET') return await attempt(call, timeouts.readTotalMs);
      const deadline = timing.clock() + timeouts.readTotalMs;
      const once = () => attempt(call, Math.max(1, deadline - timing.clock()));
      return await retrying(once, options.retries ?? READ_RETRIES, timing, deadline, call.signal);
    },
    async close() {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()));
      agents.clear();
    },
  };
}

function credentials(auth: AuthScheme, key: string): Headers_ {
  switch (auth.scheme) {
    case 'bearer':
      return { authorization: `Bearer ${key}` };
    case 'bare':
      return { authorization: key };
    case 'header':
      return { [auth.header.toLowerCase()]: key };
    default:
      return auth satisfies never;
  }
}

/** undici takes any async iterable of bytes; its types name only Node's streams. */
function asBody(bytes: AsyncIterable<Uint8Array>): Exclude<Dispatcher.DispatchOptions['body'], undefined> {
  return bytes as unknown as Exclude<Dispatcher.DispatchOptions['body'], undefined>;
}
