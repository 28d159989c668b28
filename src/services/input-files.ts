import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { SoraError } from '../domain/errors.ts';

/**
 * Resolves a caller's path to a real file inside one of the allowed folders; links are followed first, so that none
 * leads out of them. Throws `file_not_allowed` or `file_invalid`.
 */
export async function allowedFile(field: string, path: string, folders: readonly string[]): Promise<string> {
  if (folders.length === 0) {
    throw new SoraError({
      code: 'file_not_allowed',
      field,
      message: 'this server reads no local files',
      hint: 'Give an http(s) address instead, or have the operator set SORA_INPUT_DIRS.',
    });
  }
  if (path.includes('\0')) throw notAllowed(field, folders);
  const absolute = isAbsolute(path) ? path : resolve(path);
  const real = await realpath(absolute).catch(() => undefined);
  const roots = await Promise.all(folders.map((folder) => realpath(folder).catch(() => resolve(folder))));
  // A path outside is refused in the same words whether or not it exists: the answer tells nothing about the disk.
  if (!roots.some((root) => isInside(real ?? absolute, root))) throw notAllowed(field, folders);
  if (real === undefined) {
    throw new SoraError({
      code: 'file_invalid',
      field,
      message: `there is no file at ${JSON.stringify(path)}`,
      hint: 'Give the absolute path of an existing file.',
    });
  }
  const facts = await stat(real);
  if (!facts.isFile() || facts.size === 0) {
    throw new SoraError({
      code: 'file_invalid',
      field,
      message: facts.isFile() ? 'the file is empty' : 'that is not a file',
      hint: 'Give the path of a video or image file.',
    });
  }
  return real;
}

function isInside(path: string, root: string): boolean {
  const way = relative(root, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

function notAllowed(field: string, folders: readonly string[]): SoraError {
  return new SoraError({
    code: 'file_not_allowed',
    field,
    message: 'that path is outside the folders this server may read',
    hint: `Allowed: ${[...new Set(folders)].join(', ')}. Move the file there, or have the operator set SORA_INPUT_DIRS.`,
  });
}
