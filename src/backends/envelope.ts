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

const NO_ERROR = new Set(['', '0', 'null', 'none']);
const GOING_WELL = new Set(
  'ok success succeeded successful true accepted created submitted queued pending processing 成功'.split(' '),
);
const CODES = ['code', 'error_code', 'errorCode'] as const;
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
] as const;

/** Reads an error out of one value: a string, an object, FastAPI's list, or JSON inside a string. */
export function errorFrom(value: unknown): UpstreamError | undefined {
  if (typeof value === 'string') {
    const text = value.trim();
    if (isFine(text)) return undefined;
    const inner = text.startsWith('{') ? parseJson(text) : undefined;
    return (isRecord(inner) ? (errorFrom(inner.error) ?? errorFrom(inner)) : undefined) ?? { message: text };
  }
  if (Array.isArray(value)) return fromList(value);
  if (!isRecord(value)) return undefined;
  const code = failingCode(value, [...CODES, 'type']);
  const status = statusIn(value);
  const text = TEXTS.map((key) => textOf(value[key])).find((told) => told !== undefined);
  // What a server says goes before a code of its own: for success that is 1 or 10000 with some.
  const denied = code === undefined || (status === undefined && GOING_WELL.has(plain(text ?? '')));
  const message = text !== undefined && isFine(text) ? undefined : text;
  if (message === undefined && denied) return errorFrom(value.error);
  return { code, message: message ?? code ?? '', status };
}

/**
 * The error of a failed answer or, when `strict`, of one that said 200: there only what is plainly an error counts
 * (`error`, `errors`, `success: false`, a code or status that is no success, a stated reason of failure). A `detail`
 * alone may tell anything.
 */
export function findError(body: unknown, strict: boolean): UpstreamError | undefined {
  if (!isRecord(body)) return strict ? undefined : errorFrom(body);
  // Bifrost: {error, is_bifrost_error}; new-api: {code, message, data}; FastAPI: {detail}.
  const named = errorFrom(body.error) ?? errorFrom(body.errors);
  if (named) return { ...named, status: named.status ?? statusIn(body) };
  const told = errorFrom(body.fail_reason) ?? errorFrom(body.failMsg) ?? errorFrom(body.error_message);
  const reason = told ?? (strict ? undefined : errorFrom(body.detail));
  const code = failingCode(body, CODES);
  if (reason) return { ...reason, code: reason.code ?? code, status: reason.status ?? statusIn(body) };
  const failing = body.success === false || code !== undefined || statusIn(body) !== undefined;
  return !strict || failing ? errorFrom(body) : undefined;
}

function failingCode(value: Record_, keys: readonly string[]): string | undefined {
  const code = codeOf(value, keys);
  return code === undefined || isFine(code) || /^2\d\d$/.test(code) ? undefined : code;
}

function isFine(text: string): boolean {
  return NO_ERROR.has(plain(text)) || GOING_WELL.has(plain(text));
}

function plain(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replace(/[.!]+$/, '');
}

function codeOf(value: Record_, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const code = value[key];
    if (typeof code === 'number') return String(code);
    if (typeof code === 'string' && code !== '') return code;
  }
  return undefined;
}

/** An HTTP status told in the body. */
function statusIn(value: Record_): number | undefined {
  return statusOf(codeOf(value, CODES)) ?? statusOf(textOf(value.status));
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
