import { rename, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { SoraError, withFacts } from '../domain/errors.ts';
import { type Clip, inspectClip } from './clip.ts';
import { checkJoinable } from './joinable.ts';

export interface JoinRequest {
  /** Paths of the scenes, in order. */
  readonly clips: readonly string[];
  /** Path of the film; a file that is there is replaced, all at once. */
  readonly output: string;
  readonly signal?: AbortSignal | undefined;
  /** How much is done, from 0 to 1; told at most a hundred times. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

export interface Film {
  /** The sum of the scenes' lengths. */
  readonly seconds: number;
  readonly width: number;
  readonly height: number;
  /** Size of the file. */
  readonly bytes: number;
}

/**
 * Joins MP4 or MOV clips into one MP4, frame by frame as they are: nothing is encoded again, and memory does not grow with
 * the clips. A scene without sound is silent. Throws `not_joinable` when the clips differ, `file_invalid` when one cannot
 * be read, `disk_full`, `store_unavailable`, `cancelled`; then nothing is left behind.
 */
export async function joinClips({ clips: paths, output, signal, onProgress }: JoinRequest): Promise<Film> {
  const clips: Clip[] = [];
  for (const [index, path] of paths.entries()) {
    checkSignal(signal);
    clips.push(await inspectClip(path).catch((error) => Promise.reject(inScene(index, error))));
  }
  checkJoinable(clips);
  const draft = `${output}.part`;
  try {
    const [{ writeFilm }, { withTarget }] = await Promise.all([import('./film-writer.ts'), import('./media-file.ts')]);
    // The name must not be there before the bytes are on the disk.
    const seconds = await withTarget(draft, (target) =>
      writeFilm({ paths, clips, target, check: () => checkSignal(signal), onProgress }),
    );
    const film = await inspectClip(draft);
    // A frame's time may be rounded; a scene that went missing is not.
    if (Math.abs(film.seconds - seconds) > 0.1) throw new Error(`the film lasts ${film.seconds} s, not ${seconds} s`);
    checkSignal(signal);
    await rename(draft, output);
    return { seconds, width: film.width, height: film.height, bytes: film.bytes };
  } catch (error) {
    await rm(draft, { force: true });
    throw asSoraError(error, output);
  }
}

function checkSignal(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new SoraError({ code: 'cancelled', message: 'joining the scenes was cancelled' });
}

function inScene(index: number, error: unknown): unknown {
  return error instanceof SoraError ? withFacts(error, { message: `scene ${index + 1}: ${error.message}` }) : error;
}

function asSoraError(error: unknown, output: string): unknown {
  if (error instanceof SoraError) return error;
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new SoraError({
      code: 'disk_full',
      message: 'there is no room left for the film',
      hint: 'Free some space.',
      cause: error,
    });
  }
  if (code === undefined) {
    return new SoraError({
      code: 'not_joinable',
      message: 'the scenes cannot be joined: one of them seems to be damaged',
      hint: 'Look at the file of each, and make the damaged one again.',
      cause: error,
    });
  }
  return new SoraError({
    code: 'store_unavailable',
    message: `${basename(output)} cannot be written (${code})`,
    hint: 'Check that the folder exists and may be written.',
    cause: error,
  });
}
