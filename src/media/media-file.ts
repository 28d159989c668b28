import { open } from 'node:fs/promises';
import { CustomSource, Input, MATROSKA, MP4, QTFF, StreamTarget, type StreamTargetChunk, WEBM } from './mediabunny.ts';

/** What is read ahead of a clip, and written at once, in bytes. */
const READ_CACHE_BYTES = 1024 * 1024;
const WRITE_CHUNK_BYTES = 1024 * 1024;

/** Opens a video for the time of `work`. The file is closed whatever happens in between, before the promise settles. */
export async function withInput<T>(path: string, work: (input: Input) => Promise<T>): Promise<T> {
  const handle = await open(path, 'r');
  try {
    const source = new CustomSource({
      getSize: async () => (await handle.stat()).size,
      read: async (start, end) => {
        const { bytesRead, buffer } = await handle.read(new Uint8Array(end - start), 0, end - start, start);
        return buffer.subarray(0, bytesRead);
      },
      maxCacheSize: READ_CACHE_BYTES,
      prefetchProfile: 'fileSystem',
      // What nobody waits for any more must not end the process.
      handleUnhandledError: () => undefined,
    });
    const input = new Input({ source, formats: [MP4, QTFF, WEBM, MATROSKA] });
    try {
      return await work(input);
    } finally {
      input.dispose();
    }
  } finally {
    await handle.close();
  }
}

/** Writes a new file; when the promise is fulfilled its bytes are on the disk. */
export async function withTarget<T>(path: string, work: (target: StreamTarget) => Promise<T>): Promise<T> {
  const handle = await open(path, 'w', 0o600);
  try {
    const writable = new WritableStream<StreamTargetChunk>({
      async write({ data, position }) {
        for (let done = 0; done < data.length; ) {
          done += (await handle.write(data, done, data.length - done, position + done)).bytesWritten;
        }
      },
    });
    const result = await work(new StreamTarget(writable, { chunked: true, chunkSize: WRITE_CHUNK_BYTES }));
    await handle.sync();
    return result;
  } finally {
    await handle.close();
  }
}
