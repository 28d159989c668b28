import { spawn } from 'node:child_process';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../helpers/promptly.ts';
import { cleanEnv, MAIN, tempDir } from '../helpers/server.ts';

interface Message {
  readonly id?: number;
  readonly result?: { readonly structuredContent?: Readonly<Record<string, unknown>> };
}

test('whoever waits for a task when stdin ends is told how far it is, and the server goes', async () => {
  const server = spawn(process.execPath, [MAIN], { env: cleanEnv(tempDir()) });
  onTestFinished(() => void server.kill('SIGKILL'));
  const ended = new Promise((resolve) => server.once('close', resolve));
  let output = '';
  server.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const answer = (id: number) => {
    const lines = output.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Message).find((message) => message.id === id);
  };
  const say = (id: number, method: string, params: object) =>
    server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
  const clientInfo = { name: 'test', version: '1' };
  say(1, 'initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo });
  say(2, 'tools/call', { name: 'generate_video', arguments: { prompt: 'a fox', duration: 12 } });
  await until(() => answer(2) !== undefined);
  const taskId = answer(2)?.result?.structuredContent?.task_id;
  say(3, 'tools/call', { name: 'get_task', arguments: { task_id: taskId, wait_seconds: 45 } });
  server.stdin.end();
  await ended;
  expect(answer(3)?.result?.structuredContent).toMatchObject({ task_id: taskId });
  expect(server.exitCode).toBe(0);
});
