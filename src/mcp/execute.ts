import type { CallToolResult, InputRequiredResult, McpServer, ServerContext } from '@modelcontextprotocol/server';
import type { Services } from '../services/services.ts';
import { answerResult, errorResult, type LinkToFile } from './answer.ts';
import { checkArguments } from './arguments.ts';
import { callerOf } from './client.ts';
import { confirmationFor } from './confirm.ts';
import { asSoraError, type LogLine } from './errors.ts';
import { progressFor } from './progress.ts';
import { inputJsonOf, outputJsonOf, passThrough } from './schema.ts';
import { annotationsOf, type Tool } from './tool.ts';

export interface ToolDeps {
  readonly services: () => Promise<Services>;
  readonly log: LogLine;
  readonly fileLink?: LinkToFile;
}

export function registerTools(server: McpServer, tools: readonly Tool[], deps: ToolDeps): void {
  for (const tool of tools) {
    const config = {
      title: tool.title,
      description: tool.description,
      inputSchema: passThrough(() => inputJsonOf(tool)),
      outputSchema: passThrough(() => outputJsonOf(tool)),
      annotations: annotationsOf(tool.kind),
    };
    server.registerTool(tool.name, config, (args, ctx) => runTool(server, tool, args, ctx, deps));
  }
}

async function runTool(
  server: McpServer,
  tool: Tool,
  args: unknown,
  ctx: ServerContext,
  deps: ToolDeps,
): Promise<CallToolResult | InputRequiredResult> {
  const caller = callerOf(server, ctx);
  const confirmation = confirmationFor(ctx, caller);
  try {
    const input = checkArguments(tool, args);
    const services = await deps.services();
    const context = { signal: ctx.mcpReq.signal, confirm: confirmation.confirm };
    const answer = await tool.handler(input, { services, context, progress: progressFor(ctx) });
    return answerResult(answer, { links: caller.links, fileLink: deps.fileLink });
  } catch (thrown) {
    const question = confirmation.pending();
    if (question !== undefined) return question;
    // Nobody reads the answer of a call that was cancelled; it is no news to the operator either.
    const log = ctx.mcpReq.signal.aborted ? () => {} : deps.log;
    return errorResult(asSoraError(thrown, tool, log));
  }
}
