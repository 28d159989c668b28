import { pipeline, Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { SoraError } from '../domain/errors.ts';
import type { Clock } from '../domain/ids.ts';
import type { CallContext, Content, ContentStart, ContentVariant, RemoteVideo } from './backend.ts';
import { readText } from './bodies.ts';
import { findError, parseJson } from './envelope.ts';
import { type RawAnswer, TIMEOUTS } from './http-port.ts';
import { networkFailure } from './network-failure.ts';
import { retryAfterSeconds } from './retry-after.ts';
import { getVideo } from './videos.ts';
import type { Wire } from './wire.ts';
import { urlOf } from './write-request.ts';

/** A download that brings less for so long keeps its place from others: it is cut off, and resumed later. */
const SLOWEST = { bytes: 60 * 1024, perMs: 60_000 } as const;

interface Encoding {
  readonly decoder: () => Transform;
  /** Whether what begins so is encoded at all: who forwards what it decoded may leave the header. */
  readonly begins: (head: Buffer) => boolean;
}

const GZIP: Encoding = { decoder: createGunzip, begins: (head) => head[0] === 0x1f && head[1] === 0x8b };
/** What some send without being asked. Any other encoding passes as it is: not all who name one have encoded anything. */
const ENCODINGS: ReadonlyMap<string | undefined, Encoding> = new Map<string, Encoding>([
  ['gzip', GZIP],
  ['x-gzip', GZIP],
  ['deflate', { decoder: createInflate, begins: isZlib }],
  // It has no signature of its own.
  ['br', { decoder: createBrotliDecompress, begins: (head) => !isMedia(head) }],
]);
/** So many bytes tell what a file is. */
const HEAD_BYTES = 12;

type Known = Pick<RemoteVideo, 'remoteId' | 'videoUrl'>;

/**
 * Opens a finished job's bytes. Places are tried in the dialect's order; a link that lapsed is asked for anew, once.
 * Throws `link_expired` when nothing has it any more.
 */
export async function openContent(
  wire: Wire,
  known: Known,
  variant: ContentVariant,
  start: number | ContentStart,
  context?: CallContext,
): Promise<Content> {
  const from = typeof start === 'number' ? { byte: start } : start;
  const endpoint = endpointOf(wire, known.remoteId, variant);
  if (variant !== 'video') {
    if (endpoint) return await openAt(wire, endpoint, from, context);
    throw new SoraError({ code: 'not_supported', message: `${wire.profile.id} has no ${variant} of its videos` });
  }
  const tried = new Set<string>();
  let lapsed: SoraError | undefined;
  for await (const url of placesOf(wire, known, endpoint, context)) {
    if (tried.has(url.href)) continue;
    tried.add(url.href);
    try {
      return await openAt(wire, url, from, context);
    } catch (error) {
      // A place that does not have it may be followed by one that does; any other trouble is told.
      if (!(error instanceof SoraError) || (error.code !== 'link_expired' && error.code !== 'not_supported'))
        throw error;
      lapsed ??= error;
    }
  }
  throw (
    lapsed ??
    new SoraError({
      code: 'download_failed',
      message: `${wire.profile.id} does not say where the video is`,
      retryable: true,
    })
  );
}

async function* placesOf(
  wire: Wire,
  known: Known,
  endpoint: URL | undefined,
  context?: CallContext,
): AsyncGenerator<URL> {
  const link = known.videoUrl !== undefined && URL.canParse(known.videoUrl) ? new URL(known.videoUrl) : undefined;
  const places = wire.dialect.answer.file.indexOf('content') === 0 ? [endpoint, link] : [link, endpoint];
  for (const place of places) if (place) yield place;
  const fresh = await getVideo(wire, known.remoteId, context).catch(() => undefined);
  if (fresh?.videoUrl !== undefined) yield new URL(fresh.videoUrl);
}

function endpointOf(wire: Wire, id: string, variant: ContentVariant): URL | undefined {
  const operation = wire.dialect.operations.content;
  if (!operation?.variants.includes(variant)) return undefined;
  // The video is what every server gives unasked; only the others need the field.
  return urlOf(wire.baseUrl, operation, { id, variant: variant === 'video' ? undefined : variant });
}

async function openAt(wire: Wire, url: URL, from: ContentStart, context?: CallContext): Promise<Content> {
  const answer = await wire.http.open(url, { headers: rangeOf(from), signal: context?.signal });
  const { status, headers } = answer;
  const validator = validatorOf(wire, answer);
  const encoding = ENCODINGS.get(headers['content-encoding']?.trim().toLowerCase());
  // Not everybody minds If-Range. A part of an encoded file is nothing that can be decoded.
  const changed =
    status === 206 && ((from.validator !== undefined && validator !== from.validator) || encoding !== undefined);
  // 416: the file is shorter than what we have of it.
  if (from.byte > 0 && (changed || status === 416)) {
    answer.body.destroy();
    return await openAt(wire, url, { byte: 0 }, context);
  }
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if ((status !== 200 && status !== 206) || type === 'text/html' || type === 'application/json')
    throw await refused(wire, answer, type);
  const bytes = telling(answer, url.host, wire.clock, context);
  const told = type === undefined ? {} : { contentType: wire.tell(type, 100) };
  // Its headers count the encoded bytes, so nobody knows how many there are, nor could go on within them.
  if (encoding) return { body: decoded(bytes, encoding, url.host), offset: 0, ...told };
  const given = /^bytes (\d+)-\d*\/(\d+|\*)$/.exec(headers['content-range'] ?? '');
  const offset = status === 206 ? Number(given?.[1] ?? from.byte) : 0;
  const total = given && given[2] !== '*' ? Number(given[2]) : offset + Number(headers['content-length'] ?? Number.NaN);
  return {
    body: bytes,
    offset,
    ...(Number.isSafeInteger(total) ? { totalBytes: total } : {}),
    ...told,
    ...(validator === undefined ? {} : { validator }),
  };
}

function rangeOf({ byte, validator }: ContentStart): Readonly<Record<string, string>> {
  const whole = { accept: '*/*', 'accept-encoding': 'identity' };
  if (byte === 0) return whole;
  return { ...whole, range: `bytes=${byte}-`, ...(validator === undefined ? {} : { 'if-range': validator }) };
}

/** Fit to be kept and sent back. A weak ETag may stand for other bytes. */
function validatorOf(wire: Wire, { headers }: RawAnswer): string | undefined {
  const { etag, 'last-modified': modified } = headers;
  const told = etag === undefined || etag.startsWith('W/') ? modified : etag;
  return told !== undefined && /^[\x20-\x7e]{1,200}$/.test(told) && wire.tell(told, 200) === told ? told : undefined;
}

async function refused(wire: Wire, answer: RawAnswer, type: string | undefined): Promise<SoraError> {
  const { status, url, headers } = answer;
  const text = await readText(answer.body, 64 * 1024, headers['content-encoding']).catch(() => undefined);
  const told = text === undefined ? undefined : findError(parseJson(text), status < 400);
  const message = `${url.host} answered ${status}${told ? `: ${wire.tell(told.message, 300)}` : type?.includes('html') ? ' with a web page' : ''}`;
  const home = url.origin === wire.baseUrl.origin;
  const details = { status };
  if (status === 404 || status === 410 || (status === 403 && !home)) {
    return new SoraError({
      code: 'link_expired',
      message: `the video is not there any more, or not yet: ${message}`,
      hint: 'Upstream links live for an hour to a day. Ask for the task again; if it stays away, make the video anew.',
      details,
    });
  }
  if (home && (status === 401 || status === 403)) {
    return new SoraError({ code: 'auth_failed', message, hint: 'Check the API key of this backend.', details });
  }
  if (status === 405 || status === 501) return new SoraError({ code: 'not_supported', message, details });
  if (status === 429) {
    const retryAfter = retryAfterSeconds(headers, wire.clock());
    return new SoraError({ code: 'rate_limited', message, retryable: true, retryAfterSeconds: retryAfter, details });
  }
  return new SoraError({ code: 'download_failed', message, retryable: true, details });
}

/** The bytes behind their encoding, or as they are where they do not begin like it. */
async function* decoded(
  bytes: AsyncIterable<Uint8Array>,
  { decoder, begins }: Encoding,
  host: string,
): AsyncGenerator<Uint8Array> {
  try {
    const { head, all } = await lookedAt(bytes);
    yield* begins(head) ? pipeline(Readable.from(all), decoder(), () => {}) : all;
  } catch (error) {
    throw error instanceof SoraError ? error : broken(host, 'cannot be decoded', error);
  }
}

/** The first bytes, and all of them again. A first chunk may be a single byte. */
async function lookedAt(
  bytes: AsyncIterable<Uint8Array>,
): Promise<{ readonly head: Buffer; readonly all: AsyncIterable<Uint8Array> }> {
  const source = bytes[Symbol.asyncIterator]();
  const held: IteratorResult<Uint8Array>[] = [];
  let head = Buffer.alloc(0);
  while (head.length < HEAD_BYTES) {
    const next = await source.next();
    held.push(next);
    if (next.done) break;
    head = Buffer.concat([head, next.value.subarray(0, HEAD_BYTES - head.length)]);
  }
  const again: AsyncIterator<Uint8Array> = {
    next: async () => held.shift() ?? (await source.next()),
    return: async () => (await source.return?.()) ?? { done: true, value: undefined },
  };
  return { head, all: { [Symbol.asyncIterator]: () => again } };
}

function isZlib(head: Buffer): boolean {
  return head.length >= 2 && (head[0]! & 0x0f) === 8 && head.readUInt16BE(0) % 31 === 0;
}

/** MP4 and its kin, PNG, JPEG, WebP, WebM. */
function isMedia(head: Buffer): boolean {
  const start = head.toString('latin1');
  return (
    start.startsWith('ftyp', 4) ||
    ['\x89PNG', '\xff\xd8\xff', 'RIFF', '\x1aE\xdf\xa3'].some((each) => start.startsWith(each))
  );
}

function broken(host: string, how: string, cause?: unknown): SoraError {
  return new SoraError({
    code: 'download_failed',
    message: `the download from ${host} ${how}`,
    retryable: true,
    cause,
  });
}

/** The same bytes, whose errors are ours to tell. Leaving early destroys the connection. */
function telling(answer: RawAnswer, host: string, clock: Clock, context?: CallContext): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const source = answer.body[Symbol.asyncIterator]();
      const tooSlow = paceWatch();
      return {
        async next() {
          const asked = clock();
          const next = await source.next().catch((error: unknown) => {
            const cancelled = context?.signal?.aborted === true;
            const failure = networkFailure(error, { host, paid: false, written: true, cancelled });
            throw cancelled || failure.code !== 'backend_unavailable' ? failure : broken(host, 'broke off', error);
          });
          if (next.done || !tooSlow(clock() - asked, next.value.length)) return next;
          answer.body.destroy();
          throw broken(host, 'is too slow');
        },
        async return() {
          answer.body.destroy();
          await source.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}

/** Told how long each wait was and what it brought. Only waits count: a slow disk of ours is nobody's fault. */
function paceWatch(): (ms: number, bytes: number) => boolean {
  let waited = 0;
  let came = 0;
  return (ms, bytes) => {
    // A longer silence ends a download by itself, so this is a clock that was set.
    waited += Math.min(TIMEOUTS.idleMs, Math.max(0, ms));
    came += bytes;
    if (waited < SLOWEST.perMs) return false;
    const slow = came < SLOWEST.bytes;
    waited = 0;
    came = 0;
    return slow;
  };
}
