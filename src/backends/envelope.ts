/** An upstream's error, whatever form it came in. Raw text: clean it before it goes on. */
export interface UpstreamError {
  readonly code?: string | undefined;
  readonly message: string;
  /** An HTTP status told inside the body. */
  readonly status?: number | undefined;
}

type Record_ = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Record_ {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const FINE = new Set(['', '0', 'ok', 'success', 'succeeded', 'true', 'null', 'none']);
const TEXTS = [
  'message',
  'msg',
  'detail',
  'details',
  'reason',
  'error_message',
  'errorMessage',
  'fail_reason',
  'failMsg',
];

/** Reads an error out of one value: a string, an object, FastAPI's list, or JSON inside a string. */
export function errorFrom(value: unknown): UpstreamError | undefined {
  if (typeof value === 'string') {
    const text = value.trim();
    if (FINE.has(text.toLowerCase())) return undefined;
    const inner = text.startsWith('{') ? parseJson(text) : undefined;
    return (isRecord(inner) ? (errorFrom(inner.error) ?? errorFrom(inner)) : undefined) ?? { message: text };
  }
  if (Array.isArray(value)) return fromList(value);
  if (!isRecord(value)) return undefined;
  const code = codeOf(value);
  const message = TEXTS.map((key) => textOf(value[key])).find((text) => text !== undefined);
  if (message === undefined && code === undefined) return errorFrom(value.error);
  return { code, message: message ?? code ?? '', status: statusOf(code) ?? statusOf(textOf(value.status)) };
}

/**
 * The error of a failed answer or, when `strict`, of one that said 200: there only what is plainly an error counts
 * (`error`, `errors`, `success: false`, a code that is no success, a stated reason of failure).
 */
export function findError(body: unknown, strict: boolean): UpstreamError | undefined {
  if (!isRecord(body)) return strict ? undefined : errorFrom(body);
  // Bifrost: {error, is_bifrost_error}; new-api: {code, message, data}; FastAPI: {detail}.
  const named = errorFrom(body.error) ?? errorFrom(body.errors);
  if (named) return { ...named, status: named.status ?? statusOf(codeOf(body)) };
  const reason =
    errorFrom(body.fail_reason) ?? errorFrom(body.failMsg) ?? errorFrom(body.error_message) ?? errorFrom(body.detail);
  if (reason)
    return { ...reason, code: reason.code ?? failingCode(body), status: reason.status ?? statusOf(codeOf(body)) };
  if (!strict || body.success === false || failingCode(body) !== undefined) return errorFrom(body);
  return undefined;
}

function failingCode(body: Record_): string | undefined {
  const code = codeOf(body);
  if (code === undefined || FINE.has(code.toLowerCase()) || /^2\d\d$/.test(code)) return undefined;
  return code;
}

function codeOf(value: Record_): string | undefined {
  for (const key of ['code', 'error_code', 'errorCode', 'type'] as const) {
    const code = value[key];
    if (typeof code === 'number') return String(code);
    if (typeof code === 'string' && code !== '') return code;
  }
  return undefined;
}

function statusOf(code: string | undefined): number | undefined {
  return code !== undefined && /^[45]\d\d$/.test(code) ? Number(code) : undefined;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value.trim() === '' ? undefined : value;
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return fromList(value)?.message;
  return isRecord(value) ? errorFrom(value)?.message : undefined;
}

/** FastAPI: `[{loc: ["body", "size"], msg: "…"}]`. */
function fromList(list: readonly unknown[]): UpstreamError | undefined {
  const lines = list.slice(0, 5).flatMap((entry) => {
    const error = errorFrom(entry);
    if (!error) return [];
    const loc =
      isRecord(entry) && Array.isArray(entry.loc) ? `${entry.loc.filter((part) => part !== 'body').join('.')}: ` : '';
    return [`${loc}${error.message}`];
  });
  return lines.length === 0 ? undefined : { message: lines.join('; ') };
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
