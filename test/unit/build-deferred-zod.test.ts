import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';
import type * as zod from 'zod/v4';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SDK = join(ROOT, 'node_modules/@modelcontextprotocol/server');

interface Bundle {
  readonly z: typeof zod;
  readonly sdk: Readonly<Record<string, unknown>>;
}

/** The SDK's schemas, bundled as they are or with the build's stand-ins. */
async function bundled(plugins: Plugin[]): Promise<Bundle> {
  const { outputFiles } = await build({
    stdin: {
      contents: `export * as z from 'zod/v4'; export * as sdk from '@modelcontextprotocol/core/internal';`,
      resolveDir: SDK,
      // As if one of the SDK's own modules asked for zod.
      sourcefile: join(SDK, 'entry.js'),
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
    plugins,
  });
  return (await import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0]?.text ?? '').toString('base64')}`
  )) as Bundle;
}

let real: Bundle;
let deferred: Bundle;

beforeAll(async () => {
  const { lighter } = (await import(join(ROOT, '.build/plugins.mjs'))) as { lighter: Plugin };
  [real, deferred] = await Promise.all([bundled([]), bundled([lighter])]);
});

const isSchema = (value: unknown): value is zod.ZodType =>
  typeof value === 'object' && value !== null && '_zod' in value;

function schemas({ sdk }: Bundle): [string, zod.ZodType][] {
  return Object.entries(sdk).filter((entry): entry is [string, zod.ZodType] => isSchema(entry[1]));
}

test('every schema of the SDK describes itself as without the stand-ins', () => {
  const all = schemas(real);
  expect(all.length).toBeGreaterThan(150);
  for (const [name, schema] of all) {
    for (const io of ['input', 'output'] as const) {
      const told = { io, unrepresentable: 'any' } as const;
      const standIn = deferred.sdk[name] as zod.ZodType;
      expect(deferred.z.toJSONSchema(standIn, told), name).toEqual(real.z.toJSONSchema(schema, told));
    }
  }
});

describe('and judges alike', () => {
  const HELLO = { protocolVersion: '2025-06-18', capabilities: { roots: {} }, clientInfo: { name: 'a', version: '1' } };
  const VALUES: unknown[] = [
    { jsonrpc: '2.0', id: 1, method: 'ping' },
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    { jsonrpc: '2.0', id: 1.5, method: 'initialize', params: HELLO },
    { method: 'initialize', params: HELLO },
    { method: 'initialize', params: { ...HELLO, capabilities: { elicitation: {}, experimental: { x: 3 } } } },
    { method: 'tools/call', params: { name: 'x', arguments: { a: 1 }, _meta: { progressToken: true } } },
    { content: [{ type: 'text', text: 'hello' }], structuredContent: { a: [1] } },
    { content: [{ type: 'image', data: '%', mimeType: 1 }] },
    { action: 'accept', content: { a: 'b' } },
    { issuer: 'http://x', authorization_endpoint: 'javascript:1' },
    { redirect_uris: ['ftp://x'] },
    {},
    null,
    'text',
    [],
    1,
  ];

  test('whatever it is given', () => {
    for (const [name, schema] of schemas(real)) {
      const standIn = deferred.sdk[name] as zod.ZodType;
      for (const value of VALUES) {
        const [a, b] = [schema.safeParse(value), standIn.safeParse(value)];
        const outcome = (each: typeof a) => (each.success ? each.data : each.error.issues);
        expect(outcome(b), `${name}: ${JSON.stringify(value)}`).toEqual(outcome(a));
      }
    }
  });
});
