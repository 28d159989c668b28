import { SoraError } from '../domain/errors.ts';
import type { AudioSetup, Clip, Container, VideoSetup } from './clip-checks.ts';
import { badFile, describeBytes, readPrefix } from './file-kind.ts';
import type { Input, InputAudioTrack, InputVideoTrack } from './mediabunny.ts';
import { isIndexSound } from './mp4-index.ts';

export { type Clip, type ClipLimits, type ClipRange, checkClip } from './clip-checks.ts';

/** Frames that are looked at to tell the frame rate: enough for an average, few enough not to read a whole WebM. */
const FRAMES_FOR_RATE = 120;
/** What a WebM's last frame may lie before the end that its header promises. */
const MISSING_SECONDS = 0.5;
/** No codec stores a frame further than this from where it is shown. */
const MAX_REORDERED = 32;

/**
 * Reads what the file says about itself, by ranges: a few kilobytes of a well-made file, whatever its length.
 * Throws `file_invalid` for anything that is not an MP4, MOV or WebM with a picture, whole to its last frame.
 */
export async function inspectClip(path: string): Promise<Clip> {
  const { bytes, prefix } = await readPrefix(path);
  const kind = describeBytes(prefix);
  if (kind !== undefined && !/MP4|WebM or/.test(kind)) {
    const instead = kind.endsWith('video') ? 'MP4, MOV or WebM' : 'a video';
    throw badFile(path, `is ${kind}, not ${instead}`, WANTED);
  }
  const { withInput } = await import('./media-file.ts');
  return withInput(path, async (input) => {
    try {
      return { ...(await readClip(path, input)), bytes };
    } catch (error) {
      if (error instanceof SoraError) throw error;
      throw kind === undefined
        ? badFile(path, 'is not an MP4, MOV or WebM video', { ...WANTED, cause: error })
        : badFile(path, 'is damaged or cut off', { ...CUT_OFF, cause: error });
    }
  });
}

async function readClip(path: string, input: Input): Promise<Omit<Clip, 'bytes'>> {
  const container = await containerOf(path, input);
  const video = await input.getPrimaryVideoTrack();
  if (!video) throw badFile(path, 'has no picture, or is cut off before its index', CUT_OFF);
  const audio = await input.getPrimaryAudioTrack();
  const start = await video.getFirstTimestamp();
  const end = await endOf(path, video);
  const lastEnd = Math.max(end, audio ? await endOf(path, audio) : 0);
  // A WebM that was cut off is still well-formed up to there; only its promised length gives it away.
  const promised = await input.getDurationFromMetadata();
  if (container === 'webm' && promised !== null && promised - lastEnd > MISSING_SECONDS) throw cutOff(path);
  if (!(end > start)) throw badFile(path, 'has no picture that lasts', CUT_OFF);
  const rate = await video.computePacketStats(FRAMES_FOR_RATE);
  return {
    container,
    seconds: round(end - start, 9),
    width: await video.getDisplayWidth(),
    height: await video.getDisplayHeight(),
    ...(rate.packetCount > 1 ? { fps: round(rate.averagePacketRate, 3) } : {}),
    videoCodec: await codecName(video),
    videoSetup: await videoSetup(video),
    ...(audio ? { audioCodec: await codecName(audio), audioSetup: await audioSetup(audio) } : {}),
  };
}

const CUT_OFF = { hint: 'Get the file again; it may not have been downloaded to its end.' };
const cutOff = (path: string) => badFile(path, 'is cut off: its last frames are missing', CUT_OFF);
const WANTED = { hint: 'Give an MP4, MOV or WebM file.' };

async function containerOf(path: string, input: Input): Promise<Container> {
  const { MP4, QTFF, WEBM } = await import('./mediabunny.ts');
  const format = await input.getFormat();
  if (format === WEBM) return 'webm';
  if (format !== MP4 && format !== QTFF) throw badFile(path, 'is a Matroska video, not MP4, MOV or WebM', WANTED);
  if (!(await isIndexSound(path))) throw badFile(path, 'has a damaged index', CUT_OFF);
  return format === QTFF ? 'mov' : 'mp4';
}

/**
 * The end of the track's last frame in seconds. The bytes of the frame that is stored last are read, so that a file that
 * was cut off is noticed; with B-frames that one is not the one that is shown last.
 */
async function endOf(path: string, track: InputVideoTrack | InputAudioTrack): Promise<number> {
  const { EncodedPacketSink } = await import('./mediabunny.ts');
  const sink = new EncodedPacketSink(track);
  const shownLast = await sink.getPacket(Number.POSITIVE_INFINITY, { metadataOnly: true });
  let storedLast = shownLast;
  for (let steps = 0; storedLast && steps < MAX_REORDERED; steps++) {
    const next = await sink.getNextPacket(storedLast, { metadataOnly: true });
    if (!next) break;
    storedLast = next;
  }
  const whole = storedLast && (await sink.getPacket(storedLast.timestamp));
  if (!shownLast || !whole || whole.data.byteLength === 0) throw cutOff(path);
  const end = shownLast.timestamp + shownLast.duration;
  // With B-frames at irregular times the frame's own length is that to the next one stored, which may be longer.
  const promised = await track.getDurationFromMetadata();
  return promised !== null && promised > shownLast.timestamp && promised < end ? promised : end;
}

async function codecName(track: InputVideoTrack | InputAudioTrack): Promise<string> {
  const name = await track.getCodecParameterString();
  return name ?? String((await track.getInternalCodecId()) ?? 'unknown');
}

async function videoSetup(track: InputVideoTrack): Promise<VideoSetup> {
  const config = await track.getDecoderConfig();
  return {
    description: hex(config?.description),
    codedWidth: await track.getCodedWidth(),
    codedHeight: await track.getCodedHeight(),
    rotation: await track.getRotation(),
  };
}

async function audioSetup(track: InputAudioTrack): Promise<AudioSetup> {
  const config = await track.getDecoderConfig();
  return {
    description: hex(config?.description),
    sampleRate: await track.getSampleRate(),
    channels: await track.getNumberOfChannels(),
  };
}

function hex(bytes: ArrayBufferView | ArrayBufferLike | undefined): string {
  if (bytes === undefined) return '';
  const view = ArrayBuffer.isView(bytes) ? bytes : new Uint8Array(bytes);
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('hex');
}

function round(value: number, places: number): number {
  return Number(value.toFixed(places));
}
