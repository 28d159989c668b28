import type { AddressGuard } from './address.ts';
import type { DialectBackend } from './engine.ts';
import { forwardingBackend } from './forwarding.ts';
import { createHttp } from './http.ts';
import { type HttpTimeouts, TIMEOUTS } from './http-port.ts';
import { type BackendDefinition, profileOf } from './profile.ts';
import { type RetryPolicy, sleep, type Timing } from './retry.ts';
import { reverseBackend } from './reverse.ts';
import type { Wire } from './wire.ts';
import { rootOf } from './write-request.ts';

export type { AddressGuard } from './address.ts';
export { dialectNamed, dialectNames, parseDialect } from './dialects/catalog.ts';
export type { DialectBackend } from './engine.ts';
export { type BackendDefinition, profileOf } from './profile.ts';

/** What a backend takes from the process; every part has the real thing as its default. */
export interface BackendDeps extends Partial<Timing> {
  /** Decides about links from the upstream to other addresses than its own, and sources named by callers. Default: all. */
  readonly guard?: AddressGuard | undefined;
  /** Each replaces one of `TIMEOUTS`. */
  readonly timeouts?: Partial<HttpTimeouts> | undefined;
  /** For reads. Default `READ_RETRIES`. */
  readonly retries?: RetryPolicy | undefined;
}

/** The adapter for one configured upstream. Opens no connection before the first call. */
export function createBackend(definition: BackendDefinition, deps: BackendDeps = {}): DialectBackend {
  const { dialect } = definition;
  const timing: Timing = {
    clock: deps.clock ?? Date.now,
    random: deps.random ?? Math.random,
    sleep: deps.sleep ?? sleep,
  };
  const baseUrl = rootOf(definition.baseUrl, dialect.pathsFrom);
  const http = createHttp({
    baseUrl,
    auth: dialect.auth,
    apiKey: definition.apiKey,
    timeouts: { ...TIMEOUTS, ...deps.timeouts },
    retries: deps.retries,
    guard: deps.guard,
    timing,
  });
  const wire: Wire = {
    profile: profileOf(definition),
    dialect,
    baseUrl,
    http,
    clock: timing.clock,
    tell: http.tell,
  };
  switch (definition.route) {
    case 'forwarding':
      return forwardingBackend(wire);
    case 'reverse':
      return reverseBackend(wire);
    default:
      return definition.route satisfies never;
  }
}
