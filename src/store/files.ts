import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, posix, win32 } from 'node:path';
import { SoraError } from '../domain/errors.ts';
import { utcDay } from '../domain/ids.ts';
import type { Task } from '../domain/task.ts';
import { errorCode, storeError } from './errors.ts';

const NAME = 'sora-mcp';
const MAX_SLUG_LENGTH = 40;

/** Where the data goes when nobody says: the platform's place for a program's data. */
export function defaultDataDir(
  env: Readonly<Record<string, string | undefined>>,
  platform: string,
  homedir: string,
): string {
  switch (platform) {
    case 'win32':
      return win32.join(env.LOCALAPPDATA || win32.join(homedir, 'AppData', 'Local'), NAME);
    case 'darwin':
      return posix.join(homedir, 'Library', 'Application Support', NAME);
    default: {
      // The XDG specification: a path that is not absolute is ignored.
      const data = env.XDG_DATA_HOME;
      return posix.join(data?.startsWith('/') ? data : posix.join(homedir, '.local', 'share'), NAME);
    }
  }
}

/** Makes the folder for this user only, and its `videos`. Throws `store_unavailable` when it cannot be written. */
export function openDataDir(path: string): void {
  try {
    makeFolder(path);
    if (!statSync(path).isDirectory()) throw notAFolder(path);
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    makeFolder(join(path, 'videos'));
  } catch (error) {
    throw storeError(error, path);
  }
}

/** Makes a folder and those above it. Not Node's recursive way: it never comes back where the kernel makes no folders (/proc). */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
}

/** Why a data directory could not be used; looked at without making anything. */
export function dataDirProblem(path: string): string | undefined {
  let there = path;
  while (!existsSync(there)) there = dirname(there);
  try {
    if (!statSync(there).isDirectory()) throw notAFolder(there);
    accessSync(there, constants.R_OK | constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const told = storeError(error, path);
    return told instanceof SoraError ? `${told.message}. ${told.hint ?? ''}`.trim() : String(told);
  }
}

function notAFolder(path: string): SoraError {
  return new SoraError({
    code: 'store_unavailable',
    message: `${path} is not a folder`,
    hint: 'Point SORA_DATA_DIR at a folder.',
  });
}

/** `videos/2026-11-22-a-fox-in-the-snow-k3j9x2ab.mp4`: where a task's video is saved, below the data directory. */
export function videoPath(task: Pick<Task, 'id' | 'createdAt' | 'request'>): string {
  const end = task.id.replace(/[^a-zA-Z0-9]/g, '').slice(-8);
  return `videos/${[utcDay(task.createdAt), slugOf(task.request.prompt), end].filter((part) => part !== '').join('-')}.mp4`;
}

/** Letters and digits of any script, the rest as hyphens; cut between words. Safe as part of a file name. */
export function slugOf(text: string): string {
  const words = text
    .slice(0, 400)
    .normalize('NFKD')
    // Marks over letters; and those that only say how the one before is to be drawn (an emoji's).
    .replace(/[\u0300-\u036f]|\p{Variation_Selector}/gu, '')
    .normalize('NFC')
    .toLowerCase()
    .match(/[\p{L}\p{N}\p{M}]+/gu);
  let slug = '';
  for (const word of words ?? []) {
    const next = slug === '' ? [...word].slice(0, MAX_SLUG_LENGTH).join('') : `${slug}-${word}`;
    if ([...next].length > MAX_SLUG_LENGTH) break;
    slug = next;
  }
  return slug;
}
