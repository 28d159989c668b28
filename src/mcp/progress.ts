import type { ServerContext } from '@modelcontextprotocol/server';
import type { ToolCall } from './tool.ts';

/** Sends progress to a caller that asked for it. The protocol wants it to rise, so what does not is kept back. */
export function progressFor(ctx: ServerContext): ToolCall['progress'] {
  const progressToken = ctx.mcpReq._meta?.progressToken;
  if (progressToken === undefined) return undefined;
  let last = -1;
  return (percent, message) => {
    const progress = Math.min(100, Math.max(0, percent));
    if (progress <= last || ctx.mcpReq.signal.aborted) return;
    last = progress;
    const params = { progressToken, progress, total: 100, message };
    // A caller that has gone needs no progress.
    ctx.mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {});
  };
}
