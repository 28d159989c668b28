import { SoraError } from '../domain/errors.ts';
import { clean } from '../domain/text.ts';
import type { Tool } from './tool.ts';

/** Takes one line for the operator; goes to stderr, never to an agent. */
export type LogLine = (line: string) => void;

type Json = Record<string, unknown>;

/** An error as an agent sees it. Details come after the fixed names and cannot replace them. */
export function errorView(error: SoraError): Json {
  return {
    code: error.code,
    message: error.message,
    field: error.field,
    hint: error.hint,
    retryable: error.retryable,
    charged: error.charged,
    retry_after_seconds: error.retryAfterSeconds,
    ...withoutFixed(snakeKeys(error.details ?? {}) as Json),
  };
}

const FIXED = new Set(['code', 'message', 'field', 'hint', 'retryable', 'charged', 'retry_after_seconds']);

function withoutFixed(details: Json): Json {
  return Object.fromEntries(Object.entries(details).filter(([key]) => !FIXED.has(key)));
}

function snakeKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeKeys);
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [snake(key), snakeKeys(part)]));
}

function snake(key: string): string {
  return key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}

/** Makes whatever was thrown presentable. A defect becomes `internal`, and its text goes to the operator only. */
export function asSoraError(thrown: unknown, tool: Pick<Tool, 'name' | 'kind'>, log: LogLine): SoraError {
  if (thrown instanceof SoraError) {
    if (thrown.cause !== undefined) log(`${tool.name}: ${thrown.code}: ${thrown.message} (${lineOf(thrown.cause)})`);
    return thrown;
  }
  log(`${tool.name}: ${lineOf(thrown)}`);
  return new SoraError({
    code: 'internal',
    message: `${tool.name} failed inside the server; the operator's log says why`,
    // Nobody knows how far a defect let it come.
    charged: tool.kind === 'create' ? 'unknown' : 'no',
    hint: tool.kind === 'create' ? 'Look with get_task or list_characters before trying again.' : undefined,
  });
}

/** Any thrown thing as one line. */
export function lineOf(thrown: unknown): string {
  if (thrown instanceof Error) return clean(`${thrown.name}: ${thrown.message}`, 400);
  return clean(String(thrown), 400);
}
