import { isRecord, parseJson } from './envelope.ts';

/**
 * The value at `data.output` or `videos[0].url`; undefined where the way ends early, null counts as nothing. JSON
 * inside a string is entered when the way leads on into it (`resultJson.resultUrls[0]`). The empty path is the value itself.
 */
export function valueAt(root: unknown, path: string): unknown {
  let at = root;
  for (const key of path.split(/[.[\]]+/).filter((part) => part !== '')) {
    const inside = opened(at);
    if (Array.isArray(inside) && /^\d+$/.test(key)) at = inside[Number(key)];
    else if (isRecord(inside) && Object.hasOwn(inside, key)) at = inside[key];
    else return undefined;
  }
  return at ?? undefined;
}

/** The records in which facts may be, in the order of the envelopes' paths. */
export function envelopesOf(body: unknown, paths: readonly string[]): readonly unknown[] {
  return paths.map((path) => opened(valueAt(body, path))).filter(isRecord);
}

/** The first fact found: envelope by envelope, in each path by path. Empty texts are no facts. */
export function pick(envelopes: readonly unknown[], paths: readonly string[]): unknown {
  return pickAll(envelopes, paths).next().value;
}

export function* pickAll(envelopes: readonly unknown[], paths: readonly string[]): Generator<unknown, undefined> {
  for (const envelope of envelopes) {
    for (const path of paths) {
      const value = valueAt(envelope, path);
      if (value !== undefined && value !== '') yield value;
    }
  }
  return undefined;
}

function opened(value: unknown): unknown {
  return typeof value === 'string' && /^\s*[[{]/.test(value) ? parseJson(value) : value;
}
