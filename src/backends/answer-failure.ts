import { type ErrorFacts, SoraError } from '../domain/errors.ts';
import type { UpstreamError } from './envelope.ts';

/** What a failed answer said, cleaned. */
export interface FailedAnswer {
  /** What it amounts to: the HTTP status, or the one told inside an answer that said 200. */
  readonly status: number;
  /** The HTTP status, where that is another one. */
  readonly came?: number | undefined;
  readonly error?: UpstreamError | undefined;
  /** Its body when that was plain text. */
  readonly text?: string | undefined;
  /** Seconds the upstream asked us to wait. */
  readonly retryAfterSeconds?: number | undefined;
  /** A web page came instead of JSON. */
  readonly html: boolean;
  /** Where a redirect pointed. */
  readonly location?: string | undefined;
}

/** The call that got it. */
export interface FailedCall {
  readonly host: string;
  readonly paid: boolean;
  /** Of an operation that many servers lack. */
  readonly optional: boolean;
  readonly operation: string;
  readonly model?: string | undefined;
}

const MODERATION =
  /moderation_blocked|sentinel_block|content_policy|moderation system|people-in-user-uploads|violat\w+ .{0,40}(policy|policies|guidelines)/i;
const FUNDS =
  /insufficient_(user_)?(quota|balance|funds)|pre_consume_token_quota_failed|billing_hard_limit|insufficient (user )?(quota|balance|funds|credit)|余额不足|额度不足/i;
const NO_MODEL =
  /model_not_found|model .{0,80}(does not exist|not found|is not available|has been (deprecated|retired|shut ?down))/i;
/** Not merely that the service is unavailable: that is the name of the status, whoever gives it. */
const TURNED_AWAY =
  /overload|capacity|\b(full|busy)\b|(try|retry)( it| this| your request)? (again )?(later|in )|slow down|model[_ ](is )?(still |currently )?loading|not (been )?accepted|too many|maintenance|no available channel|繁忙|饱和|稍后|无可用渠道/i;
/** Of one who handed the request on and heard no more of it, or who broke down over it. */
const LOST_SIGHT = /time[ds]?[ _-]?out|deadline|disconnect|reset|upstream|gateway|connection|terminated|aborted|超时/i;
const OWN_FAULT = /(internal|server|system|unknown)[ _-]?(error|fault|exception)|内部错误|系统错误/i;
const NO_JOB =
  /(video|task|job|character|generation)\b.{0,80}(not[ _]found|not exist|unknown)|(video|task|job|character)_not_(found|exist)/i;

/** The words speak of a job or a character that is not there: somebody looked for it. */
export function namesJob(words: string): boolean {
  return NO_JOB.test(words);
}

/** A status that may hide a job which was taken after all. */
function mayHaveBeenTaken(answer: FailedAnswer): boolean {
  const { status } = answer;
  if (status === 408 || status === 409 || status === 499) return true;
  if (status === 503) return !turnsAway(answer);
  return status >= 500 && status !== 501;
}

/** A 503 that says that the request was not taken. Gateways give one too when they tire of waiting for its answer. */
function turnsAway(answer: FailedAnswer): boolean {
  const words = wordsOf(answer);
  if (isRefusal(words)) return true;
  return !LOST_SIGHT.test(words) && (answer.retryAfterSeconds !== undefined || TURNED_AWAY.test(words));
}

function isRefusal(words: string): boolean {
  return MODERATION.test(words) || FUNDS.test(words) || NO_MODEL.test(words);
}

/** The error for an answer whose HTTP status is no success. */
export function answerFailure(answer: FailedAnswer, call: FailedCall): SoraError {
  return call.paid && mayHaveBeenTaken(answer) ? doubt(answer, call) : rejection(answer, call);
}

/**
 * The error inside an answer that said 200: the upstream told that it did not take the request, unless what it told is a
 * fault of its own.
 */
export function insideFailure(error: UpstreamError, came: number, call: FailedCall): SoraError {
  const words = wordsOf({ error });
  const status = error.status ?? (LOST_SIGHT.test(words) || OWN_FAULT.test(words) ? 500 : 400);
  const answer: FailedAnswer = { status, came, error, html: false };
  return call.paid && !isRefusal(words) && mayHaveBeenTaken(answer) ? doubt(answer, call) : rejection(answer, call);
}

function doubt(answer: FailedAnswer, call: FailedCall): SoraError {
  return new SoraError({
    code: 'answer_lost',
    message: `${says(answer, call).replace(/[\s.,;:]+$/, '')}, which does not tell whether the ${isOfCharacter(call) ? 'character was made' : 'job was taken'}`,
    hint: mayExist(call),
    charged: 'unknown',
    details: { status: answer.came ?? answer.status },
  });
}

function mayExist(call: FailedCall): string {
  return `The ${isOfCharacter(call) ? 'character' : 'job'} may exist and may be paid for. Do not send it again; look for it first.`;
}

function isOfCharacter({ operation }: FailedCall): boolean {
  return operation === 'createCharacter' || operation === 'extractCharacter';
}

