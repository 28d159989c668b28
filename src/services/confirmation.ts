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
  /** Tokens that were taken, with the unix milliseconds after which they are worthless anyway. */
  readonly #used = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  issue(workspace: string, fingerprint: string, price: MicroUsd): string {
    const expires = Math.ceil((this.#clock() + LIFETIME_MS) / 1000).toString(36);
    const nonce = randomBytes(6).toString('base64url');
    return [expires, nonce, this.#tag(workspace, fingerprint, price, expires, nonce)].join('.');
  }

  /** Whether the token stands for this; it is used up by that, so that calls at the same time share no yes. */
  take(token: string, workspace: string, fingerprint: string, price: MicroUsd): boolean {
    const [expires = '', nonce = '', tag = '', ...more] = token.split('.');
    const now = this.#clock();
    const until = Number.parseInt(expires, 36) * 1000;
    if (more.length > 0 || !(until > now) || this.#used.has(token)) return false;
    const wanted = Buffer.from(this.#tag(workspace, fingerprint, price, expires, nonce));
    const given = Buffer.from(tag);
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return false;
    for (const [old, end] of this.#used) if (end <= now) this.#used.delete(old);
    this.#used.set(token, until);
    return true;
  }

  #tag(workspace: string, fingerprint: string, price: MicroUsd, expires: string, nonce: string): string {
    return createHmac('sha256', this.#key)
      .update(JSON.stringify([workspace, fingerprint, price, expires, nonce]))
      .digest('base64url')
      .slice(0, 24);
  }
}
