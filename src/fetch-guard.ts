import type { AddressGuard } from './backends/address.ts';
import { isPublicAddress } from './domain/address.ts';
import { SoraError } from './domain/errors.ts';

/**
 * What this server may fetch besides its backends' own addresses: the open internet, and hosts that the operator
 * names. A caller's URL must not lead it to its own machine, its neighbours or a cloud's metadata.
 */
export function fetchGuard(allowedHosts: readonly string[]): AddressGuard {
  const allowed = new Set(allowedHosts);
  return (address, url) => {
    if (isPublicAddress(address) || allowed.has(url.hostname)) return;
    throw new SoraError({
      code: 'address_not_allowed',
      message: `${url.hostname} is an address inside this network, which is not fetched from`,
      hint: `Give a public address, or have the operator add ${url.hostname} to SORA_FETCH_HOSTS.`,
    });
  };
}