function wordsOf({ error, text }: Pick<FailedAnswer, 'error' | 'text'>): string {
  return `${error?.code ?? ''} ${error?.message ?? text ?? ''}`;
}

/** A success whose body cannot be used: of a create nobody knows whether it was taken. */
export function unusableAnswer(status: number, what: string, call: FailedCall): SoraError {
  return new SoraError({
    code: call.paid ? 'answer_lost' : 'upstream_error',
    message: `${call.host} answered ${status} with ${what}`,
    hint: call.paid
      ? `${mayExist(call)} Check that the base URL is that of the API.`
      : 'Check that the base URL is that of the API, not of a web site.',
    retryable: !call.paid,
    charged: call.paid ? 'unknown' : 'no',
    details: { status },
  });
}

function rejection(answer: FailedAnswer, call: FailedCall): SoraError {
  const { status, error } = answer;
  const words = wordsOf(answer);
  const facts = (code: ErrorFacts['code'], hint: string, more: Partial<ErrorFacts> = {}) =>
    new SoraError({
      code,
      message: says(answer, call),
      hint,
      ...(answer.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: answer.retryAfterSeconds }),
      ...more,
      details: { status: answer.came ?? status, ...(error?.code ? { upstreamCode: error.code } : {}), ...more.details },
    });

  if (MODERATION.test(words)) return facts('moderation_blocked', moderationHint(words));
  if (status === 402 || FUNDS.test(words)) {
    return facts('insufficient_funds', 'Add credit to the account behind this key, or choose another backend.');
  }
  if (/inpaint image must match/i.test(words)) {
    return facts(
      'upstream_rejected',
      'Use a reference image of exactly the video size asked for, e.g. 1280x720 pixels for 1280x720.',
      {
        field: 'reference_image',
      },
    );
  }
  if (/must be verified/i.test(words)) {
    return facts('auth_failed', "Verify the organization in the provider's settings, or choose another backend.");
  }
  if (call.model !== undefined && NO_MODEL.test(words)) return gone(answer, call, call.model);
  if (call.optional && (status === 404 || status === 405 || status === 501) && !NO_JOB.test(words)) {
    return facts(
      'not_supported',
      `${call.host} does not offer this (${call.operation}); choose another backend for it.`,
      {
        message: `this backend does not do that: ${says(answer, call)}`,
      },
    );
  }
  switch (status) {
    case 401:
    case 403:
      return facts(
        'auth_failed',
        answer.html
          ? 'A web page came instead of the API: a firewall may be in between.'
          : 'Check the API key, and that it belongs to this base URL.',
      );
    case 404:
    case 410:
      // A character or picture that is not there says nothing about the service.
      if (call.paid && !call.optional && !NO_JOB.test(words)) return gone(answer, call, undefined);
      return facts(
        'not_found',
        'It may have been deleted or have expired there, or it belongs to another backend or key.',
      );
    case 413:
      return facts('upstream_rejected', 'Send a smaller file.');
    case 429:
      return facts('rate_limited', 'Wait, then ask again; poll less often.', { retryable: true });
    case 501:
      return facts('not_supported', `${call.host} does not offer this (${call.operation}).`);
    case 503:
      return facts(
        'backend_unavailable',
        'It is overloaded or in maintenance: try again later, or choose another backend.',
        {
          retryable: true,
        },
      );
    default:
      if (status >= 300 && status < 400) {
        return facts(
          'upstream_rejected',
          `Set the base URL to where it moved${answer.location ? `: ${answer.location}` : ''}.`,
        );
      }
      if (status >= 500 || status === 408 || status === 425) {
        return facts('upstream_error', 'The upstream has a problem of its own; try again later.', { retryable: true });
      }
      return facts('upstream_rejected', 'Change what the message names, then ask again.');
  }
}

function gone(answer: FailedAnswer, call: FailedCall, model: string | undefined): SoraError {
  return new SoraError({
    code: 'backend_gone',
    message:
      model === undefined
        ? `${call.host} does not make videos at this address any more: ${says(answer, call)}`
        : `${call.host} does not have the model ${model}: ${says(answer, call)}`,
    hint:
      model === undefined
        ? 'Check the base URL, or point SORA_BASE_URL at a server that speaks this protocol (SGLang Diffusion, vLLM-Omni, LiteLLM, a gateway).'
        : 'Ask for another model, or choose another backend; sora://backends lists them.',
    details: { status: answer.came ?? answer.status, ...(model === undefined ? {} : { model }) },
  });
}

function moderationHint(words: string): string {
  return /people-in-user-uploads|sentinel/i.test(words)
    ? 'The reference shows a real person or something else that is refused: use another image or clip, or describe the scene in words.'
    : 'Rephrase the prompt: no real people, brands, violence or sexual content. The same words will be refused again.';
}

function says(answer: FailedAnswer, call: FailedCall): string {
  const { error, status, came } = answer;
  const what = error ? error.message || error.code : answer.html ? 'a web page instead of JSON' : answer.text;
  const inside = came === undefined ? '' : ` with an error${error?.status === undefined ? '' : ` ${status}`} inside`;
  return `${call.host} answered ${came ?? status}${inside}${what ? `: ${what}` : ''}`;
}
