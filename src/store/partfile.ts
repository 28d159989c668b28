import { constants } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { SoraError, withFacts } from '../domain/errors.ts';
import { errorCode, storeError } from './errors.ts';
import { claimPart, type PartClaim } from './part-claim.ts';

/** Chunks are gathered into writes of this size: a write each costs more than the bytes do. */
const FLUSH_BYTES = 512 * 1024;

/** Where a source is to begin. */
export interface PartStart {
  /** 0 when nothing is here. Else the last byte that is here, so that a file which was complete can be asked for too. */
  readonly byte: number;
  /** The validator that came with the bytes before it: those of another file begin at 0. */
  readonly validator?: string | undefined;
}

/** What a source sends. */
export interface PartSource {
  readonly body: AsyncIterable<Uint8Array>;
  /** The byte at which it begins: the one asked for, or 0 when the source does not resume. */
  readonly offset: number;
  /** Length of the whole file, not of the rest. */
  readonly totalBytes?: number | undefined;
  /** Tells this file from any other that was or will be there (an ETag). Without one nothing is resumed. */
  readonly validator?: string | undefined;
}

export interface SaveOptions {
  /** Absolute; made when it is not there. */
  readonly dir: string;
  /** The final file name, a plain one. */
  readonly name: string;
  /** Asks for the bytes from there on. What it throws is thrown on. */
  readonly open: (from: PartStart) => Promise<PartSource>;
  /** Throws when the complete bytes are not what they should be; they are thrown away then. */
  readonly check: (path: string) => Promise<unknown>;
  readonly signal?: AbortSignal | undefined;
}

export interface SavedFile {
  readonly path: string;
  readonly bytes: number;
}

/**
 * Streams to a part file, checks it, and gives it its name only then. What a failed attempt has is resumed by the next.
 * Throws `download_failed`, `disk_full`, `store_unavailable` (all retryable), or `cancelled`.
 */
export async function saveStream({ dir, name, open: source, check, signal }: SaveOptions): Promise<SavedFile> {
  if (!/^[^/\\\0]+$/.test(name) || name.startsWith('.')) throw new RangeError(`not a plain file name: ${name}`);
  const path = join(dir, name);
  try {
    const part = await claimPart(dir, name);
    try {
      const bytes = await fill(part, source, signal);
      await check(part.path).catch(async (error: unknown) => {
        await part.drop();
        throw error;
      });
      await rename(part.path, path);
      await part.drop();
      await syncFolder(dir);
      return { path, bytes };
    } catch (error) {
      await part.free().catch(() => undefined);
      throw error;
    } finally {
      part.stop();
    }
  } catch (error) {
    throw meaningOf(error, path, signal);
  }
}

/** Returns the length of the complete file, which is on the disk by then. */
async function fill(part: PartClaim, source: SaveOptions['open'], signal: AbortSignal | undefined): Promise<number> {
  signal?.throwIfAborted();
  const file = await open(part.path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    const { size } = await file.stat();
    const known = await part.tag();
    const byte = known === undefined ? 0 : Math.max(0, size - 1);
    const { body, offset, totalBytes, validator } = await source({ byte, validator: known });
    // Bytes beyond those that the source left out would stay from an earlier attempt.
    if (offset !== size) await file.truncate(offset < size ? offset : 0);
    if (offset > size) throw broken(`it was asked for from byte ${size} and came from byte ${offset}`);
    if (offset === 0) part.setTag(validator);
    const bytes = await pour(file, body, offset, totalBytes ?? Number.POSITIVE_INFINITY, signal);
    if (totalBytes !== undefined && bytes < totalBytes) throw broken(`${bytes} of ${totalBytes} bytes came`);
    await file.sync();
    return bytes;
  } finally {
    await file.close();
  }
}

async function pour(
  file: FileHandle,
  body: AsyncIterable<Uint8Array>,
  offset: number,
  most: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  let at = offset;
  let filled = 0;
  const buffer = Buffer.allocUnsafe(FLUSH_BYTES);
  const flush = async () => {
    const bytes = buffer.subarray(0, filled);
    filled = 0;
    await writeAll(file, bytes, at - bytes.length);
  };
  try {
    for await (const chunk of untilAborted(body, signal)) {
      if (at + chunk.length > most) {
        filled = 0;
        await file.truncate(0);
        throw broken(`more than the announced ${most} bytes came`);
      }
      if (filled + chunk.length > buffer.length) await flush();
      if (chunk.length > buffer.length) await writeAll(file, chunk, at);
      else {
        buffer.set(chunk, filled);
        filled += chunk.length;
      }
      at += chunk.length;
    }
  } finally {
    // What came before it broke off is kept: the next attempt goes on from there.
    await flush();
  }
  return at;
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** A source that hears nothing any more would otherwise keep the part, and the caller, for ever. */
async function* untilAborted(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  if (signal === undefined) return yield* body;
  let abort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
  });
  aborted.catch(() => undefined);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  const chunks = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await Promise.race([chunks.next(), aborted]);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', abort);
    // Not awaited: a stuck source may never answer.
    Promise.resolve(chunks.return?.()).catch(() => undefined);
  }
}

/** A name is only as durable as its folder. Windows cannot open folders, and does not need it. */
async function syncFolder(dir: string): Promise<void> {
  let folder: FileHandle;
  try {
    folder = await open(dir, 'r');
  } catch {
    return;
  }
  try {
    await folder.sync();
  } catch (error) {
    if (!/^(EPERM|EINVAL|EISDIR)$/.test(errorCode(error))) throw error;
  } finally {
    await folder.close();
  }
}

function broken(what: string): SoraError {
  return new SoraError({
    code: 'download_failed',
    message: `the download broke off: ${what}`,
    hint: 'It is resumed later.',
    retryable: true,
    charged: 'yes',
  });
}

function meaningOf(error: unknown, path: string, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) {
    return new SoraError({
      code: 'cancelled',
      message: 'saving was stopped',
      retryable: true,
      charged: 'yes',
      cause: error,
    });
  }
  const meaning = storeError(error, path);
  // The video exists and is paid for, whatever happens to the file.
  if (meaning instanceof SoraError)
    return meaning === error ? error : withFacts(meaning, { retryable: true, charged: 'yes' });
  return withFacts(broken(error instanceof Error ? error.message : String(error)), { cause: error });
}
