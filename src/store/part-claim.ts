import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from './errors.ts';
import { makeFolder } from './files.ts';

/**
 * A part whose file has not been touched for so long, in milliseconds, belongs to a process that died. A live writer
 * touches its part at least three times as often.
 */
export const PART_STALE_MS = 30_000;

/** A part that nobody resumed for so long is given up, in milliseconds. */
const PART_FORGOTTEN_MS = 24 * 60 * 60_000;

/** Clears parts of dead processes whose file is there by now, or that nobody came back for. */
export async function sweepParts(dir: string): Promise<void> {
  const names = new Set(await readdir(dir).catch(() => []));
  for (const name of names) {
    const whole = /^(.+?)(\.[0-9a-f]{12})?\.part(\.tag)?$/.exec(name)?.[1];
    if (whole === undefined) continue;
    const path = join(dir, name);
    const facts = await stat(path).catch(() => undefined);
    const age = facts === undefined ? 0 : Date.now() - facts.mtimeMs;
    if (age > (names.has(whole) ? PART_STALE_MS : PART_FORGOTTEN_MS)) await rm(path, { force: true });
  }
}

/** A part file that is ours alone, or the news that somebody took it from us. */
export interface PartClaim {
  readonly path: string;
  /** What tells the file of which these bytes are from any other (an ETag). Undefined: nobody can tell. */
  tag(): Promise<string | undefined>;
  /** Remembers it for whoever resumes the part. At once: bytes that wait to be read are lost when their source breaks off. */
  setTag(tag: string | undefined): void;
  /** Lets others resume it: after a failure that left good bytes. */
  free(): Promise<void>;
  /** After success, or when the bytes are bad. Also clears what dead processes left of the same file. */
  drop(): Promise<void>;
  /** Stops touching it. Call it in any case. */
  stop(): void;
}

/**
 * Takes over what an earlier attempt left (`<name>.part`, or the part of a process that died), else starts a new one.
 * A rename decides between two that want the same, so no part ever has two writers.
 */
export async function claimPart(dir: string, name: string): Promise<PartClaim> {
  makeFolder(dir);
  const own = join(dir, `${name}.${randomBytes(6).toString('hex')}.part`);
  const freed = join(dir, `${name}.part`);
  for (const left of [freed, ...(await staleParts(dir, name))]) {
    if (!(await took(left, own))) continue;
    await took(tagOf(left), tagOf(own));
    break;
  }
  const touch = () => {
    const now = new Date();
    utimes(own, now, now).catch(() => undefined);
  };
  touch();
  const heart = setInterval(touch, PART_STALE_MS / 4).unref();
  return {
    path: own,
    tag: () => readFile(tagOf(own), 'utf8').catch(() => undefined),
    setTag: (tag) =>
      tag === undefined ? rmSync(tagOf(own), { force: true }) : writeFileSync(tagOf(own), tag, { mode: 0o600 }),
    async free() {
      clearInterval(heart);
      // First the tag: a part that lost its own is begun anew, one that got another's would be gone on with.
      if (!(await took(tagOf(own), tagOf(freed)))) await removed(tagOf(freed));
      await took(own, freed);
    },
    async drop() {
      clearInterval(heart);
      for (const path of [own, freed, ...(await staleParts(dir, name))]) {
        await removed(path);
        await removed(tagOf(path));
      }
    },
    stop: () => clearInterval(heart),
  };
}

function tagOf(part: string): string {
  return `${part}.tag`;
}

async function removed(path: string): Promise<void> {
  await rm(path, { force: true });
}

async function took(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

async function staleParts(dir: string, name: string): Promise<string[]> {
  const stale: string[] = [];
  for (const entry of await readdir(dir)) {
    if (!entry.startsWith(`${name}.`) || !/^[0-9a-f]{12}\.part$/.test(entry.slice(name.length + 1))) continue;
    const path = join(dir, entry);
    const facts = await stat(path).catch(() => undefined);
    if (facts !== undefined && Date.now() - facts.mtimeMs > PART_STALE_MS) stale.push(path);
  }
  return stale;
}
