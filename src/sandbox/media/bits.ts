/** Writes bit fields, the highest bit first, and the Exp-Golomb codes of H.264. */
export interface BitWriter {
  /** The low `length` bits of `value`, at most 24 of them. */
  readonly put: (value: number, length: number) => void;
  /** Unsigned Exp-Golomb. */
  readonly ue: (value: number) => void;
  /** Signed Exp-Golomb. */
  readonly se: (value: number) => void;
  /** Fills the last byte with ones or zeros. */
  readonly align: (bit: 0 | 1) => void;
  /** The whole bytes written so far. */
  readonly bytes: () => Uint8Array;
  /** A stop bit, zeros up to the byte, and what was written. */
  readonly finish: () => Uint8Array;
}

export function bitWriter(): BitWriter {
  let bytes = new Uint8Array(4096);
  let used = 0;
  let pending = 0;
  let count = 0;

  function put(value: number, length: number): void {
    // At most 7 bits are pending, so 24 more still fit a 31-bit integer.
    pending = (pending << length) | (value & ((1 << length) - 1));
    count += length;
    while (count >= 8) {
      if (used === bytes.length) {
        const larger = new Uint8Array(bytes.length * 2);
        larger.set(bytes);
        bytes = larger;
      }
      count -= 8;
      bytes[used++] = (pending >>> count) & 0xff;
    }
    pending &= (1 << count) - 1;
  }

  function ue(value: number): void {
    const length = 32 - Math.clz32(value + 1);
    put(0, length - 1);
    put(value + 1, length);
  }

  function align(bit: 0 | 1): void {
    if (count > 0) put(bit ? 0xff : 0, 8 - count);
  }

  return {
    put,
    align,
    bytes: () => bytes.slice(0, used),
    ue,
    se: (value) => ue(value > 0 ? 2 * value - 1 : -2 * value),
    finish: () => {
      put(1, 1);
      align(0);
      return bytes.slice(0, used);
    },
  };
}
