import { lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';

/**
 * Decides whether an address may be connected to; throws a `SoraError` if not. Asked for every address that the host
 * of `url` resolves to, at the moment of connecting, so that a name cannot change its mind in between.
 */
export type AddressGuard = (address: string, url: URL) => void;

/** A name lookup that lets nothing through which the guard refuses. */
export function guardedLookup(guard: AddressGuard, url: URL): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0);
      try {
        for (const { address } of addresses) guard(address, url);
      } catch (refusal) {
        return callback(refusal as NodeJS.ErrnoException, '', 0);
      }
      const first = addresses[0]!;
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/** Hosts that are addresses already are never looked up; they are asked about here. */
export function guardLiteral(guard: AddressGuard, url: URL): void {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host)) guard(host, url);
}
