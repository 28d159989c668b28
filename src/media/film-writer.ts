import type { Clip } from './clip-checks.ts';
import { laySound, type Sound } from './film-sound.ts';
import { withInput } from './media-file.ts';
import {
  EncodedAudioPacketSource,
  EncodedPacket,
  EncodedPacketSink,
  EncodedVideoPacketSource,
  type InputAudioTrack,
  type InputVideoTrack,
  Mp4OutputFormat,
  Output,
  type StreamTarget,
} from './mediabunny.ts';

/** A damaged index may promise packets without an end. */
const MAX_PACKETS = 1_000_000;
/** A finer clock than this cannot be written. */
const MAX_TIMESCALE = 1_000_000;

interface Writing {
  readonly paths: readonly string[];
  readonly clips: readonly Clip[];
  readonly target: StreamTarget;
  /** Throws when the work is to end. */
  readonly check: () => void;
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

interface Tracks {
  readonly video: InputVideoTrack;
  readonly audio: InputAudioTrack | null;
}

/** Writes the film; `clips` were found joinable. Answers how long it lasts, in seconds. */
export async function writeFilm({ paths, clips, target, check, onProgress }: Writing): Promise<number> {
  // The index stands in front, in room that is kept free for it: a player starts at once, every player reads it (unlike
  // fragments), and no frame waits in memory for the index's size to be known.
  const output = new Output({
    format: new Mp4OutputFormat({ fastStart: 'reserve' }),
    target,
  });
  const total = clips.reduce((sum, clip) => sum + clip.seconds, 0);
  try {
    const { picture, sound } = await addTracks(output, paths, clips, total);
    await output.start();
    let at = 0;
    let told = 0;
    for (const [index, path] of paths.entries()) {
      const until = at + clips[index]!.seconds;
      await withTracks(path, async ({ video, audio }) => {
        const shift = at - (await video.getFirstTimestamp());
        for await (const [track, packet] of interleave(video, sound ? audio : null)) {
          check();
          const timestamp = packet.timestamp + shift;
          if (track === 'audio') await sound?.add(packet.clone({ timestamp }), until);
          else await picture.add(shortened(packet, timestamp, until));
          const percent = Math.floor((100 * timestamp) / total);
          if (percent > told && percent < 100) {
            told = percent;
            onProgress?.(percent / 100);
          }
        }
      });
      await sound?.fill(until);
      at = until;
    }
    await output.finalize();
    onProgress?.(1);
    return total;
  } catch (error) {
    // The first error tells more than what closing a broken file says.
    await output.cancel().catch(() => undefined);
    throw error;
  }
}

async function addTracks(output: Output, paths: readonly string[], clips: readonly Clip[], total: number) {
  const counts = { video: 0, audio: 0 };
  const clocks: number[] = [];
  for (const path of paths) {
    await withTracks(path, async ({ video, audio }) => {
      counts.video += (await video.computePacketStats(MAX_PACKETS)).packetCount;
      counts.audio += audio ? (await audio.computePacketStats(MAX_PACKETS)).packetCount : 0;
      clocks.push(await video.getTimeResolution());
    });
  }
  const timescale = clocks.reduce(leastCommonMultiple, 1);
  const picture = await withTracks(paths[0]!, async ({ video }) => {
    const source = new EncodedVideoPacketSource((await video.getCodec())!);
    output.addVideoTrack(source, {
      decoderConfig: (await video.getDecoderConfig())!,
      rotation: await video.getRotation(),
      maximumPacketCount: counts.video,
      // Sets the track's clock: with the clips' own, every frame keeps its exact time.
      ...(timescale <= MAX_TIMESCALE ? { frameRate: timescale } : {}),
    });
    return source;
  });
  const sounding = clips.findIndex((clip) => clip.audioSetup);
  if (sounding < 0) return { picture, sound: undefined };
  const sound = await withTracks(paths[sounding]!, async ({ audio }): Promise<Sound> => {
    const source = new EncodedAudioPacketSource((await audio!.getCodec())!);
    const { audioSetup: setup, audioCodec: codec } = clips[sounding]!;
    // Silence may take a packet where the clip had none: one each 1,024 samples, and a few at the seams.
    const silent = Math.ceil((total * setup!.sampleRate) / 1024) + 4 * clips.length;
    output.addAudioTrack(source, {
      decoderConfig: (await audio!.getDecoderConfig())!,
      maximumPacketCount: counts.audio + silent,
    });
    return laySound((packet) => source.add(packet), setup!, codec!);
  });
  return { picture, sound };
}

/** The packet at its time in the film, not reaching into the next scene. */
function shortened(packet: EncodedPacket, timestamp: number, until: number): EncodedPacket {
  if (timestamp + packet.duration <= until) return packet.clone({ timestamp });
  return new EncodedPacket(packet.data, packet.type, timestamp, Math.max(0, until - timestamp));
}

function withTracks<T>(path: string, work: (tracks: Tracks) => Promise<T>): Promise<T> {
  return withInput(path, async (input) =>
    work({ video: (await input.getPrimaryVideoTrack())!, audio: await input.getPrimaryAudioTrack() }),
  );
}

/** Both tracks' packets by time, so that a player finds picture and sound of one moment near each other. */
async function* interleave(
  video: InputVideoTrack,
  audio: InputAudioTrack | null,
): AsyncGenerator<readonly ['video' | 'audio', EncodedPacket]> {
  const pictures = new EncodedPacketSink(video).packets();
  const sounds = audio ? new EncodedPacketSink(audio).packets() : undefined;
  try {
    let picture = await pictures.next();
    let sound = await sounds?.next();
    while (!picture.done || (sound && !sound.done)) {
      if (sound && !sound.done && (picture.done || sound.value.timestamp < picture.value.timestamp)) {
        yield ['audio', sound.value];
        sound = await sounds?.next();
      } else if (!picture.done) {
        yield ['video', picture.value];
        picture = await pictures.next();
      }
    }
  } finally {
    await pictures.return();
    await sounds?.return();
  }
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return (a / x) * b;
}
