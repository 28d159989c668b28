import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SoraError } from '../domain/errors.ts';
import type { Task } from '../domain/task.ts';
import { backendNamed, type Core } from './core.ts';
import type { Still } from './services.ts';

const MAX_STILL_BYTES = 60 * 1024;
const MAX_SOURCE_BYTES = 8 * 1024 * 1024;
const MAX_SIDE = 512;

/** A small picture of a finished video, from the upstream's thumbnail; undefined when it has none. */
export async function stillOf(core: Core, task: Task, signal?: AbortSignal): Promise<Still | undefined> {
  if (task.state !== 'completed' || task.remoteId === undefined) return undefined;
  if (task.stillPath !== undefined) {
    const data = await readFile(task.stillPath).catch(() => undefined);
    if (data) return { mimeType: mimeTypeOf(task.stillPath), data };
  }
  const backend = backendNamed(core, task.backend);
  if (!backend.profile.capabilities.thumbnail) return undefined;
  const source = await fetchThumbnail(core, task, signal);
  if (!source) return undefined;
  const { shrinkImage } = await import('../media/image.ts');
  const still = await shrinkImage({ bytes: source, maxBytes: MAX_STILL_BYTES, maxSide: MAX_SIDE });
  const path = await keep(core, task, still.bytes, still.mimeType);
  core.store.tasks.update(task.id, { stillPath: path });
  return { mimeType: still.mimeType, data: still.bytes };
}

async function fetchThumbnail(core: Core, task: Task, signal?: AbortSignal): Promise<Uint8Array | undefined> {
  const backend = backendNamed(core, task.backend);
  try {
    const content = await backend.openContent({ remoteId: task.remoteId! }, 'thumbnail', 0, { signal });
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of content.body) {
      size += chunk.length;
      if (size > MAX_SOURCE_BYTES) throw new SoraError({ code: 'file_invalid', message: 'the thumbnail is too large' });
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    core.log(`task ${task.id}: no still: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

async function keep(core: Core, task: Task, bytes: Uint8Array, mimeType: string): Promise<string> {
  const folder = join(core.store.dataDir, 'stills');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${task.id}.${mimeType.slice('image/'.length)}`);
  const draft = `${path}.${core.newId('part')}`;
  await writeFile(draft, bytes, { mode: 0o600 });
  await rename(draft, path);
  return path;
}

function mimeTypeOf(path: string): string {
  const kind = path.slice(path.lastIndexOf('.') + 1);
  return `image/${kind === 'jpg' ? 'jpeg' : kind}`;
}
