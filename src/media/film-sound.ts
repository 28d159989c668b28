import type { AudioSetup } from './clip-checks.ts';
import { EncodedPacket } from './mediabunny.ts';

/**
 * One frame of AAC-LC that says nothing, for one and for two channels, as the bitstream's syntax gives it. Re-encoding
 * would need a codec; these few bytes are all that a scene without sound takes.
 */
const SILENT_FRAME = new Map([
  [1, Uint8Array.of(0x01, 0x18, 0x20, 0x07)],
  [2, Uint8Array.of(0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c)],
]);
const AAC_FRAME_SAMPLES = 1024;

export interface Sound {
  /** Adds a packet of a scene whose place in the film, in seconds, ends at `until`. */
  add(packet: EncodedPacket, until: number): Promise<void>;
  /** Makes the track reach `seconds`, with silence where there is none. */
  fill(seconds: number): Promise<void>;
}

/**
 * Lays sound packets end to end. A packet lasts some 21 ms and no scene ends on one's edge, so each packet's own time
 * only decides, at a scene's two ends, whether it belongs: within a scene the sound is off by half a packet at most,
 * and the error never adds up over scenes.
 */
export function laySound(put: (packet: EncodedPacket) => Promise<void>, setup: AudioSetup, codec: string): Sound {
  const silence = codec === 'mp4a.40.2' ? SILENT_FRAME.get(setup.channels) : undefined;
  const frame = AAC_FRAME_SAMPLES / setup.sampleRate;
  let reached: number | undefined;

  async function fill(seconds: number): Promise<void> {
    // Without a silent frame for the codec the gap stays one, which MP4 allows and players keep in time.
    if (!silence) return;
    reached ??= 0;
    while (seconds - reached >= frame / 2) {
      await put(new EncodedPacket(silence, 'key', reached, frame));
      reached += frame;
    }
  }

  async function add(packet: EncodedPacket, until: number): Promise<void> {
    const half = packet.duration / 2;
    if (packet.timestamp + half > until) return;
    if (reached !== undefined) {
      if (packet.timestamp < reached - half) return;
      await fill(packet.timestamp);
    }
    const near = reached !== undefined && Math.abs(packet.timestamp - reached) <= half;
    const timestamp = near ? (reached ?? 0) : packet.timestamp;
    reached = timestamp + packet.duration;
    await put(packet.clone({ timestamp }));
  }

  return { add, fill };
}
