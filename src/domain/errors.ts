/** Every code an agent can meet. Stable: clients may branch on them. */
export const ERROR_CODES = [
  'invalid_argument',
  'not_found',
  'unknown_mention',
  'handle_taken',
  'character_not_ready',
  'rights_not_confirmed',
  'not_supported',
  'limit_exceeded',
  'no_backend',
  'backend_unavailable',
  'backend_gone',
  'model_retired',
  'auth_failed',
  'insufficient_funds',
  'moderation_blocked',
  'rate_limited',
  'upstream_rejected',
  'upstream_error',
  'answer_lost',
  'budget_exceeded',
  'price_unknown',
  'confirmation_required',
  'confirmation_declined',
  'idempotency_conflict',
  'file_not_allowed',
  'file_invalid',
  'address_not_allowed',
  'store_busy',
  'store_unavailable',
  'disk_full',
  'download_failed',
  'job_failed',
  'link_expired',
  'not_joinable',
  'cancelled',
  'internal',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** Whether money left with the attempt. `unknown` is said when nobody can know. */
export type Charged = 'no' | 'yes' | 'unknown';

export interface ErrorFacts {
  readonly code: ErrorCode;
  /** One sentence: what is wrong, with the offending value where it is safe to show. */
  readonly message: string;
  /** What to change, in words an agent can act on. */
  readonly hint?: string | undefined;
  /** The argument or configuration path at fault. */
  readonly field?: string | undefined;
  /** Whether the very same call may succeed later. Default false. */
  readonly retryable?: boolean | undefined;
  /** Default `no`. */
  readonly charged?: Charged | undefined;
  /** Seconds to wait before a retry makes sense. */
  readonly retryAfterSeconds?: number | undefined;
  /** Further named facts: ids, what is left, what exists instead. Never secrets. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  /** For the operator's log only; never shown to an agent. */
  readonly cause?: unknown;
}

/** The one error type that crosses module borders. Anything else that is thrown is a defect and is shown as `internal`. */
export class SoraError extends Error {
  override readonly name = 'SoraError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly field: string | undefined;
  readonly retryable: boolean;
  readonly charged: Charged;
  readonly retryAfterSeconds: number | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(facts: ErrorFacts) {
    super(facts.message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = facts.code;
    this.hint = facts.hint;
    this.field = facts.field;
    this.retryable = facts.retryable ?? false;
    this.charged = facts.charged ?? 'no';
    this.retryAfterSeconds = facts.retryAfterSeconds;
    this.details = facts.details;
  }
}

/** A bad argument: names the field, says what was wrong and what would be right. */
export function invalid(field: string, message: string, hint?: string): SoraError {
  return new SoraError({ code: 'invalid_argument', field, message, hint });
}

/** The same error, with facts changed or added. */
export function withFacts(error: SoraError, facts: Partial<ErrorFacts>): SoraError {
  return new SoraError({
    code: error.code,
    message: error.message,
    hint: error.hint,
    field: error.field,
    retryable: error.retryable,
    charged: error.charged,
    retryAfterSeconds: error.retryAfterSeconds,
    details: error.details,
    cause: error.cause,
    ...facts,
  });
}
