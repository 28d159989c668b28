import type { Secret } from '../domain/secret.ts';
import type { AddressGuard } from './address.ts';
import type { Part } from './multipart.ts';
import type { RetryPolicy, Timing } from './retry.ts';

/** The clocks of a call, in milliseconds. */
export interface HttpTimeouts {
  /** Until the connection stands. Default 10,000. */
  readonly connectMs: number;
  /** One attempt of a read, connecting included, until its headers are here. Default 15,000. */
  readonly readMs: number;
  /** A read in all: retries, pauses and bodies. Default 35,000. */
  readonly readTotalMs: number;
  /** A create until its headers are here; uploads count. Default 90,000. */
  readonly createMs: number;
  /** A create in all. Default 120,000. */
  readonly createTotalMs: number;
  /** The longest silence inside a download. Default 30,000. */
  readonly idleMs: number;
}

export const TIMEOUTS = {
  connectMs: 10_000,
  readMs: 15_000,
  readTotalMs: 35_000,
  createMs: 90_000,
  createTotalMs: 120_000,
  idleMs: 30_000,
} as const satisfies HttpTimeouts;

/** A JSON answer beyond this is refused: 4 MiB. */
export const MAX_JSON_BYTES = 4 * 1024 * 1024;

/** How the key goes on the wire: `Authorization: Bearer KEY`, `Authorization: KEY`, or a header of another name. */
export type AuthScheme =
  | { readonly scheme: 'bearer' | 'bare' }
  | { readonly scheme: 'header'; readonly header: string };

export interface HttpOptions {
  readonly baseUrl: URL;
  readonly auth: AuthScheme;
  readonly apiKey?: Secret | undefined;
  readonly timeouts: HttpTimeouts;
  readonly timing: Timing;
  /** Default `READ_RETRIES`. */
  readonly retries?: RetryPolicy | undefined;
  /** Asked before connecting to any other origin than the base URL's, and to that one too where a caller names it. */
  readonly guard?: AddressGuard | undefined;
}

export type RequestBody =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'multipart'; readonly parts: readonly Part[] };

export interface JsonCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: URL;
  readonly body?: RequestBody | undefined;
  /** What is being done, for messages: `create`, `list`. */
  readonly operation: string;
  /** A create that may cost money: sent once, on a connection of its own. */
  readonly paid: boolean;
  /** 404, 405 and 501 mean that this server does not do it. */
  readonly optional: boolean;
  readonly model?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  /** Told the body of each answer before it is judged; undefined: it was no JSON. */
  readonly told?: ((body: unknown) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  /** Lower-case names; of repeated ones the first. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON; undefined when the answer had no body. */
  readonly body: unknown;
}

/** What the upstream said besides its answers: its end, in `Deprecation` and `Sunset` headers, and that it is asked too often. */
export interface Notices {
  readonly deprecation?: string | undefined;
  /** Unix milliseconds. */
  readonly sunset?: number | undefined;
  /** Unix milliseconds of the last 429 to anything but a create. */
  readonly limitedAt?: number | undefined;
}

export interface OpenOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** A caller named the address: it gets no key, and the guard judges all of the way. Default false. */
  readonly foreign?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Where it came from in the end. */
  readonly url: URL;
  readonly body: AsyncIterable<Uint8Array> & { destroy(error?: Error): unknown };
}

/** The network as the engines see it. Every method throws only `SoraError`, with the key taken out of every text. */
export interface Http {
  /** Requests carry a key. */
  readonly hasKey: boolean;
  ask(call: JsonCall): Promise<Answer>;
  /** A raw answer, whatever its status; redirects are followed, with the key as long as they stay on the own origin. */
  open(url: URL, options?: OpenOptions): Promise<RawAnswer>;
  /** Text from outside made fit to go on: no control characters, no key, at most `max` characters. */
  tell(text: string, max: number): string;
  notices(): Notices;
  close(): Promise<void>;
}
