import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContentVariant } from '../backends/backend.ts';
import { SoraError } from '../domain/errors.ts';
import type { Task } from '../domain/task.ts';
import type { Core } from './core.ts';
import type { Still } from './services.ts';

const MAX_STILL_BYTES = 60 * 1024;
const MAX_SOURCE_BYTES = 8 * 1024 * 1024;
const MAX_SIDE = 512;
/** The best picture first. */
const VARIANTS = ['thumbnail', 'spritesheet'] as const satisfies readonly ContentVariant[];

/** A small picture of a finished video, from the upstream's own; undefined when it has none, or none that is readable. */
export async function stillOf(core: Core, task: Task, signal?: AbortSignal): Promise<Still | undefined> {
  return (await keptStill(core, task)) ?? (await fetchStill(core, task, signal));
}

/** Keeps the upstream's picture beside the video, because its link lapses too. Never fails: a video needs no still. */
export async function keepStill(core: Core, task: Task, signal?: AbortSignal): Promise<void> {
  if (task.stillPath === undefined) await fetchStill(core, task, signal);
}

async function keptStill(core: Core, task: Task): Promise<Still | undefined> {
  if (task.stillPath === undefined) return undefined;
  try {
    return await shrunk(await readFile(task.stillPath));
  } catch (error) {
    log(core, task, error);
    return undefined;
  }
}

async function fetchStill(core: Core, task: Task, signal?: AbortSignal): Promise<Still | undefined> {
  const backend = core.backends.get(task.backend);
  if (!backend || task.state !== 'completed' || task.remoteId === undefined) return undefined;
  // What a backend gives of videos in general it need not give of this one, or not as a picture.
  for (const variant of VARIANTS.filter((each) => backend.profile.capabilities[each])) {
    try {
      const content = await backend.openContent({ remoteId: task.remoteId }, variant, 0, { signal });
      const bytes = await readAll(content.body);
      const still = await shrunk(bytes);
      const path = await write(core, task, bytes, content.contentType);
      core.store.tasks.update(task.id, { stillPath: path });
      return still;
    } catch (error) {
      if (signal?.aborted) return undefined;
      log(core, task, error);
    }
  }
  return undefined;
}

/** Throws where it is no picture that can be read to its end. */
async function shrunk(source: Uint8Array): Promise<Still> {
  const { shrinkImage } = await import('../media/image.ts');
  const { mimeType, bytes } = await shrinkImage({ bytes: source, maxBytes: MAX_STILL_BYTES, maxSide: MAX_SIDE });
  return { mimeType, data: bytes };
}

async function readAll(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > MAX_SOURCE_BYTES) throw new SoraError({ code: 'file_invalid', message: 'the picture is too large' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function write(core: Core, task: Task, bytes: Uint8Array, type: string | undefined): Promise<string> {
  const folder = join(core.store.dataDir, 'stills');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const ending = /^image\/(jpeg|png|webp)\b/.exec(type ?? '')?.[1] ?? 'img';
  const path = join(folder, `${task.id}.${ending}`);
  const draft = `${path}.${core.newId('part')}`;
  await writeFile(draft, bytes, { mode: 0o600 });
  await rename(draft, path);
  return path;
}

function log(core: Core, task: Task, error: unknown): void {
  core.log(`task ${task.id}: no still: ${error instanceof Error ? error.message : String(error)}`);
}
