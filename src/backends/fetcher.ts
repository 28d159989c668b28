import type { Clock } from '../domain/ids.ts';
import type { AddressGuard } from './address.ts';
import { createHttp } from './http.ts';
import { TIMEOUTS } from './http-port.ts';
import { loadMedia } from './media.ts';
import { sleep } from './retry.ts';

/** Fetches what callers point at. */
export interface Fetcher {
  /**
   * The bytes of a picture or video, at most 100 MiB. `field`: the argument that named it, for messages. An error has
   * `details.status` where that was not 200, `details.contentType` where it was no picture's or video's.
   */
  load(url: string, field: string, signal?: AbortSignal): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Carries no key; every address is the guard's to judge. */
export function createFetcher(guard: AddressGuard, clock: Clock): Fetcher {
  const http = createHttp({
    // Nobody lives there, so no address is exempt from the guard as a backend's own is.
    baseUrl: new URL('http://fetcher.invalid/'),
    auth: { scheme: 'bearer' },
    timeouts: TIMEOUTS,
    guard,
    timing: { clock, random: Math.random, sleep },
  });
  return {
    load: async (url, field, signal) => {
      const { file } = await loadMedia({ kind: 'url', url }, field, http, signal);
      if (file.kind !== 'memory') throw new TypeError('an address was loaded from disk');
      return file.bytes;
    },
    close: () => http.close(),
  };
}
