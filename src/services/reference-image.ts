import { createHash } from 'node:crypto';
import { access, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SoraError, withFacts } from '../domain/errors.ts';
import { dimensions, type Size } from '../domain/video.ts';
import { fitImage } from '../media/image.ts';
import type { Core } from './core.ts';

const FIELD = 'reference_image';

/**
 * The picture, cropped and scaled to exactly the video's size, kept in the data directory for as long as it may be sent.
 * `kept`: one that was made before is good enough; what an address shows may have changed since.
 */
export async function fittedImage(
  core: Core,
  reference: string,
  size: Size,
  { kept = false, signal }: { readonly kept?: boolean | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<string> {
  const folder = join(core.store.dataDir, 'references');
  const key = createHash('sha256')
    .update(JSON.stringify([reference, size]))
    .digest('hex')
    .slice(0, 24);
  const target = join(folder, `${key}.jpg`);
  if (kept && (await exists(target))) return target;
  const source = isAddress(reference) ? await core.fetchMedia(reference, FIELD, signal) : reference;
  const { bytes } = await fitImage({ source, ...dimensions(size) }).catch((error: unknown) => {
    throw error instanceof SoraError ? withFacts(error, { field: FIELD }) : error;
  });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = `${target}.${core.newId('part')}`;
  await writeFile(draft, bytes, { mode: 0o600 });
  await rename(draft, target);
  return target;
}

export function isAddress(reference: string): boolean {
  return /^https?:/i.test(reference);
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
