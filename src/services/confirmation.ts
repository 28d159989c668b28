import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../domain/ids.ts';
import type { MicroUsd } from '../domain/money.ts';

const LIFETIME_MS = 15 * 60_000;

/**
 * Tokens that stand for a person's yes to exactly one request at exactly one price, once. Their key lives in this
 * process only: after a restart the caller is asked again.
 */
export class Confirmations {
  readonly #key = randomBytes(32);
  readonly #clock: Clock;
  /** Tokens that bought something, with the unix milliseconds after which they are worthless anyway. */
  readonly #used = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  issue(workspace: string, fingerprint: string, price: MicroUsd): string {
    const expires = Math.ceil((this.#clock() + LIFETIME_MS) / 1000).toString(36);
    const nonce = randomBytes(6).toString('base64url');
    return [expires, nonce, this.#tag(workspace, fingerprint, price, expires, nonce)].join('.');
  }

  holds(token: string, workspace: string, fingerprint: string, price: MicroUsd): boolean {
    const [expires = '', nonce = '', tag = ''] = token.split('.');
    if (!(Number.parseInt(expires, 36) * 1000 > this.#clock()) || this.#used.has(token)) return false;
    const wanted = Buffer.from(this.#tag(workspace, fingerprint, price, expires, nonce));
    const given = Buffer.from(tag);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }

  /** After this the token holds no more. */
  use(token: string): void {
    const now = this.#clock();
    for (const [old, until] of this.#used) if (until <= now) this.#used.delete(old);
    this.#used.set(token, now + LIFETIME_MS);
  }

  #tag(workspace: string, fingerprint: string, price: MicroUsd, expires: string, nonce: string): string {
    return createHmac('sha256', this.#key)
      .update(JSON.stringify([workspace, fingerprint, price, expires, nonce]))
      .digest('base64url')
      .slice(0, 24);
  }
}
