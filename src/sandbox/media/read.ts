/** The little that a server checks of what it is sent. */
export interface Dimensions {
  readonly width: number;
  readonly height: number;
}

/** Of a PNG, JPEG or WebP; undefined when it is none. */
export function imageSize(bytes: Uint8Array): Dimensions | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (view.getUint32(0) === 0x89504e47) return { width: view.getUint32(16), height: view.getUint32(20) };
    if (view.getUint16(0) === 0xffd8) return jpegSize(view);
    if (view.getUint32(0) === 0x52494646 && view.getUint32(8) === 0x57454250) return webpSize(view);
  } catch {
    // Cut short.
  }
  return undefined;
}

function jpegSize(view: DataView): Dimensions | undefined {
  for (let at = 2; view.getUint8(at) === 0xff; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint8(at + 1);
    const frame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (frame) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
  }
  return undefined;
}

function webpSize(view: DataView): Dimensions | undefined {
  const kind = view.getUint32(12);
  if (kind === 0x5650384c) {
    const packed = view.getUint32(21, true);
    return { width: (packed & 0x3fff) + 1, height: ((packed >>> 14) & 0x3fff) + 1 };
  }
  if (kind === 0x56503820)
    return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  if (kind !== 0x56503858) return undefined;
  const three = (at: number): number => 1 + (view.getUint16(at, true) | (view.getUint8(at + 2) << 16));
  return { width: three(24), height: three(27) };
}

export interface VideoFacts extends Dimensions {
  readonly seconds: number;
}

/** Of an MP4 or QuickTime file; undefined when it is none. */
export function videoFacts(bytes: Uint8Array): VideoFacts | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let seconds: number | undefined;
  let size: Dimensions | undefined;
  try {
    for (const [type, at, end] of boxes(view, 0, view.byteLength)) {
      const wide = view.getUint8(at) === 1;
      if (type === 'mvhd') {
        const timescale = view.getUint32(at + (wide ? 20 : 12));
        seconds = (wide ? Number(view.getBigUint64(at + 24)) : view.getUint32(at + 16)) / timescale;
      }
      if (type === 'tkhd') {
        const found = { width: view.getUint32(end - 8) >>> 16, height: view.getUint32(end - 4) >>> 16 };
        // A sound track has no size.
        if (found.width > 0) size = found;
      }
    }
  } catch {
    return undefined;
  }
  return seconds !== undefined && size ? { ...size, seconds } : undefined;
}

/** Every box, those inside `moov` and `trak` too, as type, start of payload and end. */
function* boxes(view: DataView, from: number, to: number): Generator<readonly [string, number, number]> {
  for (let at = from; at + 8 <= to; ) {
    const type = String.fromCharCode(...[4, 5, 6, 7].map((i) => view.getUint8(at + i)));
    const small = view.getUint32(at);
    const header = small === 1 ? 16 : 8;
    const size = small === 1 ? Number(view.getBigUint64(at + 8)) : small === 0 ? to - at : small;
    if (size < header || at + size > to) return;
    if (type === 'moov' || type === 'trak') yield* boxes(view, at + header, at + size);
    else yield [type, at + header, at + size];
    at += size;
  }
}
