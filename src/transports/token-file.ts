import { randomBytes } from 'node:crypto';
import { chmod, link, lstat, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SoraError } from '../domain/errors.ts';
import { Secret } from '../domain/secret.ts';

const NAME = 'http-token';
const MIN_LENGTH = 16;

export interface KeptToken {
  readonly secret: Secret;
  /** Made just now: the time to show it once. */
  readonly created: boolean;
  readonly path: string;
}

/** The token in the data directory; the first start makes it. Only its owner may read the file. */
export async function loadOrCreateToken(dataDir: string): Promise<KeptToken> {
  const path = join(dataDir, NAME);
  const created = !(await exists(path)) && (await create(path));
  return { secret: await load(path), created, path };
}

/** False when another process was faster. */
async function create(path: string): Promise<boolean> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    // A link appears whole or not at all, and never over a file that is there.
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function load(path: string): Promise<Secret> {
  const stat = await lstat(path);
  if (!stat.isFile()) throw unusable(path, 'is not a plain file');
  if ((stat.mode & 0o077) !== 0) await chmod(path, 0o600);
  const text = (await readFile(path, 'utf8')).trim();
  if (text.length < MIN_LENGTH || !/^[\x21-\x7e]+$/.test(text)) throw unusable(path, 'holds no token');
  return new Secret(text);
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function unusable(path: string, why: string): SoraError {
  const hint = 'Remove it, and the next start makes a new one; or set SORA_HTTP_TOKEN.';
  return new SoraError({ code: 'invalid_argument', message: `${path} ${why}`, hint });
}
