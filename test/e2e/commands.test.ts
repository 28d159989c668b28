import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { cleanEnv, MAIN, run, tempDir } from '../helpers/server.ts';

test('--version, --help, tokens and the schema', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect(run(['--version'])).toMatchObject({ status: 0, stdout: `${version}\n` });
  expect(run(['--help']).stdout).toMatch(/usage:/);
  const tokens = run(['tokens']).stdout;
  expect(tokens).toMatch(/generate_video +\d+ bytes/);
  const schema = JSON.parse(run(['config', '--print-schema']).stdout) as Record<string, unknown>;
  expect(schema).toHaveProperty('properties.backends.items.properties.dialect.anyOf[1].anyOf[0].properties.extends');
});

test("a server starts with the README's own example of a dialect", () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const example = [...readme.matchAll(/```json\n([\s\S]*?)```/g)].find(([, text]) => text?.includes('"extends"'));
  const path = join(tempDir(), 'sora.json');
  writeFileSync(path, example![1]!);
  expect(run([], { SORA_CONFIG: path, STUDIO_KEY: 'sk-studio-key' })).toMatchObject({ status: 0, stderr: '' });
});

test('the demo depends on no host outside', () => {
  const source = readFileSync(new URL('../../src/cli/demo.ts', import.meta.url), 'utf8');
  const hosts = [...source.matchAll(/https?:\/\/[^'"`\s]+/g)].map(([url]) => new URL(url).hostname);
  expect(hosts).toEqual(['example.invalid']);
});

describe('a wrong start is fatal, with what would be right', () => {
  const url = 'https://gateway.example/v1';
  test.each<[string, string[], Record<string, string>, RegExp]>([
    ['an unknown flag', ['--verbos'], {}, /--verbos[\s\S]*usage:/],
    ['an unknown command', ['serve'], {}, /serve[\s\S]*usage:/],
    ['a key without a base URL', [], { SORA_API_KEY: 'sk-secret-123' }, /SORA_BASE_URL/],
    [
      'an unsubstituted variable',
      [],
      { SORA_BASE_URL: url, SORA_API_KEY: `$${'{SORA_KEY}'}` },
      /SORA_API_KEY.*\$\{SORA_KEY\}/,
    ],
    ['a malformed URL', [], { SORA_BASE_URL: 'gateway', SORA_API_KEY: 'sk-secret-123' }, /SORA_BASE_URL/],
    ['an ftp URL', [], { SORA_BASE_URL: 'ftp://gateway.example', SORA_API_KEY: 'sk-secret-123' }, /SORA_BASE_URL/],
    [
      'an unknown dialect',
      [],
      { SORA_REVERSE_BASE_URL: url, SORA_REVERSE_DIALECT: 'sead' },
      /SORA_REVERSE_DIALECT.*seed/,
    ],
    ['a budget that is no number', [], { SORA_BUDGET_USD_DAY: 'ten' }, /SORA_BUDGET_USD_DAY/],
  ])('%s', (_, args, env, told) => {
    const { status, stdout, stderr } = run(args, env);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(told);
    expect(stderr).not.toContain('sk-secret-123');
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});

test('malformed JSON on stdin does not end the server, and stdout carries only the protocol', async () => {
  const dir = tempDir();
  const server = spawn(process.execPath, [MAIN], { env: cleanEnv(dir), cwd: dir });
  onTestFinished(() => void server.kill());
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  const ask = async (message: object) => {
    server.stdin.write(`${JSON.stringify(message)}\n`);
    return JSON.parse((await lines.next()).value as string) as Record<string, unknown>;
  };
  server.stdin.write('{"jsonrpc": "2.0", "id": 1, \n');
  server.stdin.write('not json at all\n\n');
  const opened = await ask({
    jsonrpc: '2.0',
    id: 2,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } },
  });
  expect(opened).toMatchObject({ id: 2, result: { serverInfo: { name: 'sora-mcp' } } });
  server.stdin.write('}{\n');
  expect(await ask({ jsonrpc: '2.0', id: 3, method: 'ping' })).toEqual({ jsonrpc: '2.0', id: 3, result: {} });
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.stdin.end();
  expect(await ended).toBe(0);
});

test('the example for mcp.json is strict JSON and starts as written', async () => {
  const root = new URL('../../', import.meta.url);
  const example = JSON.parse(readFileSync(new URL('mcp.json.example', root), 'utf8')) as {
    mcpServers: Record<string, { command?: string; args?: string[]; type?: string; url?: string }>;
  };
  // Claude Code reads no entry of a file in which one names a variable that is not set.
  expect(JSON.stringify(example)).not.toMatch(/\$\{\w+\}/);
  const stdio = Object.values(example.mcpServers).filter((entry) => entry.command !== undefined);
  expect(stdio).toHaveLength(1);
  const { command, args } = stdio[0]!;
  const server = spawn(command!, args!, { env: cleanEnv(tempDir()), cwd: root });
  onTestFinished(() => void server.kill());
  server.stdin.write(
    `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } } })}\n`,
  );
  const first = await new Promise<string>((resolve) => createInterface({ input: server.stdout }).once('line', resolve));
  expect(JSON.parse(first)).toMatchObject({ id: 1, result: { capabilities: { tools: {} } } });
});
