import type { ClipSpan } from '../domain/character.ts';
import { SoraError } from '../domain/errors.ts';
import type { Wire } from './wire.ts';

/** Of a clip this much is used when only one end of it was said, in seconds. */
export const USUAL_SPAN = 3;

/** The part of a clip as both its ends, in seconds; undefined: none was named. Throws `invalid_argument`. */
export function spanOf(
  wire: Wire,
  { startSeconds, endSeconds }: ClipSpan,
): { readonly start: number; readonly end: number } | undefined {
  if (startSeconds === undefined && endSeconds === undefined) return undefined;
  const [shortest, longest] = wire.dialect.characterClipSeconds ?? [0, USUAL_SPAN];
  const start = startSeconds ?? Math.max(0, endSeconds! - longest);
  const end = endSeconds ?? start + longest;
  if (end - start < shortest || end - start > longest || end <= start) {
    throw new SoraError({
      code: 'invalid_argument',
      field: 'end_seconds',
      message: `the part from ${start} s to ${end} s cannot be used`,
      hint: `This backend takes ${shortest} to ${longest} seconds of a clip.`,
    });
  }
  return { start, end };
}
