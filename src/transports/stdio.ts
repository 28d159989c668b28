import type { Readable, Writable } from 'node:stream';
import type { JSONRPCMessage, McpRequestContext, McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { lineOf } from '../mcp/errors.ts';
import { watchChanges } from '../mcp/notifications.ts';
import { StdioWire, type StdioWireOptions } from './stdio-wire.ts';

export { endWaits } from './waits.ts';

export interface StdioOptions extends Pick<StdioWireOptions, 'maxLineBytes' | 'graceMs'> {
  readonly stdin: Readable;
  readonly stdout: Writable;
  /** Makes the connection's server; called once more when a client tries the newer protocol first and falls back. */
  readonly factory: (context: McpRequestContext) => McpServer | Promise<McpServer>;
  /** One line for the operator. */
  readonly log: (line: string) => void;
  /** Called once, when the client has gone or `close` was called. */
  readonly onClose?: (() => void) | undefined;
  /** Called when the client has gone and calls are still to be answered: nothing should be waited for any more. */
  readonly onEnding?: (() => void) | undefined;
}

export interface StdioConnection {
  /** Aborts what runs and closes the connection; the streams are left open. */
  close(): Promise<void>;
}

/** Serves one client over a pair of streams, in whichever protocol it opens with. */
export function serveStdioTransport(options: StdioOptions): StdioConnection {
  const { stdin, stdout, maxLineBytes, graceMs, log } = options;
  let open = true;
  let server: McpServer | undefined;
  let listening = false;

  const watch = (): void => {
    if (!listening || server === undefined) return;
    watchChanges(server).catch((error: unknown) => log(`stdio: ${lineOf(error)}`));
  };
  const wire = new StdioWire({
    stdin,
    stdout,
    log,
    maxLineBytes,
    graceMs,
    onEnding: options.onEnding,
    // The entry answers this one itself; its server never sees it, and would not begin to tell it anything.
    observe: (message: JSONRPCMessage) => {
      if (!('method' in message) || message.method !== 'subscriptions/listen') return;
      listening = true;
      watch();
    },
    onClosed: () => {
      open = false;
      options.onClose?.();
    },
  });
  const handle = serveStdio(
    async (context) => {
      server = await options.factory(context);
      watch();
      return server;
    },
    {
      transport: wire,
      onerror: (error) => {
        // What fails while it closes is no news.
        if (open) log(`stdio: ${lineOf(error)}`);
      },
    },
  );
  return { close: () => handle.close() };
}
