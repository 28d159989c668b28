import type * as z from 'zod/v4';
import { SoraError } from '../domain/errors.ts';
import { nearest } from '../domain/text.ts';
import { inputOf } from './schema.ts';
import type { Tool } from './tool.ts';

interface Problem {
  readonly field: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

type Issue = z.core.$ZodIssue;

const MAX_PROBLEMS = 8;
const MAX_SHOWN = 60;

/** Checks a tool's arguments; throws one `invalid_argument` that names every field at fault. */
export function checkArguments(tool: Tool, raw: unknown): unknown {
  const schema = inputOf(tool);
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.flatMap((issue) => problemsOf(issue, raw, schema));
  throw problemError(problems);
}

function problemError(problems: readonly Problem[]): SoraError {
  const shown = problems.slice(0, MAX_PROBLEMS);
  const more = problems.length - shown.length;
  const first = shown[0]!;
  const message = shown.map((problem) => problem.message).join('; ') + (more > 0 ? `; and ${more} more` : '');
  if (shown.length === 1) {
    return new SoraError({ code: 'invalid_argument', field: first.field, message, hint: first.hint });
  }
  return new SoraError({
    code: 'invalid_argument',
    field: first.field,
    message,
    details: { problems: shown },
  });
}

function problemsOf(issue: Issue, raw: unknown, schema: z.ZodObject): readonly Problem[] {
  const field = pathName(issue.path);
  const value = valueAt(raw, issue.path);
  const got = show(value);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownName(pathName([...issue.path, key]), key, namesAt(schema, issue.path)));
    case 'invalid_type':
      if (value === undefined) return [{ field, message: `${field} is required`, hint: describe(schema, issue.path) }];
      return [
        { field, message: `${field} must be ${aKind(issue.expected)}, got ${got}`, hint: typeHint(issue, value) },
      ];
    case 'invalid_value': {
      const allowed = issue.values.map(String);
      if (value === undefined)
        return [{ field, message: `${field} is required`, hint: `One of ${allowed.join(', ')}.` }];
      const near = typeof value === 'string' ? nearest(value, allowed, 1)[0] : undefined;
      const hint = near === undefined ? undefined : `Did you mean ${near}?`;
      return [{ field, message: `${field} must be one of ${allowed.join(', ')}; got ${got}`, hint }];
    }
    case 'too_small':
      return [{ field, message: `${field} ${tooSmall(issue, got)}` }];
    case 'too_big':
      return [{ field, message: `${field} ${tooBig(issue, value, got)}` }];
    case 'custom':
      return [{ field, message: issue.message, hint: customHint(issue) }];
    default:
      return [{ field, message: `${field}: ${issue.message}, got ${got}` }];
  }
}

function unknownName(field: string, key: string, known: readonly string[]): Problem {
  const snake = key
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toLowerCase();
  const near = nearest(snake.slice(0, MAX_SHOWN), known, 1)[0];
  const hint = near === undefined ? `The arguments are ${known.join(', ')}.` : `Did you mean ${near}?`;
  return { field: field.slice(0, 2 * MAX_SHOWN), message: `${show(key)} is not an argument`, hint };
}

function tooSmall(issue: Extract<Issue, { code: 'too_small' }>, got: string): string {
  const bound = Number(issue.minimum);
  if (issue.origin === 'string') return bound === 1 ? 'is empty' : `must have at least ${bound} characters`;
  if (issue.origin === 'array') return bound === 1 ? 'is empty' : `must have at least ${bound} entries`;
  return `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${bound}, got ${got}`;
}

function tooBig(issue: Extract<Issue, { code: 'too_big' }>, value: unknown, got: string): string {
  const bound = Number(issue.maximum);
  const length = typeof value === 'string' || Array.isArray(value) ? value.length : 0;
  if (issue.origin === 'string') return `has ${length} characters; at most ${bound} are accepted`;
  if (issue.origin === 'array') return `has ${length} entries; at most ${bound} are accepted`;
  return `must be ${issue.inclusive === false ? 'less than' : 'at most'} ${bound}, got ${got}`;
}

function typeHint(issue: Extract<Issue, { code: 'invalid_type' }>, value: unknown): string | undefined {
  if (typeof value === 'string' && value.trim() !== '') {
    const plain = value.trim();
    const numeric = issue.expected === 'number' || issue.expected === 'int';
    if (numeric && Number.isFinite(Number(plain))) return `Write ${Number(plain)} without the quotes.`;
    if (issue.expected === 'boolean' && /^(true|false)$/i.test(plain)) {
      return `Write ${plain.toLowerCase()} without the quotes.`;
    }
    if (issue.expected === 'array') return `Write ${show([plain])}.`;
  }
  return value === null ? 'Leave it out instead of giving null.' : undefined;
}

function aKind(expected: string): string {
  if (expected === 'int') return 'a whole number';
  return /^[aeio]/.test(expected) ? `an ${expected}` : `a ${expected}`;
}

function customHint(issue: Extract<Issue, { code: 'custom' }>): string | undefined {
  const hint = issue.params?.hint;
  return typeof hint === 'string' ? hint : undefined;
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}

function pathName(path: readonly PropertyKey[]): string {
  return path
    .map((part, at) => (typeof part === 'number' ? `[${part}]` : `${at > 0 ? '.' : ''}${String(part)}`))
    .join('');
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  let value = raw;
  for (const part of path) value = (value as Record<PropertyKey, unknown> | undefined | null)?.[part];
  return value;
}

function schemaAt(schema: z.ZodType, path: readonly PropertyKey[]): z.ZodType | undefined {
  let current: z.ZodType | undefined = schema;
  for (const part of path) {
    current = plain(current);
    const def = current?.def as unknown as { shape?: Record<PropertyKey, z.ZodType>; element?: z.ZodType } | undefined;
    current = typeof part === 'number' ? def?.element : def?.shape?.[part];
  }
  return current;
}

/** Without the `optional` around it. */
function plain(schema: z.ZodType | undefined): z.ZodType | undefined {
  const def = schema?.def as unknown as { type: string; innerType?: z.ZodType } | undefined;
  return def?.type === 'optional' ? def.innerType : schema;
}

function namesAt(schema: z.ZodObject, path: readonly PropertyKey[]): readonly string[] {
  const def = plain(schemaAt(schema, path))?.def as unknown as { shape?: Record<string, unknown> } | undefined;
  return Object.keys(def?.shape ?? {});
}

function describe(schema: z.ZodObject, path: readonly PropertyKey[]): string | undefined {
  const found = schemaAt(schema, path);
  return found?.description ?? plain(found)?.description;
}
