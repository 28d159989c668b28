import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../domain/ids.ts';
import type { MicroUsd } from '../domain/money.ts';

const LIFETIME_MS = 15 * 60_000;

/**
 * The idempotency key of what a yes paid for, where the caller gave none: whoever sends the same yes again, because the
 * answer was lost, gets the same job.
 */
export function keyOfYes(token: string): string {
  return `yes_${createHash('sha256').update(token).digest('hex').slice(0, 32)}`;
}

/**
 * Tokens that stand for a person's yes to exactly one request at exactly one price, once. Their key lives in this
 * process only: after a restart the caller is asked again.
 */
export class Confirmations {
  readonly #key = randomBytes(32);
  readonly #clock: Clock;
  /** What tokens were taken for, and the unix milliseconds after which they are worthless anyway. */
  readonly #used = new Map<string, { readonly key: string; readonly until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  issue(workspace: string, fingerprint: string, price: MicroUsd): string {
    const expires = Math.ceil((this.#clock() + LIFETIME_MS) / 1000).toString(36);
    const nonce = randomBytes(6).toString('base64url');
    return [expires, nonce, this.#tag(workspace, fingerprint, price, expires, nonce)].join('.');
  }

  /**
   * Whether the token stands for this. From then on it stands for that idempotency key only: a yes that is sent again
   * can make no second job.
   */
  take(token: string, workspace: string, fingerprint: string, price: MicroUsd, key: string): boolean {
    const [expires = '', nonce = '', tag = '', ...more] = token.split('.');
    const now = this.#clock();
    const until = Number.parseInt(expires, 36) * 1000;
    if (more.length > 0 || !(until > now) || (this.#used.get(token)?.key ?? key) !== key) return false;
    const wanted = Buffer.from(this.#tag(workspace, fingerprint, price, expires, nonce));
    const given = Buffer.from(tag);
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return false;
    for (const [old, used] of this.#used) if (used.until <= now) this.#used.delete(old);
    this.#used.set(token, { key, until });
    return true;
  }

  /** Nothing can be made with it any more: the person said something else than yes. */
  spoil(token: string): void {
    const used = this.#used.get(token);
    if (used) this.#used.set(token, { ...used, key: '' });
  }

  #tag(workspace: string, fingerprint: string, price: MicroUsd, expires: string, nonce: string): string {
    return createHmac('sha256', this.#key)
      .update(JSON.stringify([workspace, fingerprint, price, expires, nonce]))
      .digest('base64url')
      .slice(0, 24);
  }
}
