import { invalid, SoraError } from '../domain/errors.ts';
import type { BackendProfile } from '../domain/models.ts';
import type { Task } from '../domain/task.ts';
import { checkClip, inspectClip } from '../media/clip.ts';

/** The part of a clip that shows the character; absent ends are the clip's own. */
interface Span {
  readonly startSeconds?: number | undefined;
  readonly endSeconds?: number | undefined;
}

/** A frame more or less is no reason to refuse. */
const SLACK_SECONDS = 0.05;

/** Looks at the clip before money is spent: a video at all, and as long and as large as the backend wants it. */
export async function checkSourceClip(path: string, profile: BackendProfile, span: Span): Promise<void> {
  const { characterClipSeconds, characterClipSides, characterClipRatios, characterRange } = profile.capabilities;
  const clip = await inspectClip(path);
  const [minShortSide, maxShortSide] = characterClipSides ?? [];
  const shape = { minShortSide, maxShortSide, aspectRatios: characterClipRatios };
  const range = { start: span.startSeconds, end: span.endSeconds };
  if (characterRange || characterClipSeconds === undefined) {
    checkClip(clip, { ...shape, seconds: characterClipSeconds }, range);
    return;
  }
  // The whole file goes out, whatever part of it was meant.
  checkClip(clip, shape, range);
  const [min, max] = characterClipSeconds;
  if (clip.seconds >= min - SLACK_SECONDS && clip.seconds <= max + SLACK_SECONDS) return;
  throw new SoraError({
    code: 'file_invalid',
    field: 'file_path',
    message: `the clip is ${clip.seconds.toFixed(1)} s; ${profile.id} wants ${rangeOf([min, max])} and takes clips whole`,
    hint: `Give a clip of ${rangeOf([min, max])}: cut this one first; start_seconds and end_seconds do not help there.`,
  });
}

/** The same for a finished video, whose length is known. */
export function checkSourceTask(task: Task, profile: BackendProfile, { startSeconds, endSeconds }: Span): void {
  const length = task.seconds;
  const limits = profile.capabilities.characterClipSeconds;
  if (limits && length < limits[0]) {
    throw new SoraError({
      code: 'limit_exceeded',
      field: 'task_id',
      message: `${task.id} is ${length} s long; ${profile.id} wants ${rangeOf(limits)} of it`,
      hint: `Extract from a video of at least ${limits[0]} s.`,
    });
  }
  if (startSeconds !== undefined && startSeconds >= length) {
    throw invalid(
      'start_seconds',
      `start_seconds is ${startSeconds}, but the video is ${length} s long`,
      example(limits),
    );
  }
  if (endSeconds !== undefined && endSeconds > length + SLACK_SECONDS) {
    throw invalid('end_seconds', `end_seconds is ${endSeconds}, but the video is ${length} s long`, example(limits));
  }
  checkSpan(limits, startSeconds, endSeconds);
}

/** A part that is told by both its ends can be judged without the clip. */
export function checkSpan(
  limits: readonly [number, number] | undefined,
  start: number | undefined,
  end: number | undefined,
): void {
  if (end === undefined) return;
  const from = start ?? 0;
  if (end <= from) {
    throw invalid('end_seconds', `end_seconds (${end}) is not after start_seconds (${from})`, 'Give a later end.');
  }
  if (!limits || start === undefined) return;
  const length = end - start;
  if (length >= limits[0] - SLACK_SECONDS && length <= limits[1] + SLACK_SECONDS) return;
  throw invalid(
    'end_seconds',
    `from ${start} to ${end} are ${Number(length.toFixed(2))} s; the backend wants ${rangeOf(limits)} of the clip`,
    `Pass for example start_seconds ${start} and end_seconds ${Number((start + limits[1]).toFixed(2))}.`,
  );
}

function rangeOf([min, max]: readonly [number, number]): string {
  return min === max ? `${min} s` : `${min} to ${max} s`;
}

function example(limits: readonly [number, number] | undefined): string | undefined {
  return limits && `For example start_seconds 0 and end_seconds ${limits[1]}.`;
}
