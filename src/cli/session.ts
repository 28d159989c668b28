import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import type { DemoOptions } from './demo.ts';

/** Where a command prints for a person. */
export interface Screen {
  line(text: string): void;
  /** Overwrites the last unfinished line where the output is a terminal; elsewhere prints only finished ones. */
  redraw(text: string): void;
}

export type CallOutcome = Readonly<Record<string, unknown>>;

/** A real MCP client that talks to a server it spawned. */
export class Session {
  readonly toolCount: number;
  readonly #client: Client;

  private constructor(client: Client, toolCount: number) {
    this.#client = client;
    this.toolCount = toolCount;
  }

  static async open({ command, args, env, version }: Omit<DemoOptions, 'screen'>): Promise<Session> {
    const client = new Client({ name: 'sora-mcp-demo', version });
    await client.connect(new StdioClientTransport({ command, args: [...args], env: { ...env }, stderr: 'inherit' }));
    const { tools } = await client.listTools();
    return new Session(client, tools.length);
  }

  /** Calls a tool; a tool error is thrown with its text. */
  async call(
    name: string,
    args: Record<string, unknown>,
    onProgress?: (percent: number) => void,
  ): Promise<CallOutcome> {
    const result = await this.#client.callTool(
      { name, arguments: args },
      onProgress ? { onprogress: (update) => onProgress(update.progress), resetTimeoutOnProgress: true } : {},
    );
    const text = result.content.map((part) => (part.type === 'text' ? part.text : '')).join('\n');
    if (result.isError) throw new Error(`${name}: ${text}`);
    return (result.structuredContent ?? {}) as CallOutcome;
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

const BAR_WIDTH = 30;

export function progressBar(percent: number): string {
  const full = Math.round((Math.min(100, Math.max(0, percent)) / 100) * BAR_WIDTH);
  return `[${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)}] ${String(Math.round(percent)).padStart(3)}%`;
}
