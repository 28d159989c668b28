const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

export interface JsonSize {
  /** Members of arrays and objects, at every depth; never less than there are. */
  readonly elements: number;
  readonly depth: number;
}

/**
 * Measures JSON without building it: a megabyte of `[[],[],…` would become a hundred megabytes of objects. Stops as soon
 * as a bound is passed. What is no JSON is measured too; the parser will complain.
 */
export function measureJson(bytes: Uint8Array, bounds: JsonSize): JsonSize {
  let elements = 1;
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < bytes.length; at++) {
    switch (bytes[at]) {
      case QUOTE:
        at = endOfString(bytes, at);
        break;
      case COMMA:
        elements++;
        break;
      case 0x5b:
      case 0x7b:
        elements++;
        if (++depth > deepest) deepest = depth;
        break;
      case 0x5d:
      case 0x7d:
        depth--;
        break;
    }
    if (elements > bounds.elements || deepest > bounds.depth) break;
  }
  return { elements, depth: deepest };
}

function endOfString(bytes: Uint8Array, start: number): number {
  for (let at = start + 1; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === BACKSLASH) at++;
    else if (byte === QUOTE) return at;
  }
  return bytes.length;
}
