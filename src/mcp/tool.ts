import type * as z from 'zod/v4';
import type { RequestContext, Services } from '../services/services.ts';

/**
 * What a tool does to the world; the annotations follow from it.
 * `lookup`: reads what is kept here. `read`: may ask an upstream. `create`: adds something, and a repeat adds it again.
 */
export type ToolKind = 'lookup' | 'read' | 'create';

export interface ToolAnnotations {
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
}

export function annotationsOf(kind: ToolKind): ToolAnnotations {
  switch (kind) {
    case 'lookup':
      return { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
    case 'read':
      return { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true };
    case 'create':
      return { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true };
    default:
      return kind satisfies never;
  }
}

/** What a handler is given besides its arguments. */
export interface ToolCall {
  readonly services: Services;
  readonly context: RequestContext;
  /** Tells the caller how far it is, 0 to 100; absent when the caller did not ask for it. */
  readonly progress?: ((percent: number, message: string) => void) | undefined;
}

/** A file that the answer points to. */
export interface FileLink {
  /** Of the task or storyboard that it belongs to. */
  readonly id: string;
  /** Absolute. */
  readonly path: string;
  readonly name: string;
  readonly mimeType: string;
  readonly bytes?: number | undefined;
}

/** A picture the agent can look at. */
export interface Picture {
  readonly mimeType: string;
  readonly data: Uint8Array;
}

/** What a handler returns: plain data in snake_case; the layer drops what is empty and derives the text. */
export interface ToolAnswer<Data> {
  readonly data: Data;
  readonly files?: readonly FileLink[] | undefined;
  readonly pictures?: readonly Picture[] | undefined;
}

/** One tool. The schemas are thunks, so that nothing is built before it is needed. */
export interface ToolDefinition<Input extends z.ZodObject, Output extends z.ZodObject> {
  readonly name: string;
  readonly title: string;
  /** One sentence of 2 to 25 words; the arguments carry the detail. */
  readonly description: string;
  readonly kind: ToolKind;
  readonly input: () => Input;
  /** Has every field that an answer may have. Errors carry `error` instead, so nothing is required at the root. */
  readonly output: () => Output;
  readonly handler: (input: z.output<Input>, call: ToolCall) => Promise<ToolAnswer<z.input<Output>>>;
}

/** Any tool, once its types have done their work in its own file. */
export interface Tool extends Omit<ToolDefinition<z.ZodObject, z.ZodObject>, 'handler'> {
  // A method, so that handlers with narrower inputs fit.
  handler(input: unknown, call: ToolCall): Promise<ToolAnswer<Readonly<Record<string, unknown>>>>;
}

export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  tool: ToolDefinition<Input, Output>,
): Tool {
  return tool as unknown as Tool;
}
