import type { StandardSchemaWithJSON } from '@modelcontextprotocol/server';
import * as z from 'zod/v4';
import type { Tool } from './tool.ts';

type Json = Record<string, unknown>;

/** What says nothing an agent can use, or is checked by us with a better message. */
const NOISE = new Set([
  '$schema',
  'additionalProperties',
  'exclusiveMinimum',
  'format',
  'maxItems',
  'maxLength',
  'minItems',
  'minLength',
  'minimum',
  'pattern',
  'readOnly',
]);
/** Larger bounds only keep nonsense out; nobody needs to know them beforehand. */
const LARGEST_TOLD_BOUND = 100;

const inputs = new WeakMap<Tool, z.ZodObject>();
const inputJson = new WeakMap<Tool, Json>();
const outputJson = new WeakMap<Tool, Json>();

function remember<Value>(cache: WeakMap<Tool, Value>, tool: Tool, make: () => Value): Value {
  const known = cache.get(tool);
  if (known !== undefined) return known;
  const made = make();
  cache.set(tool, made);
  return made;
}

/** The schema that arguments are checked with: unknown names are errors. Built once, at the first call. */
export function inputOf(tool: Tool): z.ZodObject {
  return remember(inputs, tool, () => tool.input().strict());
}

/** The input schema as `tools/list` shows it. */
export function inputJsonOf(tool: Tool): Json {
  return remember(inputJson, tool, () => slim(z.toJSONSchema(inputOf(tool), { io: 'input' }), 'input'));
}

/** The output schema as `tools/list` shows it. Clients hold errors against it too, hence nothing in it is required. */
export function outputJsonOf(tool: Tool): Json {
  return remember(outputJson, tool, () => slim(z.toJSONSchema(tool.output(), { io: 'input' }), 'output'));
}

/** A schema for the SDK that makes its JSON when asked and lets every value through: we check, with better errors. */
export function passThrough(json: () => Json): StandardSchemaWithJSON<unknown, unknown> {
  return {
    '~standard': {
      version: 1,
      vendor: 'sora-mcp',
      validate: (value) => ({ value }),
      jsonSchema: { input: json, output: json },
    },
  };
}

function slim(schema: unknown, io: 'input' | 'output'): Json {
  const kept: Json = {};
  for (const [key, value] of Object.entries(schema as Json)) {
    if (NOISE.has(key) || (key === 'maximum' && Number(value) > LARGEST_TOLD_BOUND)) continue;
    if (io === 'output' && (key === 'required' || key === 'maximum')) continue;
    // An answer's texts are known by their names; only what is not a text is said.
    if (io === 'output' && key === 'type' && value === 'string') continue;
    if (key === 'properties') {
      const parts = Object.entries(value as Json);
      if (parts.length > 0) kept[key] = Object.fromEntries(parts.map(([name, part]) => [name, slim(part, io)]));
    } else if (key === 'items') {
      kept[key] = slim(value, io);
    } else {
      kept[key] = value;
    }
  }
  return kept;
}
