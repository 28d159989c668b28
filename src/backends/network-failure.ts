import { type ErrorFacts, SoraError } from '../domain/errors.ts';

/** What is known about a call that ended without a usable answer. */
export interface Attempt {
  /** Host and port, for messages. */
  readonly host: string;
  /** A create that may cost money. */
  readonly paid: boolean;
  /** Whether any byte of the request may have left. False: it surely did not arrive. */
  readonly written: boolean;
  /** Which clock ran out, if one did. */
  readonly timedOut?: 'attempt' | 'total' | undefined;
  /** The caller gave up. */
  readonly cancelled: boolean;
}

/** Turns whatever the network threw into the error that says what happened to the money. */
export function networkFailure(error: unknown, attempt: Attempt): SoraError {
  const refused = soraErrorIn(error);
  if (refused) return refused;
  const said = explain(error, attempt);
  if (attempt.paid && attempt.written) {
    return new SoraError({
      code: 'answer_lost',
      message: `the answer of ${attempt.host} to a paid request was lost: ${said.message}`,
      hint: 'The job may exist and may be paid for. Do not send it again; look for it first.',
      charged: 'unknown',
      ...(attempt.cancelled ? { details: { cancelled: true } } : {}),
      cause: error,
    });
  }
  if (attempt.cancelled) {
    return new SoraError({ code: 'cancelled', message: 'the call was cancelled', cause: error });
  }
  return new SoraError({
    code: 'backend_unavailable',
    message: `${attempt.host} could not be reached: ${said.message}`,
    hint: said.hint,
    retryable: true,
    cause: error,
  });
}

function explain(error: unknown, attempt: Attempt): Required<Pick<ErrorFacts, 'message' | 'hint'>> {
  const { host } = attempt;
  const busy = 'It may be overloaded or down: try again later, or choose another backend.';
  if (attempt.cancelled) return { message: 'the call was cancelled', hint: busy };
  if (attempt.timedOut) return { message: 'it did not answer in time', hint: busy };
  const code = codeOf(error);
  switch (code) {
    case 'ECONNREFUSED':
      return {
        message: 'the connection was refused',
        hint: `Nothing listens at ${host}: start the server there, or correct the base URL.`,
      };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NODATA':
    case 'EAI_NONAME':
      return {
        message: `its name does not resolve (${code})`,
        hint: 'Check the spelling of the base URL and the DNS of this machine.',
      };
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return {
        message: 'no connection came about',
        hint: 'Check the network, firewall or VPN between this machine and that address.',
      };
    case 'CERT_HAS_EXPIRED':
      return {
        message: 'its TLS certificate has expired',
        hint: 'Its operator must renew it; check the clock of this machine too.',
      };
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return {
        message: 'its TLS certificate is for another name',
        hint: 'Use the host name that the certificate carries in the base URL.',
      };
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return {
        message: `its TLS certificate is not trusted (${code})`,
        hint: 'Point NODE_EXTRA_CA_CERTS at the certificate of its authority.',
      };
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return {
        message: 'it does not speak TLS there',
        hint: 'It may be a plain HTTP server: try http:// in the base URL.',
      };
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
      return { message: 'the connection broke off', hint: busy };
    default:
      return { message: code === undefined ? 'the connection failed' : `the connection failed (${code})`, hint: busy };
  }
}

function codeOf(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') return at.code;
    if (at instanceof AggregateError && at.errors.length > 0) return codeOf(at.errors[0]);
  }
  return undefined;
}

/** A guard's refusal travels through the socket's error. */
function soraErrorIn(error: unknown): SoraError | undefined {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof SoraError) return at;
  return undefined;
}
