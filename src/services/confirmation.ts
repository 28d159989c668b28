import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../domain/ids.ts';
import type { MicroUsd } from '../domain/money.ts';

const LIFETIME_MS = 15 * 60_000;

/**
 * Tokens that stand for a person's yes to exactly one request at exactly one price. Their key lives in this process
 * only: after a restart the caller is asked again.
 */
export class Confirmations {
  readonly #key = randomBytes(32);
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  issue(workspace: string, fingerprint: string, price: MicroUsd): string {
    const expires = Math.ceil((this.#clock() + LIFETIME_MS) / 1000);
    return `${expires.toString(36)}.${this.#tag(workspace, fingerprint, price, expires)}`;
  }

  holds(token: string, workspace: string, fingerprint: string, price: MicroUsd): boolean {
    const [expiry = '', tag = ''] = token.split('.');
    const expires = Number.parseInt(expiry, 36);
    if (!(expires * 1000 > this.#clock())) return false;
    const wanted = Buffer.from(this.#tag(workspace, fingerprint, price, expires));
    const given = Buffer.from(tag);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }

  #tag(workspace: string, fingerprint: string, price: MicroUsd, expires: number): string {
    return createHmac('sha256', this.#key)
      .update(JSON.stringify([workspace, fingerprint, price, expires]))
      .digest('base64url')
      .slice(0, 24);
  }
}
