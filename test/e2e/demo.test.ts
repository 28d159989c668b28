import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { inspectClip } from '../../src/media/clip.ts';
import { checkMp4 } from '../../src/store/mp4.ts';
import { cleanEnv, run, tempDir } from '../helpers/server.ts';

interface Entry {
  readonly command: string;
  readonly args: readonly string[];
}

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } },
};

async function demo(dir: string): Promise<{ stdout: string; path: string; entry: Entry }> {
  const { status, stdout, stderr } = run(['demo'], cleanEnv(dir));
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const path = /^saved +(.+\.mp4)$/m.exec(stdout)?.[1] ?? '';
  await checkMp4(path);
  expect(await inspectClip(path)).toMatchObject({ seconds: 8 });
  expect(stdout).toMatch(/^get_task +\[█+\] 100% completed$/m);
  expect(stdout).toMatch(/^estimate_cost +8 s: sandbox-\S+ \S+ \$0/m);
  expect(stdout).toMatch(/^generate_video +task_\w+ on sandbox-\w+ \((forwarding|reverse)\), \$0$/m);
  expect(stdout).toMatch(/^ +why: \S.*/m);
  expect(stdout).toMatch(/^cost +\$0 \(sandbox-\w+\)$/m);
  const { mcpServers } = JSON.parse(stdout.slice(stdout.indexOf('\n{') + 1)) as { mcpServers: { sora: Entry } };
  return { stdout, path, entry: mcpServers.sora };
}

/** The first line of its output after `initialize`. */
async function greeting({ command, args }: Entry): Promise<unknown> {
  const dir = tempDir();
  const server = spawn(command, args, { env: cleanEnv(dir), cwd: dir });
  onTestFinished(() => void server.kill());
  server.stdin.write(`${JSON.stringify(INITIALIZE)}\n`);
  return JSON.parse(await new Promise((resolve) => createInterface({ input: server.stdout }).once('line', resolve)));
}

test('the demo makes a clip with a character, says what it cost and why, and gives an entry that starts; the next finds her', async () => {
  const dir = tempDir();
  const first = await demo(dir);
  expect(first.stdout).toMatch(/^create_character @coffee_girl is now @\S+ on sandbox-\w+$/m);
  expect(await greeting(first.entry)).toMatchObject({ id: 1, result: { serverInfo: { name: 'sora-mcp' } } });

  const second = await demo(dir);
  expect(second.stdout).toMatch(/^list_characters @coffee_girl is in the catalog since \d{4}-\d\d-\d\dT/m);
  expect(second.stdout).not.toContain('create_character');
  expect(second.path).not.toBe(first.path);
  await checkMp4(first.path);
});
