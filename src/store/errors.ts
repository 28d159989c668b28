import { SoraError } from '../domain/errors.ts';

/** SQLite's own error code (`SQLITE_BUSY`), or the system's (`ENOSPC`). Empty when there is none. */
export function errorCode(error: unknown): string {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : '';
}

/** Whether a write was refused because `column` (`characters.handle`) must be unique. */
export function isUniqueViolation(error: unknown, column: string): boolean {
  return /^SQLITE_CONSTRAINT_(UNIQUE|PRIMARYKEY)$/.test(errorCode(error)) && (error as Error).message.includes(column);
}

/**
 * What a failure of SQLite or of the file system means to the caller. Nothing was sent and nothing was charged by it.
 * Anything that is not one of those (a constraint, a defect) comes back unchanged.
 */
export function storeError(error: unknown, path: string): unknown {
  if (error instanceof SoraError) return error;
  const code = errorCode(error);
  const facts = { retryable: true, charged: 'no', cause: error } as const;
  if (/^SQLITE_(BUSY|LOCKED|PROTOCOL)/.test(code)) {
    return new SoraError({
      ...facts,
      code: 'store_busy',
      message: 'the store is locked by another program',
      hint: `Try again in a few seconds; if it lasts, close whatever holds ${path} open.`,
      retryAfterSeconds: 2,
    });
  }
  if (/^(SQLITE_FULL|ENOSPC|EDQUOT)$/.test(code)) {
    return new SoraError({
      ...facts,
      code: 'disk_full',
      message: `no space is left for ${path}`,
      hint: 'Free some space, or point SORA_DATA_DIR at another disk.',
    });
  }
  if (/^SQLITE_(CORRUPT|NOTADB|FORMAT)/.test(code)) {
    return new SoraError({
      ...facts,
      code: 'store_unavailable',
      message: `${path} is damaged or is not a database`,
      hint: 'Move the file away and start again, or restore it from a backup.',
      retryable: false,
    });
  }
  if (/^(SQLITE_(READONLY|CANTOPEN|PERM|IOERR|AUTH|NOLFS)|EACCES|EPERM|EROFS|ENOTDIR|EEXIST|ENOENT|EIO)/.test(code)) {
    return new SoraError({
      ...facts,
      code: 'store_unavailable',
      message: `${path} cannot be read or written (${code})`,
      hint: 'Make the folder writable for this user, or point SORA_DATA_DIR at one that is.',
    });
  }
  return error;
}
