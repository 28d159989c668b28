export type PictureType = 'png' | 'jpeg' | 'webp';

/** What a picture's first bytes promise, before anything is decoded. */
export interface PictureHeader {
  readonly type: PictureType;
  /** As stored, in pixels: a JPEG may ask to be turned. */
  readonly width: number;
  readonly height: number;
  /** What a decoder makes of one pixel. */
  readonly bytesPerPixel: number;
}

const PNG_SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
const PNG_CHANNELS = new Map([
  [0, 1],
  [2, 3],
  [3, 1],
  [4, 2],
  [6, 4],
]);

/** The type is told by the bytes, never by a name. Undefined: none of the three, or too short to tell. */
export function readPictureHeader(bytes: Uint8Array): PictureHeader | undefined {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const header = pngHeader(data) ?? jpegHeader(data) ?? webpHeader(data);
    return header && header.width > 0 && header.height > 0 ? header : undefined;
  } catch (error) {
    // Cut off within the header.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function pngHeader(data: Buffer): PictureHeader | undefined {
  if (!data.subarray(0, 8).equals(PNG_SIGNATURE) || data.toString('latin1', 12, 16) !== 'IHDR') return undefined;
  const channels = PNG_CHANNELS.get(data.readUInt8(25));
  if (channels === undefined) return undefined;
  const bytesPerPixel = channels * Math.ceil(data.readUInt8(24) / 8);
  return { type: 'png', width: data.readUInt32BE(16), height: data.readUInt32BE(20), bytesPerPixel };
}

/** Walks from marker to marker up to the frame header. */
function jpegHeader(data: Buffer): PictureHeader | undefined {
  if (data.readUInt16BE(0) !== 0xffd8) return undefined;
  let at = 2;
  while (at < data.length) {
    if (data.readUInt8(at) !== 0xff) return undefined;
    const marker = data.readUInt8(at + 1);
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    // SOF0 to SOF15, but for the tables (C4, CC) and the reserved one (C8) among them.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { type: 'jpeg', width: data.readUInt16BE(at + 7), height: data.readUInt16BE(at + 5), bytesPerPixel: 4 };
    }
    at += 2 + data.readUInt16BE(at + 2);
  }
  return undefined;
}

function webpHeader(data: Buffer): PictureHeader | undefined {
  if (data.toString('latin1', 0, 4) !== 'RIFF' || data.toString('latin1', 8, 12) !== 'WEBP') return undefined;
  const size = (width: number, height: number): PictureHeader => ({ type: 'webp', width, height, bytesPerPixel: 4 });
  switch (data.toString('latin1', 12, 16)) {
    case 'VP8 ':
      return size(data.readUInt16LE(26) & 0x3fff, data.readUInt16LE(28) & 0x3fff);
    case 'VP8L': {
      const bits = data.readUInt32LE(21);
      return size((bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1);
    }
    case 'VP8X':
      return size(data.readUIntLE(24, 3) + 1, data.readUIntLE(27, 3) + 1);
    default:
      return undefined;
  }
}
