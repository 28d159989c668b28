/** How a backend has been doing, as far as this process knows: the circuit breaker writes it, the router reads it. */
export interface BackendHealth {
  /** `down`: calls fail and none is sent for a while. `gone`: it answers, and says that it makes no videos any more. */
  readonly state: 'up' | 'down' | 'gone';
  /** Unix milliseconds until which it is left alone; after it one request may try. Absent: not known. */
  readonly until?: number | undefined;
  readonly reason?: string | undefined;
  /** When it last said that it is asked too often, in unix milliseconds: a 429 to anything but a create. */
  readonly limitedAt?: number | undefined;
  /** Models that it says it does not have, each with the unix milliseconds until which that is believed. */
  readonly goneModels: Readonly<Record<string, number>>;
}

export const HEALTHY: BackendHealth = { state: 'up', goneModels: {} };
