const HIDDEN = '[secret]';

/** A key or token that cannot be printed by accident: every way of turning it into text gives `[secret]`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** Only where the value goes on the wire, or is compared. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return HIDDEN;
  }
}

/** Text from an upstream may quote the key it was given; what goes on carries the mark instead. */
export function redact(text: string, secrets: Iterable<Secret>): string {
  let clean = text;
  for (const secret of secrets) {
    const value = secret.reveal();
    if (value.length >= 4) for (const form of formsOf(value)) clean = clean.replaceAll(form, HIDDEN);
  }
  return clean;
}

/** As it is, as a link or a form has it, and as Basic credentials or a log may have it. */
function formsOf(value: string): ReadonlySet<string> {
  return new Set([value, encodeURIComponent(value), Buffer.from(value).toString('base64')]);
}
