import { setImmediate as nextTurn } from 'node:timers/promises';
import { parameterSets, type Sample, videoEncoder } from './h264.ts';
import { TIMESCALE, writeMp4 } from './mp4.ts';
import { newPicture } from './picture.ts';
import { composeScene, type SceneFacts } from './scene.ts';

export const FRAMES_PER_SECOND = 12;
/** A player can start every so many frames. */
const FRAMES_PER_SYNC = 4 * FRAMES_PER_SECOND;
/** The event loop gets its turn after so many frames, so that polls are answered while a clip is made. */
const FRAMES_PER_TURN = 8;

export interface ClipFacts extends SceneFacts {
  /** Unix seconds. */
  readonly createdAt: number;
}

/** A whole MP4: H.264 Constrained Baseline, silent, of exactly the seconds and pixels asked for. */
export async function renderClip(facts: ClipFacts): Promise<Uint8Array> {
  const { width, height } = facts;
  const scene = composeScene(facts);
  const encode = videoEncoder(width, height);
  const picture = newPicture(width, height);
  const count = Math.max(1, Math.round(facts.seconds * FRAMES_PER_SECOND));
  const samples: Sample[] = [];
  for (let frame = 0; frame < count; frame++) {
    if (frame % FRAMES_PER_TURN === 0) await nextTurn();
    scene(picture, frame / FRAMES_PER_SECOND);
    samples.push(encode(picture, frame % FRAMES_PER_SYNC === 0));
  }
  return writeMp4({
    width,
    height,
    parameters: parameterSets(width, height),
    samples,
    ticksPerSample: TIMESCALE / FRAMES_PER_SECOND,
    durationTicks: Math.round(facts.seconds * TIMESCALE),
    createdAt: facts.createdAt,
    title: `SANDBOX clip: ${facts.prompt.slice(0, 200)}`,
  });
}
