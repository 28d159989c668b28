import { invalid } from './errors.ts';

/** The two kinds of upstream. */
export const ROUTES = ['forwarding', 'reverse'] as const;
export type Route = (typeof ROUTES)[number];

/** What a request wants most. `cost` is the default. */
export const PRIORITIES = ['cost', 'stability'] as const;
export type Priority = (typeof PRIORITIES)[number];

export const ASPECT_RATIOS = ['16:9', '9:16', '1:1'] as const;
export type AspectRatio = (typeof ASPECT_RATIOS)[number];

/** `WIDTHxHEIGHT` in pixels, e.g. `1280x720`. */
export type Size = `${number}x${number}`;

/** The protocol's own defaults (upstreams: forwarding create). */
export const DEFAULT_SECONDS = 4;
export const DEFAULT_SIZE: Size = '720x1280';
export const MAX_PROMPT_LENGTH = 32_000;
export const MAX_SECONDS = 600;

export function parseSize(text: string): Size | undefined {
  return /^[1-9]\d{1,4}x[1-9]\d{1,4}$/.test(text) ? (text as Size) : undefined;
}

export function dimensions(size: Size): { readonly width: number; readonly height: number } {
  const [width, height] = size.split('x').map(Number);
  return { width: width!, height: height! };
}

/** The shorter side, which is how price tables speak of a size (`720p`, `1024p`, `1080p`). */
export function shortSide(size: Size): number {
  const { width, height } = dimensions(size);
  return Math.min(width, height);
}

export function aspectRatioOf(size: Size): AspectRatio | undefined {
  const { width, height } = dimensions(size);
  if (width === height) return '1:1';
  const ratio = width / height;
  // Sora's "wide" sizes (1792x1024) are a little off 16:9; they count as it.
  if (Math.abs(ratio - 16 / 9) < 0.05) return '16:9';
  if (Math.abs(ratio - 9 / 16) < 0.03) return '9:16';
  return undefined;
}

export function isAspectRatio(text: string): text is AspectRatio {
  return (ASPECT_RATIOS as readonly string[]).includes(text);
}

/**
 * The smallest length a backend makes that is at least as long as the one asked for.
 * `lengths` is ascending, in seconds; empty means any length is made as asked.
 */
export function roundUpSeconds(asked: number, lengths: readonly number[]): number | undefined {
  if (lengths.length === 0) return asked;
  return lengths.find((length) => length >= asked);
}

/** Where media comes from. Exactly one of a URL that the upstream fetches, or a local file that we send. */
export type MediaSource =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'file'; readonly path: string };

export function parseHttpUrl(field: string, text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw invalid(
      field,
      `${field} is not a URL: ${JSON.stringify(text.slice(0, 120))}`,
      'Give a full http(s) address.',
    );
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    const file = url.protocol === 'file:' ? ' A file of this machine is given by its path.' : '';
    throw invalid(
      field,
      `${field} has the scheme ${url.protocol}`,
      `Only http and https addresses are accepted.${file}`,
    );
  }
  if (url.username || url.password) {
    throw invalid(field, `${field} carries a user name or password`, 'Give an address without credentials in it.');
  }
  return url;
}
