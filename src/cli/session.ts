import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import type { DemoOptions } from './demo.ts';

/** Where a command prints for a person. */
export interface Screen {
  line(text: string): void;
  /** Overwrites the last unfinished lines where the output is a terminal; elsewhere prints only finished ones. */
  redraw(text: string): void;
  /** Aborted when nobody reads any more. */
  readonly closed: AbortSignal;
}

export type CallOutcome = Readonly<Record<string, unknown>>;

/** A picture that came with an answer. */
export interface Image {
  readonly mimeType: string;
  readonly bytes: number;
}

/** A real MCP client that talks to a server it spawned. */
export class Session {
  readonly toolCount: number;
  readonly #client: Client;
  readonly #closed: AbortSignal;

  private constructor(client: Client, toolCount: number, closed: AbortSignal) {
    this.#client = client;
    this.toolCount = toolCount;
    this.#closed = closed;
  }

  static async open({ command, args, env, version, screen }: DemoOptions): Promise<Session> {
    const client = new Client({ name: 'sora-mcp-demo', version });
    await client.connect(new StdioClientTransport({ command, args: [...args], env: { ...env }, stderr: 'inherit' }));
    const { tools } = await client.listTools();
    return new Session(client, tools.length, screen.closed);
  }

  /** Calls a tool; a tool error is thrown with its text. */
  async call(
    name: string,
    args: Record<string, unknown>,
    onProgress?: (percent: number) => void,
  ): Promise<CallOutcome> {
    const { outcome } = await this.#result(name, args, onProgress);
    return outcome;
  }

  /** The picture that a tool answers with, if it does. */
  async look(name: string, args: Record<string, unknown>): Promise<Image | undefined> {
    const { content } = await this.#result(name, args);
    const image = content.find((part) => part.type === 'image');
    return image && { mimeType: image.mimeType, bytes: Buffer.from(image.data, 'base64').length };
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async #result(name: string, args: Record<string, unknown>, onProgress?: (percent: number) => void) {
    const result = await this.#client.callTool(
      { name, arguments: args },
      {
        signal: this.#closed,
        ...(onProgress && { onprogress: (update) => onProgress(update.progress), resetTimeoutOnProgress: true }),
      },
    );
    const text = result.content.map((part) => (part.type === 'text' ? part.text : '')).join('\n');
    if (result.isError) throw new Error(`${name}: ${text}`);
    return { outcome: (result.structuredContent ?? {}) as CallOutcome, content: result.content };
  }
}

const BAR_WIDTH = 30;

export function progressBar(percent: number, width = BAR_WIDTH): string {
  const full = Math.round((Math.min(100, Math.max(0, percent)) / 100) * width);
  return `[${'█'.repeat(full)}${'░'.repeat(width - full)}] ${String(Math.round(percent)).padStart(3)}%`;
}
