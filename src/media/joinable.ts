import { SoraError } from '../domain/errors.ts';
import type { Clip } from './clip-checks.ts';

/** No generator makes an hour; a damaged index may promise days, which would have to be filled with silence. */
const MAX_SCENE_SECONDS = 3600;

/** H.264, H.265, AV1 and VP9, by the names they have in an MP4. */
const JOINABLE_CODECS = /^(avc[1-4]|hvc1|hev1|av01|vp09)\b/;

/**
 * Throws `not_joinable` when the clips cannot follow each other unchanged, naming the first that differs from scene 1
 * and in what: a film has one picture track, and one track is decoded one way.
 */
export function checkJoinable(clips: readonly Clip[]): void {
  const first = clips[0];
  if (!first) throw notJoinable('there is no scene to join');
  clips.forEach((clip, index) => {
    if (clip.container === 'webm') {
      throw notJoinable(`scene ${index + 1} is a WebM file; only MP4 and MOV can be joined`);
    }
    if (!JOINABLE_CODECS.test(clip.videoCodec)) {
      throw notJoinable(`scene ${index + 1} has the codec ${clip.videoCodec}, which cannot be joined`);
    }
    if (clip.seconds > MAX_SCENE_SECONDS) {
      throw notJoinable(
        `scene ${index + 1} says that it lasts ${Math.round(clip.seconds)} s; its index may be damaged`,
      );
    }
  });
  for (const [index, clip] of clips.entries()) {
    const fault = pictureFault(clip, first);
    if (fault) throw notJoinable(`scene ${index + 1} ${fault[0]}, scene 1 ${fault[1]}`);
    if (clip.videoSetup.description !== first.videoSetup.description) throw otherEncoding(index, clip, first);
  }
  checkSound(clips);
}

type Fault = readonly [theirs: string, ours: string];

function pictureFault(clip: Clip, first: Clip): Fault | undefined {
  const differs = <T>(of: (clip: Clip) => T): boolean => of(clip) !== of(first);
  const say = (of: (clip: Clip) => string): Fault => [of(clip), of(first)];
  if (differs((one) => `${one.width}x${one.height}`)) return say((one) => `is ${one.width}x${one.height}`);
  if (differs((one) => one.videoSetup.rotation)) return say((one) => `is turned by ${one.videoSetup.rotation} degrees`);
  if (differs((one) => `${one.videoSetup.codedWidth}x${one.videoSetup.codedHeight}`)) {
    return say((one) => `is stored as ${one.videoSetup.codedWidth}x${one.videoSetup.codedHeight}`);
  }
  if (differs((one) => one.videoCodec)) return say((one) => `has the codec ${codecWords(one.videoCodec)}`);
  return undefined;
}

const PROFILES: Readonly<Record<string, string>> = { '42': 'Baseline', '4d': 'Main', '58': 'Extended', '64': 'High' };

/** `avc1.64001f (H.264, High profile, level 3.1)`: what a name of H.264 stands for. */
function codecWords(codec: string): string {
  const [, profile = '', level = ''] = /^avc[1-4]\.(\w\w)\w\w(\w\w)$/.exec(codec) ?? [];
  const name = PROFILES[profile.toLowerCase()];
  return name ? `${codec} (H.264, ${name} profile, level ${Number.parseInt(level, 16) / 10})` : codec;
}

/** The decoder is told something else from the start; of what that is, the frame rate can be seen. */
function otherEncoding(index: number, clip: Clip, first: Clip): SoraError {
  const [theirs, ours] = [clip, first].map(({ fps }) => fps && Number(fps.toFixed(2)));
  const what =
    theirs === ours
      ? `scene ${index + 1} has the size, codec and frame rate of scene 1, but was encoded with other settings`
      : `scene ${index + 1} has ${theirs ?? 'no'} frames a second, scene 1 has ${ours ?? 'none'}; they were encoded with other settings`;
  const again = `redo: true makes scene ${index + 1} again, which helps only if the upstream encodes it otherwise then`;
  return notJoinable(what, `${again}; a video editor joins them by encoding them anew.`);
}

/** Scenes without sound are silent in the film; those that have some must have the same kind. */
function checkSound(clips: readonly Clip[]): void {
  const firstIndex = clips.findIndex((clip) => clip.audioSetup);
  const first = clips[firstIndex];
  if (!first) return;
  for (const [index, clip] of clips.entries()) {
    if (!clip.audioSetup) continue;
    const [theirs, ours] = [soundOf(clip), soundOf(first)];
    if (theirs !== ours)
      throw notJoinable(`scene ${index + 1} has ${theirs} sound, scene ${firstIndex + 1} has ${ours}`);
    if (clip.audioSetup.description !== first.audioSetup?.description) {
      throw notJoinable(
        `the sound of scene ${index + 1} was encoded with other settings than that of scene ${firstIndex + 1}`,
        'A video editor joins them by encoding them anew.',
      );
    }
  }
}

function soundOf(clip: Clip): string {
  return `${clip.audioCodec} ${clip.audioSetup?.sampleRate} Hz ${clip.audioSetup?.channels}-channel`;
}

const LIKE_THE_OTHERS = 'Make the scene again with the size and model of the others to get one film.';

function notJoinable(message: string, advice = LIKE_THE_OTHERS): SoraError {
  return new SoraError({ code: 'not_joinable', message, hint: advice });
}
