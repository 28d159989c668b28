import type { McpServer } from '@modelcontextprotocol/server';
import type { Watching } from '../mcp/notifications.ts';
import type { Services } from '../services/services.ts';
import type { HttpLimits } from './limits.ts';
import type { HttpToken } from './tokens.ts';

/** A saved video. */
export interface ServedFile {
  /** Absolute; never derived from what a caller sent. */
  readonly path: string;
  /** What a browser calls it, e.g. `task_….mp4`. */
  readonly name: string;
}

export interface HttpOptions {
  /** Address to listen on. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** At least one. A function is asked once the server listens: what a failed start would have made, it has not made. */
  readonly tokens: readonly HttpToken[] | (() => Promise<readonly HttpToken[]>);
  /** Host names that requests may be addressed to, besides the loopback ones. Needed where others can reach the server. */
  readonly allowedHosts: readonly string[];
  /** Origins of web pages that may call, besides the server's own. @default none */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Where clients reach it: links start with it. No trailing slash. @default the first allowed host, or its own address */
  readonly publicUrl?: string | undefined;
  /** A fresh server: one a connection, or one a request when it is never to watch. */
  readonly serverFor: (workspace: string, watching: Watching) => McpServer;
  /** Must remember what it made. */
  readonly services: (workspace: string) => Promise<Pick<Services, 'onChange' | 'storyboards'>>;
  /** The file of a finished task of that workspace. */
  readonly files: (workspace: string, taskId: string) => Promise<ServedFile | undefined>;
  /** Takes one line for the operator, and the same as facts for machines. */
  readonly log: (line: string, facts?: { readonly kind: string; readonly [fact: string]: unknown }) => void;
  readonly limits?: Partial<HttpLimits> | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** What the routes share. */
export interface HttpPorts extends Omit<HttpOptions, 'limits' | 'tokens'> {
  readonly limits: HttpLimits;
  readonly tokens: readonly HttpToken[];
}

/** The path below which clients reach it, where a proxy gives it one: empty, or without a trailing slash. */
export function publicPathOf({ publicUrl }: Pick<HttpOptions, 'publicUrl'>): string {
  return publicUrl === undefined ? '' : new URL(publicUrl).pathname.replace(/\/+$/, '');
}
