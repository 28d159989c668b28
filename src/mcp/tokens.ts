import { inputJsonOf, outputJsonOf } from './schema.ts';
import { annotationsOf, type Tool } from './tool.ts';
import { TOOLS } from './tools/all.ts';

/** A tool as `tools/list` shows it. */
export function listedTool(tool: Tool) {
  return {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: inputJsonOf(tool),
    annotations: annotationsOf(tool.kind),
    outputSchema: outputJsonOf(tool),
  };
}

export interface ToolBytes {
  readonly tools: readonly { readonly name: string; readonly bytes: number }[];
  /** Of `{"tools":[…]}` as it stands in the answer. */
  readonly total: number;
}

/** How many bytes of a conversation the tool list takes, by tool. */
export function toolBytes(tools: readonly Tool[] = TOOLS): ToolBytes {
  const listed = tools.map(listedTool);
  return {
    tools: listed.map((tool) => ({ name: tool.name, bytes: bytesOf(tool) })),
    total: bytesOf({ tools: listed }),
  };
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/** The tools that every client needs; the others came later, and have a budget of their own. */
const SIX: ReadonlySet<string> = new Set([
  'create_character',
  'extract_character',
  'list_characters',
  'generate_video',
  'get_task',
  'estimate_cost',
]);
export const FIRST_SIX = TOOLS.filter((tool) => SIX.has(tool.name));
