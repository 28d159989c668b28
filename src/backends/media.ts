import { open, readFile, stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { SoraError, withFacts } from '../domain/errors.ts';
import { type MediaSource, parseHttpUrl } from '../domain/video.ts';
import { readBytes } from './bodies.ts';
import { startClocks } from './clocks.ts';
import type { Http } from './http-port.ts';
import type { FileBytes } from './multipart.ts';

/** A clip or picture ready to be uploaded. */
export interface Media {
  readonly filename: string;
  readonly contentType: string;
  readonly file: FileBytes;
}

/** A fetched file beyond this is refused: 100 MiB, held in memory while it is uploaded. */
export const MAX_FETCHED_BYTES = 100 * 1024 * 1024;
/** A file that is not here within this, in milliseconds, is given up, however it trickles: a caller waits for it. */
const FETCH_WITHIN_MS = 25_000;
/** A data URL beyond this is refused: 20 MiB of file. */
const MAX_INLINE_BYTES = 20 * 1024 * 1024;

const TYPES: Readonly<Record<string, string>> = {
  '.mp4': 'video/mp4',
  '.m4v': 'video/mp4',
  '.mov': 'video/quicktime',
  '.webm': 'video/webm',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.gif': 'image/gif',
};

/**
 * Makes a source's bytes available. Nothing was sent to the upstream yet, so nothing was charged. `withinMs`: the time
 * for all of it, redirects included; default 25,000.
 */
export async function loadMedia(
  source: MediaSource,
  field: string,
  http: Http,
  signal?: AbortSignal,
  withinMs = FETCH_WITHIN_MS,
): Promise<Media> {
  if (source.kind === 'file') return await fromDisk(source.path, field);
  const url = parseHttpUrl(field, source.url);
  const clocks = startClocks(withinMs, 0, signal);
  try {
    return await fromAddress(url, field, http, clocks.signal);
  } catch (error) {
    if (!clocks.timedOut()) throw error;
    throw withFacts(unusable(field, `it did not come within ${withinMs / 1_000} s`), { retryable: true, cause: error });
  } finally {
    clocks.stop();
  }
}

async function fromAddress(url: URL, field: string, http: Http, signal: AbortSignal): Promise<Media> {
  const answer = await http.open(url, { foreign: true, signal }).catch((error: unknown) => {
    // That address is not the backend's: its silence says nothing about the backend.
    if (!(error instanceof SoraError)) throw error;
    throw error.code === 'backend_unavailable' ? unusable(field, error.message) : withFacts(error, { field });
  });
  if (answer.status !== 200) {
    answer.body.destroy();
    throw unusable(field, `${url.host} answered ${answer.status} for it`, { status: answer.status });
  }
  const told = answer.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (told.includes('html') || told.includes('json')) {
    answer.body.destroy();
    throw unusable(field, `it is ${told}, not a picture or video`, { contentType: told });
  }
  const bytes = await readBytes(answer.body, MAX_FETCHED_BYTES).catch(() => {
    throw unusable(field, 'its download broke off');
  });
  if (bytes === undefined) throw unusable(field, `it is larger than ${MAX_FETCHED_BYTES / 1024 / 1024} MiB`);
  if (bytes.length === 0) throw unusable(field, 'it is empty');
  const filename = basename(decodeURIComponentSafe(answer.url.pathname)).slice(-80) || 'file';
  const contentType = /^(video|image)\//.test(told) ? told : typeOf(filename, bytes);
  return { filename: named(filename, contentType), contentType, file: { kind: 'memory', bytes } };
}

/** `data:image/png;base64,…`, for dialects that take pictures inside JSON. */
export async function dataUrlOf(media: Media, field: string): Promise<string> {
  const { file } = media;
  const size = file.kind === 'memory' ? file.bytes.length : file.size;
  if (size > MAX_INLINE_BYTES) throw unusable(field, `it is larger than ${MAX_INLINE_BYTES / 1024 / 1024} MiB`);
  const bytes = file.kind === 'memory' ? file.bytes : await readFile(file.path);
  return `data:${media.contentType};base64,${Buffer.from(bytes).toString('base64')}`;
}

async function fromDisk(path: string, field: string): Promise<Media> {
  const facts = await stat(path).catch(() => undefined);
  if (!facts?.isFile()) throw unusable(field, 'there is no such file');
  if (facts.size === 0) throw unusable(field, 'it is empty');
  const contentType = typeOf(path, await firstBytes(path));
  return { filename: named(basename(path), contentType), contentType, file: { kind: 'disk', path, size: facts.size } };
}

async function firstBytes(path: string): Promise<Uint8Array> {
  const handle = await open(path);
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(12), 0, 12, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function unusable(field: string, why: string, details?: SoraError['details']): SoraError {
  return new SoraError({
    code: 'file_invalid',
    field,
    details,
    message: `the ${field.replaceAll('_', ' ')} cannot be used: ${why}`,
    hint: 'Give a direct http(s) address of a picture or video, or a file that this server may read.',
  });
}

function typeOf(filename: string, bytes: Uint8Array): string {
  const known = TYPES[extname(filename).toLowerCase()];
  if (known) return known;
  const start = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  if (start.startsWith('\x89PNG')) return 'image/png';
  if (start.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (start.startsWith('RIFF') && start.endsWith('WEBP')) return 'image/webp';
  if (start.slice(4, 10) === 'ftypqt') return 'video/quicktime';
  if (start.slice(4, 8) === 'ftyp') return 'video/mp4';
  if (start.startsWith('\x1aE\xdf\xa3')) return 'video/webm';
  return 'application/octet-stream';
}

/** Some servers judge an upload by its name's ending. */
function named(filename: string, contentType: string): string {
  if (TYPES[extname(filename).toLowerCase()]) return filename;
  const ending = Object.entries(TYPES).find(([, type]) => type === contentType)?.[0];
  return ending ? `${filename}${ending}` : filename;
}

function decodeURIComponentSafe(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
