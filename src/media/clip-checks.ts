import { invalid, SoraError } from '../domain/errors.ts';
import { type AspectRatio, aspectRatioOf, type Size } from '../domain/video.ts';

export type Container = 'mp4' | 'mov' | 'webm';

/** What a video file says about itself. */
export interface Clip {
  readonly container: Container;
  /** How long the picture lasts, from its first frame's start to its last frame's end. */
  readonly seconds: number;
  /** As it is shown, in pixels: after rotation and with square pixels. */
  readonly width: number;
  readonly height: number;
  /** Frames a second on average, over the first frames; absent for a single frame. */
  readonly fps?: number | undefined;
  /** The full name, e.g. `avc1.64001f`; the container's own word for it where it is not a codec that we know. */
  readonly videoCodec: string;
  /**
   * Everything a player is told about the picture before the first frame: two clips can follow each other in one track
   * only when this is the same.
   */
  readonly videoSetup: VideoSetup;
  /** Absent: no sound. */
  readonly audioCodec?: string | undefined;
  readonly audioSetup?: AudioSetup | undefined;
  /** Size of the file. */
  readonly bytes: number;
}

export interface VideoSetup {
  /** avcC, hvcC or av1C (for H.264: SPS and PPS), as hex; empty where the codec has none. */
  readonly description: string;
  /** Pixels as they are coded, before rotation. */
  readonly codedWidth: number;
  readonly codedHeight: number;
  /** Clockwise degrees that a player turns the frames by. */
  readonly rotation: number;
}

export interface AudioSetup {
  /** AudioSpecificConfig and the like, as hex. */
  readonly description: string;
  /** Hertz. */
  readonly sampleRate: number;
  readonly channels: number;
}

/** What a backend wants of a clip; what is absent is not limited. */
export interface ClipLimits {
  /** `[min, max]` in seconds. */
  readonly seconds?: readonly [number, number] | undefined;
  /** Pixels of the shorter side. */
  readonly minShortSide?: number | undefined;
  readonly maxShortSide?: number | undefined;
  readonly aspectRatios?: readonly AspectRatio[] | undefined;
}

/** The part of the clip that is meant, in seconds from its start; absent ends are the clip's own. */
export interface ClipRange {
  readonly start?: number | undefined;
  readonly end?: number | undefined;
}

/** A frame more or less is not a reason to refuse: containers round. */
const SLACK_SECONDS = 0.05;

/**
 * Throws `invalid_argument` for a range that the clip or the backend does not allow, `file_invalid` for a clip that the
 * backend would refuse. Every fault is named at once.
 */
export function checkClip(clip: Clip, limits: ClipLimits, range: ClipRange = {}): void {
  const faults = [...shapeFaults(clip, limits)];
  if (faults.length > 0) {
    throw new SoraError({
      code: 'file_invalid',
      message: faults.join('; '),
      hint: 'Give another clip, or cut and scale this one first.',
    });
  }
  checkRange(clip, range);
  if (limits.seconds) checkLength(clip, limits.seconds, range);
}

function* shapeFaults(clip: Clip, limits: ClipLimits): Generator<string> {
  const size: Size = `${clip.width}x${clip.height}`;
  const short = Math.min(clip.width, clip.height);
  if (limits.minShortSide !== undefined && short < limits.minShortSide) {
    yield `the clip is ${size}; this backend wants at least ${limits.minShortSide} pixels on the shorter side`;
  }
  if (limits.maxShortSide !== undefined && short > limits.maxShortSide) {
    yield `the clip is ${size}; this backend wants at most ${limits.maxShortSide} pixels on the shorter side`;
  }
  const ratio = aspectRatioOf(size);
  if (limits.aspectRatios && (ratio === undefined || !limits.aspectRatios.includes(ratio))) {
    yield `the clip is ${size}${ratio ? ` (${ratio})` : ''}; this backend wants ${limits.aspectRatios.join(' or ')}`;
  }
}

function checkRange(clip: Clip, { start, end }: ClipRange): void {
  const length = `the clip is ${seconds(clip.seconds)} s long`;
  if (start !== undefined && (start < 0 || start >= clip.seconds)) {
    throw invalid('start_seconds', `start_seconds is ${seconds(start)}, but ${length}`);
  }
  if (end !== undefined && end > clip.seconds + SLACK_SECONDS) {
    throw invalid('end_seconds', `end_seconds is ${seconds(end)}, but ${length}`);
  }
  if (end !== undefined && end <= (start ?? 0)) {
    throw invalid('end_seconds', `end_seconds (${seconds(end)}) must be after start_seconds (${seconds(start ?? 0)})`);
  }
}

function checkLength(clip: Clip, [min, max]: readonly [number, number], { start, end }: ClipRange): void {
  // An end that is not told is as far from the other as the backend takes.
  const from = start ?? (end === undefined ? 0 : Math.max(0, end - max));
  const to = end ?? (start === undefined ? clip.seconds : start + max);
  const length = to - from;
  const within = to <= clip.seconds + SLACK_SECONDS;
  if (within && length >= min - SLACK_SECONDS && length <= max + SLACK_SECONDS) return;
  const wanted = min === max ? `${plain(min)} s` : `${plain(min)} to ${plain(max)} s`;
  const chosen = start !== undefined || end !== undefined;
  const range = within
    ? `the range is ${seconds(length)} s`
    : `the range ends at ${seconds(to)} s, behind the clip's end`;
  const what = chosen ? range : `the clip is ${seconds(clip.seconds)} s`;
  if (clip.seconds < min - SLACK_SECONDS) {
    throw new SoraError({
      code: 'file_invalid',
      message: `the clip is ${seconds(clip.seconds)} s; this backend wants ${wanted}`,
      hint: `Give a clip of at least ${plain(min)} s.`,
    });
  }
  // The start is kept if enough is left behind it.
  const first = clip.seconds - from >= min ? from : 0;
  const last = Math.min(first + max, clip.seconds);
  throw invalid(
    'end_seconds',
    `${what}; this backend wants ${wanted}: pass start_seconds and end_seconds, e.g. ${plain(first)} and ${plain(last)}`,
  );
}

/** One digit after the point. */
function seconds(value: number): string {
  return value.toFixed(1);
}

/** At most two digits, rounded down so that a suggested end never lies behind the clip's. */
function plain(value: number): string {
  return String(Math.floor(value * 100 + 1e-6) / 100);
}
