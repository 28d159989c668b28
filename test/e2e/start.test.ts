import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../helpers/promptly.ts';
import { cleanEnv, MAIN, tempDir } from '../helpers/server.ts';

const HELLO = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
};

/** The built files in a folder of their own, beside no better-sqlite3: nothing before the first call may need it. */
function copyOfDist(): string {
  const dist = join(tempDir(), 'dist');
  // Somebody who starts from there may be keeping code, in a file that is gone a moment later.
  const filter = (path: string) => !path.endsWith('.part');
  cpSync(dirname(MAIN), dist, { recursive: true, preserveTimestamps: true, filter });
  return dist;
}

/** The same with kept code, which a build that was in a hurry has not. */
async function copyWithCode(): Promise<{ readonly dist: string; readonly code: string }> {
  const dist = copyOfDist();
  if (codeIn(dist).length === 0) await hello(join(dist, 'main.js'), () => codeIn(dist).length > 0);
  return { dist, code: join(dist, codeIn(dist)[0]!) };
}

/** What V8 looks at stands at the beginning of the code, which follows the source in each of the two copies. */
function ofAnotherV8(file: Buffer): Buffer {
  const from = 64 + Number(/sourceBytes:(\d+)/.exec(readFileSync(MAIN, 'latin1'))![1]);
  const copy = (file.length - 64) / 2;
  return file.fill(7, from, from + 32).fill(7, from + copy, from + copy + 32);
}

/** The digest of the build stands at the beginning. */
const ofAnotherBuild = (file: Buffer) => file.fill('0', 0, 20);

const codeIn = (dist: string) => readdirSync(dist).filter((name) => name.endsWith('.code'));

/** The answer to `initialize` of a server that then runs on until the condition holds. */
async function hello(
  main: string,
  enough: (stderr: string) => boolean = () => true,
): Promise<{ answer: Record<string, unknown>; stderr: string }> {
  const server = spawn(process.execPath, [main], { env: cleanEnv(tempDir()) });
  onTestFinished(() => void server.kill('SIGKILL'));
  let stderr = '';
  server.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  server.stdin.write(`${JSON.stringify(HELLO)}\n`);
  const line = await new Promise<string>((resolve, reject) => {
    let output = '';
    server.stdout.on('data', (chunk) => {
      output += chunk;
      if (output.includes('\n')) resolve(output);
    });
    server.once('exit', () => reject(new Error(`the server ended: ${stderr}`)));
  });
  server.removeAllListeners('exit');
  await until(() => enough(stderr));
  const gone = new Promise((resolve) => server.once('close', resolve));
  server.kill('SIGKILL');
  await gone;
  return { answer: JSON.parse(line) as Record<string, unknown>, stderr };
}

/** The store is opened after the attempt to keep code, and fails for want of its package. */
const NO_STORE = (told: string) => told.includes('better-sqlite3');
const NAMED = { result: { serverInfo: { name: 'sora-mcp' } } };

test('a start without kept code answers, and keeps it', async () => {
  const dist = copyOfDist();
  for (const name of codeIn(dist)) rmSync(join(dist, name));
  const { answer } = await hello(join(dist, 'main.js'), () => codeIn(dist).length > 0);
  expect(answer).toMatchObject(NAMED);
  expect(codeIn(dist)).toEqual([`main-${process.version}-${process.arch}.code`]);
  expect(readdirSync(dist).filter((name) => name.endsWith('.part'))).toEqual([]);
});

test.each<[string, (dist: string, code: string) => void]>([
  ['cut short', (_, code) => writeFileSync(code, readFileSync(code).subarray(0, 50_000))],
  ['of another V8', (_, code) => writeFileSync(code, ofAnotherV8(readFileSync(code)))],
  ['damaged near its head', (_, code) => writeFileSync(code, readFileSync(code).fill(7, 1_000, 1_008))],
  ['damaged near its end', (_, code) => writeFileSync(code, readFileSync(code).fill(0, 1_000_000))],
  ['rubbish', (_, code) => writeFileSync(code, 'rubbish')],
  ['empty', (_, code) => writeFileSync(code, '')],
  ['of another build', (_, code) => writeFileSync(code, ofAnotherBuild(readFileSync(code)))],
])('kept code that is %s is passed over in silence', async (_, spoil) => {
  const { dist, code } = await copyWithCode();
  spoil(dist, code);
  const { answer, stderr } = await hello(join(dist, 'main.js'), NO_STORE);
  expect(answer).toMatchObject(NAMED);
  expect(stderr).toMatch(/^sora-mcp: Cannot find module 'better-sqlite3'\n/);
  expect(stderr).not.toContain('.code');
});

test('kept code of another build is replaced', async () => {
  const { dist, code } = await copyWithCode();
  const head = () => readFileSync(code).subarray(0, 64).toString('latin1');
  const before = head();
  writeFileSync(code, ofAnotherBuild(readFileSync(code)));
  await hello(join(dist, 'main.js'), () => head() === before);
});

test('a folder that cannot be written to costs no start', async () => {
  const dist = copyOfDist();
  for (const name of codeIn(dist)) rmSync(join(dist, name));
  // Not even root can make a file below a file.
  rmSync(join(dist, 'main.js'));
  cpSync(MAIN, join(dist, 'main.js'));
  mkdirSync(join(dist, `main-${process.version}-${process.arch}.code`));
  const { answer, stderr } = await hello(join(dist, 'main.js'), NO_STORE);
  expect(answer).toMatchObject(NAMED);
  expect(stderr).not.toContain('.code');
});

test('flags of V8 that the kept code was not made with do no harm', () => {
  const run = spawnSync(process.execPath, ['--no-opt', MAIN, '--version'], {
    encoding: 'utf8',
    env: cleanEnv(tempDir()),
  });
  expect(run).toMatchObject({ status: 0, stderr: '' });
});

test('the installed command can be executed', () => {
  expect(readFileSync(MAIN, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  expect(statSync(MAIN).mode & 0o111).toBe(0o111);
});

test('a data directory that cannot be used is told at the call, not at the start', async () => {
  const dir = tempDir();
  const file = join(dir, 'file');
  writeFileSync(file, '');
  chmodSync(file, 0o400);
  const server = spawn(process.execPath, [MAIN], { env: cleanEnv(join(file, 'below')) });
  onTestFinished(() => void server.kill('SIGKILL'));
  const call = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'list_characters', arguments: {} } };
  server.stdin.write(`${JSON.stringify(HELLO)}\n${JSON.stringify(call)}\n`);
  let output = '';
  const answer = await new Promise<{ result?: { structuredContent?: unknown } }>((resolve) => {
    server.stdout.on('data', (chunk) => {
      output += chunk;
      const line = output
        .split('\n')
        .slice(0, -1)
        .find((each) => each.includes('"id":2'));
      if (line !== undefined) resolve(JSON.parse(line));
    });
  });
  expect(output).toContain('"serverInfo"');
  expect(answer.result?.structuredContent).toMatchObject({ error: { code: 'store_unavailable', charged: 'no' } });
});
