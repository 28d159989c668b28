import { setTimeout as pause } from 'node:timers/promises';
import { fromJsonSchema, inputRequired, type McpServer, type ServerContext } from '@modelcontextprotocol/server';
import * as z from 'zod/v4';
import richSchema from './rich-schema.json' with { type: 'json' };

const STEP_MS = 50;
const say = (words: string) => ({ content: [{ type: 'text' as const, text: words }] });

/** The tools of the suite that send something while they run, or look at how they were called. */
export function registerRunningTools(server: McpServer): void {
  registerTalkers(server);
  registerAskers(server);
  registerRules(server);
}

function registerTalkers(server: McpServer): void {
  server.registerTool('test_tool_with_logging', { description: 'Logs thrice' }, async (ctx) => {
    for (const line of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
      await ctx.mcpReq.log('info', line);
      await pause(STEP_MS);
    }
    return say('Logged three lines.');
  });
  server.registerTool('test_logging_tool', { description: 'Logs once' }, async (ctx) => {
    await ctx.mcpReq.log('info', 'Only for those who asked for it');
    return say('Logged.');
  });
  server.registerTool('test_tool_with_progress', { description: 'Tells progress' }, async (ctx) => {
    const progressToken = ctx.mcpReq._meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      const params = { progressToken: progressToken!, progress, total: 100 };
      if (progressToken !== undefined) await ctx.mcpReq.notify({ method: 'notifications/progress', params });
      await pause(STEP_MS);
    }
    return say('Done.');
  });
  server.registerTool('test_reconnection', { description: 'Closes its stream' }, async (ctx) => {
    ctx.http?.closeSSE?.();
    await pause(2 * STEP_MS);
    return say('Sent after the stream was closed.');
  });
}

function registerAskers(server: McpServer): void {
  const elicit = async (ctx: ServerContext, message: string, requestedSchema: object) =>
    ctx.mcpReq.elicitInput(
      { mode: 'form', message, requestedSchema: requestedSchema as never },
      { relatedRequestId: ctx.mcpReq.id },
    );
  const sampling = { description: 'Asks a model', inputSchema: z.object({ prompt: z.string() }) };
  server.registerTool('test_sampling', sampling, async ({ prompt }, ctx) => {
    const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: prompt } }];
    const { content } = await ctx.mcpReq.requestSampling(
      { messages, maxTokens: 100 },
      { relatedRequestId: ctx.mcpReq.id },
    );
    return say(`LLM response: ${JSON.stringify(content)}`);
  });
  const asking = { description: 'Asks a person', inputSchema: z.object({ message: z.string() }) };
  server.registerTool('test_elicitation', asking, async ({ message }, ctx) => {
    const words = (description: string) => ({ type: 'string', description });
    const properties = { username: words("User's response"), email: words("User's email address") };
    const { action, content } = await elicit(ctx, message, {
      type: 'object',
      properties,
      required: ['username', 'email'],
    });
    return say(`User response: ${JSON.stringify({ action, content })}`);
  });
  const form = (name: string, properties: object) =>
    server.registerTool(name, { description: 'Asks with a form' }, async (ctx) => {
      const { action, content } = await elicit(ctx, 'Please fill in', { type: 'object', properties, required: [] });
      return say(`Elicitation completed: action=${action}, content=${JSON.stringify(content ?? {})}`);
    });
  form('test_elicitation_sep1034_defaults', {
    name: { type: 'string', default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
  });
  const plain = ['option1', 'option2', 'option3'];
  const titled = (values: string[], titles: string[]) =>
    values.map((value, at) => ({ const: value, title: titles[at] }));
  const values = ['value1', 'value2', 'value3'];
  form('test_elicitation_sep1330_enums', {
    untitledSingle: { type: 'string', enum: plain },
    titledSingle: { type: 'string', oneOf: titled(values, ['First Option', 'Second Option', 'Third Option']) },
    legacyEnum: {
      type: 'string',
      enum: ['opt1', 'opt2', 'opt3'],
      enumNames: ['Option One', 'Option Two', 'Option Three'],
    },
    untitledMulti: { type: 'array', items: { type: 'string', enum: plain } },
    titledMulti: { type: 'array', items: { anyOf: titled(values, ['First Choice', 'Second Choice', 'Third Choice']) } },
  });
  server.registerTool('test_streaming_elicitation', { description: 'Asks in its result' }, () =>
    inputRequired({
      inputRequests: {
        go: inputRequired.elicit({ message: 'Go on?', requestedSchema: z.object({ ok: z.boolean() }) }),
      },
    }),
  );
}

function registerRules(server: McpServer): void {
  // The SDK refuses to ask for what the client has not declared, with the error that the suite looks for.
  server.registerTool('test_missing_capability', { description: 'Needs sampling' }, () => {
    const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: 'Say anything' } }];
    return inputRequired({ inputRequests: { said: inputRequired.createMessage({ messages, maxTokens: 10 }) } });
  });
  const header = { type: 'string', 'x-mcp-header': 'Region' };
  const regional = fromJsonSchema<{ region: string }>({
    type: 'object',
    properties: { region: header },
    required: ['region'],
  } as never);
  server.registerTool('test_custom_header', { description: 'Has a header', inputSchema: regional }, ({ region }) =>
    say(region),
  );
  const rich = fromJsonSchema(richSchema as never);
  const about = { description: 'Tool with JSON Schema 2020-12 features', inputSchema: rich };
  server.registerTool('json_schema_2020_12_tool', about, () => say('Valid.'));
}
