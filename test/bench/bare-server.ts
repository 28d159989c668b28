/**
 * What every figure is held against: the plainest server on the same SDK. Six tools of the same names that answer at once, their
 * schemas in zod, no store, no backends, nothing lazy; bundled by esbuild with no option that is not needed to run it.
 */
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import * as z from 'zod/v4';

const done = { task_id: 'task_1', status: 'completed', progress: 100, route: 'reverse', cost_usd: 0.4 };

serveStdio(() => {
  const server = new McpServer({ name: 'bare', version: '1.0.0' });
  const answer = (data: Record<string, unknown>) => ({
    content: [{ type: 'text' as const, text: JSON.stringify(data) }],
    structuredContent: data,
  });
  server.registerTool(
    'create_character',
    {
      description: 'Make a character from a clip.',
      inputSchema: z.object({ name: z.string(), video_url: z.string(), description: z.string().optional() }),
    },
    ({ name }) => answer({ handle: name }),
  );
  server.registerTool(
    'extract_character',
    {
      description: 'Make a character from a finished video.',
      inputSchema: z.object({ task_id: z.string(), name: z.string(), description: z.string().optional() }),
    },
    ({ name }) => answer({ handle: name }),
  );
  server.registerTool(
    'list_characters',
    {
      description: 'List the characters.',
      inputSchema: z.object({ query: z.string().optional(), limit: z.int().min(1).max(100).optional() }),
    },
    () => answer({ characters: [] }),
  );
  server.registerTool(
    'generate_video',
    {
      description: 'Start a video.',
      inputSchema: z.object({
        prompt: z.string(),
        characters: z.array(z.string()).optional(),
        duration: z.number().optional(),
        size: z.string().optional(),
        priority: z.enum(['cost', 'stability']).optional(),
      }),
    },
    () => answer(done),
  );
  server.registerTool(
    'get_task',
    {
      description: 'Follow one video job.',
      inputSchema: z.object({ task_id: z.string().optional(), wait_seconds: z.number().optional() }),
      outputSchema: z.object({
        task_id: z.string(),
        status: z.string(),
        progress: z.number(),
        route: z.string(),
        cost_usd: z.number(),
      }),
    },
    () => answer(done),
  );
  server.registerTool(
    'estimate_cost',
    {
      description: 'Tell what a video would cost.',
      inputSchema: z.object({ duration: z.number(), count: z.int().optional() }),
    },
    ({ duration }) => answer({ total_usd: duration / 10 }),
  );
  return server;
});
