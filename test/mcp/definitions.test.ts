import { afterEach, describe, expect, test } from 'vitest';
import { toolBytes } from '../../src/mcp/tokens.ts';
import { TOOLS } from '../../src/mcp/tools/all.ts';
import { type Connection, connectMcp, ERAS } from '../helpers/mcp.ts';

let connection: Connection;
afterEach(() => connection?.close());

describe('tool definitions', () => {
  test.each(TOOLS.map(({ name }) => name))('%s is as reviewed', async (name) => {
    connection = await connectMcp();
    const { tools } = await connection.client.listTools();
    const definition = tools.find((tool) => tool.name === name);
    await expect(`${JSON.stringify(definition, null, 2)}\n`).toMatchFileSnapshot(`__snapshots__/${name}.json`);
  });

  test.each(ERAS)('all have what a client looks for (%s)', async (era) => {
    connection = await connectMcp({ era });
    const { tools } = await connection.client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(TOOLS.map(({ name }) => name));
    for (const tool of tools) {
      expect(tool.title, tool.name).toBeTruthy();
      const words = (tool.description ?? '').split(/\s+/).length;
      expect(words, tool.description).toBeGreaterThanOrEqual(2);
      expect(words, tool.description).toBeLessThanOrEqual(25);
      expect(Object.keys(tool.annotations ?? {}).sort()).toEqual([
        'destructiveHint',
        'idempotentHint',
        'openWorldHint',
        'readOnlyHint',
      ]);
      for (const word of ['anyOf', 'oneOf', 'allOf', '$schema', '$ref']) {
        expect(tool.inputSchema, tool.name).not.toHaveProperty(word);
        expect(tool.outputSchema, tool.name).not.toHaveProperty(word);
      }
      expect(tool.inputSchema.type).toBe('object');
      expect(tool.outputSchema?.type).toBe('object');
      // Clients hold errors against it, too.
      expect(tool.outputSchema).not.toHaveProperty('required');
      for (const name of Object.keys(tool.inputSchema.properties ?? {})) expect(name).toMatch(/^[a-z][a-z_]*$/);
    }
  });

  test('only what reads is called reading', async () => {
    connection = await connectMcp();
    const { tools } = await connection.client.listTools();
    const reading = tools.filter(({ annotations }) => annotations?.readOnlyHint).map(({ name }) => name);
    expect(reading).toEqual(['list_characters', 'get_task', 'estimate_cost']);
    const outside = tools.filter(({ annotations }) => !annotations?.openWorldHint).map(({ name }) => name);
    expect(outside).toEqual(['estimate_cost']);
  });

  test('rights are asked for, and real people ruled out, where characters are made', async () => {
    connection = await connectMcp();
    const { tools } = await connection.client.listTools();
    for (const name of ['create_character', 'extract_character']) {
      const tool = tools.find((one) => one.name === name);
      expect(tool?.description).toContain('upstreams refuse real people');
      expect(tool?.inputSchema.required).toContain('rights_confirmed');
    }
  });

  test('the first six tools cost at most 7,000 bytes', () => {
    const six = TOOLS.slice(0, 6);
    expect(six.map(({ name }) => name).sort()).toEqual([
      'create_character',
      'estimate_cost',
      'extract_character',
      'generate_video',
      'get_task',
      'list_characters',
    ]);
    expect(toolBytes(six).total).toBeLessThanOrEqual(7_000);
  });

  test.each(ERAS)('the whole list costs at most 9,500 bytes (%s)', async (era) => {
    connection = await connectMcp({ era });
    connection.sent.length = 0;
    await connection.client.listTools();
    const answer = connection.sent.find((message) => 'result' in message) as unknown as { result: { tools: unknown } };
    const wire = Buffer.byteLength(JSON.stringify({ tools: answer.result.tools }));
    expect(toolBytes().total).toBe(wire);
    expect(wire).toBeLessThanOrEqual(9_500);
  });

  test('what npm run tokens prints adds up', () => {
    const { tools, total } = toolBytes();
    const separators = '{"tools":[]}'.length + tools.length - 1;
    expect(tools.reduce((sum, { bytes }) => sum + bytes, separators)).toBe(total);
  });
});
