import { USUAL_SPAN } from '../backends/span.ts';
import type { ClipSpan } from '../domain/character.ts';
import { invalid, SoraError } from '../domain/errors.ts';
import type { BackendProfile } from '../domain/models.ts';
import type { Task } from '../domain/task.ts';

/** A frame more or less is no reason to refuse. */
export const SLACK_SECONDS = 0.05;

/** What a finished video, whose length is known, tells of itself before money is spent. */
export function checkSourceTask(task: Pick<Task, 'id' | 'seconds'>, profile: BackendProfile, span: ClipSpan): void {
  const { startSeconds, endSeconds } = span;
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
  checkSpan(profile, span);
  if (startSeconds !== undefined && endSeconds === undefined) checkRest(startSeconds, length, limits);
}

/** An end that is not told lies as far on as the backend takes: that must not be behind the video's. */
function checkRest(start: number, length: number, [min, max] = [0, USUAL_SPAN] as readonly [number, number]): void {
  if (start + max <= length + SLACK_SECONDS) return;
  const from = length - start >= min ? start : Math.max(0, length - max);
  throw invalid(
    'end_seconds',
    `${max} s from ${start} on end at ${Number((start + max).toFixed(2))}, but the video is ${length} s long`,
    `Pass start_seconds ${from} and end_seconds ${length}.`,
  );
}

/**
 * What can be judged without the clip: whether a part of it can be named at all, and whether that part is as long as the
 * backend wants it. `ranged`: whether the backend can be told of a part, where it is not about making a character.
 */
export function checkSpan(
  profile: BackendProfile,
  { startSeconds: start, endSeconds: end }: ClipSpan,
  ranged = profile.capabilities.characterRange ?? false,
): void {
  if (start === undefined && end === undefined) return;
  if (end !== undefined && end <= (start ?? 0)) {
    throw invalid(
      'end_seconds',
      `end_seconds (${end}) is not after start_seconds (${start ?? 0})`,
      'Give a later end.',
    );
  }
  const limits = profile.capabilities.characterClipSeconds;
  if (!ranged) {
    throw new SoraError({
      code: 'not_supported',
      field: start === undefined ? 'end_seconds' : 'start_seconds',
      message: `${profile.id} takes clips whole; start_seconds and end_seconds do not help there`,
      hint: limits
        ? `Leave them out and give a clip of ${rangeOf(limits)}: cut this one first.`
        : 'Leave them out, or cut the clip first where only a part of it shows the character.',
    });
  }
  if (limits) checkLength(limits, start, end);
}

/** An end that is not told leaves as much as the backend takes. */
function checkLength(limits: readonly [number, number], start: number | undefined, end: number | undefined): void {
  const from = start ?? Math.max(0, end! - limits[1]);
  const to = end ?? from + limits[1];
  const length = to - from;
  if (length >= limits[0] - SLACK_SECONDS && length <= limits[1] + SLACK_SECONDS) return;
  throw invalid(
    'end_seconds',
    `from ${from} to ${to} are ${Number(length.toFixed(2))} s; the backend wants ${rangeOf(limits)} of the clip`,
    `Pass for example start_seconds ${from} and end_seconds ${Number((from + limits[1]).toFixed(2))}.`,
  );
}

/**
 * The part to name of a clip of this many seconds. One that is shorter than what the backend takes at most is named
 * whole, where no part was: the part that a dialect names by itself may end behind it.
 */
export function spanToSend({ capabilities }: BackendProfile, span: ClipSpan, seconds: number): ClipSpan {
  const { characterRange, characterClipSeconds: limits } = capabilities;
  const asked = span.startSeconds !== undefined || span.endSeconds !== undefined;
  if (asked || !characterRange || !limits || seconds >= limits[1]) return span;
  // Rounded down, so that it does not end behind the clip, unless the backend wants the rest of that frame.
  return { startSeconds: 0, endSeconds: Math.max(limits[0], Math.floor(seconds * 100 + 1e-6) / 100) };
}

export function rangeOf([min, max]: readonly [number, number]): string {
  return min === max ? `${min} s` : `${min} to ${max} s`;
}

function example(limits: readonly [number, number] | undefined): string | undefined {
  return limits && `For example start_seconds 0 and end_seconds ${limits[1]}.`;
}
