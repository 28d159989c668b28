import { createHash } from 'node:crypto';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dimensions, type Size } from '../domain/video.ts';
import { fitImage } from '../media/image.ts';
import type { Core } from './core.ts';

/** The picture, cropped and scaled to exactly the video's size, kept in the data directory for as long as it may be sent. */
export async function fittedImage(core: Core, path: string, size: Size): Promise<string> {
  const facts = await stat(path);
  const key = createHash('sha256')
    .update(JSON.stringify([path, facts.size, facts.mtimeMs, size]))
    .digest('hex')
    .slice(0, 24);
  const folder = join(core.store.dataDir, 'references');
  const { bytes, mimeType } = await fitImage({ source: path, ...dimensions(size) });
  const target = join(folder, `${key}.${mimeType === 'image/png' ? 'png' : 'jpg'}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = `${target}.${core.newId('part')}`;
  await writeFile(draft, bytes, { mode: 0o600 });
  await rename(draft, target);
  return target;
}
