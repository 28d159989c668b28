import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { cleanEnv, tempDir } from '../helpers/server.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

let packed: Packed;

beforeAll(() => {
  const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  [packed] = JSON.parse(output) as [Packed];
});

test('the package has what runs, and nothing else', () => {
  const paths = packed.files.map(({ path }) => path);
  expect(paths).toEqual(expect.arrayContaining(['LICENSE', 'package.json', 'dist/main.js']));
  // The kept code is of one Node on one machine: each makes its own at its first start.
  const known = /^(LICENSE|README\.md|package\.json|dist\/(main\.js|package\.json))$/;
  expect(paths.filter((path) => !known.test(path))).toEqual([]);
  expect(packed.size).toBeLessThan(1_000_000);
});

test('only better-sqlite3 is installed besides', () => {
  const { dependencies, optionalDependencies, peerDependencies } = JSON.parse(
    readFileSync(join(ROOT, 'package.json'), 'utf8'),
  ) as Record<string, unknown>;
  expect(Object.keys(dependencies ?? {})).toEqual(['better-sqlite3']);
  expect([optionalDependencies, peerDependencies]).toEqual([undefined, undefined]);
  const packedParts = readFileSync(join(ROOT, 'dist/main.js'), 'latin1').matchAll(/\/\*([\w+/=]+)\*\//g);
  const bundle = [...packedParts].map(([, part]) => brotliDecompressSync(Buffer.from(part!, 'base64'))).join('');
  const asked = [...bundle.matchAll(/\brequire\("([^"./][^"]*)"\)/g)].map(([, name]) => name ?? '');
  expect([...new Set(asked.filter((name) => !name.startsWith('node:') && !isBuiltin(name)))]).toEqual([
    'better-sqlite3',
  ]);
});

test('npx starts the packed server in an empty folder, and keeps the code of that start', async () => {
  const folder = tempDir();
  const [{ filename }] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      cwd: ROOT,
      encoding: 'utf8',
    }),
  ) as [Packed];
  const home = join(folder, 'home');
  const work = join(folder, 'empty');
  const modules = join(work, 'node_modules');
  mkdirSync(home);
  mkdirSync(modules, { recursive: true });
  // better-sqlite3 compiles for most of a minute where no binary can be fetched: ours is used, with what it needs to run.
  for (const name of ['better-sqlite3', 'bindings', 'file-uri-to-path']) {
    const from = join(ROOT, 'node_modules', name);
    if (existsSync(from)) cpSync(from, join(modules, name), { recursive: true });
  }
  mkdirSync(join(modules, 'sora-mcp'));
  execFileSync('tar', ['-xzf', join(folder, filename), '-C', join(modules, 'sora-mcp'), '--strip-components=1']);
  mkdirSync(join(modules, '.bin'));
  execFileSync('ln', ['-s', '../sora-mcp/dist/main.js', join(modules, '.bin', 'sora-mcp')]);
  expect(statSync(join(modules, 'sora-mcp/dist/main.js')).mode & 0o111).toBe(0o111);

  const transport = new StdioClientTransport({
    command: 'npx',
    args: ['--no-install', 'sora-mcp'],
    cwd: work,
    env: {
      ...cleanEnv(join(home, 'data')),
      HOME: home,
      PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}`,
    },
    stderr: 'ignore',
  });
  const client = new Client({ name: 'test', version: '1' });
  onTestFinished(() => client.close());
  await client.connect(transport);
  const { tools } = await client.listTools();
  expect(tools.length).toBeGreaterThanOrEqual(6);
  const made = await client.callTool({ name: 'estimate_cost', arguments: { duration: 8 } });
  expect(made.isError ?? false).toBe(false);
  expect(readdirSync(join(modules, 'sora-mcp/dist')).filter((name) => name.endsWith('.code'))).toHaveLength(1);
});

function isBuiltin(name: string): boolean {
  return process.getBuiltinModule(name) !== undefined;
}
