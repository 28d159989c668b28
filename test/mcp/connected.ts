import { onTestFinished } from 'vitest';
import type { StoryboardReport } from '../../src/services/services.ts';
import { type ConnectOptions, connectMcp } from '../helpers/mcp.ts';

export async function connect(options: ConnectOptions = {}) {
  const connection = await connectMcp(options);
  onTestFinished(() => connection.close());
  await connection.client.listTools();
  return connection;
}

export function board(report: StoryboardReport, more: ConnectOptions['storyboards'] = {}): ConnectOptions {
  return { storyboards: { get: async () => report, make: async () => report, ...more } };
}
