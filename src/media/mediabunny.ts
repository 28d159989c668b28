/**
 * The part of mediabunny that is used, as one module that is only ever imported dynamically: nothing of it is read
 * before a clip is, and the bundler keeps only these names and what they need.
 */
import { Logging, LogLevel } from 'mediabunny';

// Its notes go to the console, and so to stdout, which belongs to the protocol.
Logging.level = LogLevel.Silent;

export type { InputAudioTrack, InputVideoTrack, StreamTargetChunk } from 'mediabunny';
export {
  CustomSource,
  EncodedAudioPacketSource,
  EncodedPacket,
  EncodedPacketSink,
  EncodedVideoPacketSource,
  Input,
  MATROSKA,
  MP4,
  Mp4OutputFormat,
  Output,
  QTFF,
  StreamTarget,
  WEBM,
} from 'mediabunny';
