// node test/bench/run.mjs NAME [arguments]: bundles test/bench/NAME.ts, and runs it. The bundle lies below node_modules, so that
// what is not bundled is found; a bench that wants a fresh process starts process.argv[1] again.
// node test/bench/run.mjs: the benches of ALL one after the other, and their figures into test/bench/README.md.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { writeFigures } from './readme.mjs';

const ALL = [['start'], ['stop'], ['calls'], ['in-flight'], ['size']];
const MARKER = 'figure:';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cache = join(root, 'node_modules', '.cache');
const children = new Set();
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    for (const child of children) child.kill(signal);
  });
}

const [name, ...args] = process.argv.slice(2);
if (name === undefined) {
  const figures = [];
  for (const [each, ...rest] of ALL) {
    process.stderr.write(`\n${each}\n`);
    const { code, output } = await bench(each, rest, 'pipe');
    if (code !== 0) process.exitCode = 1;
    for (const line of output.split('\n')) {
      if (line.startsWith(MARKER)) figures.push({ bench: each, ...JSON.parse(line.slice(MARKER.length)) });
    }
  }
  await writeFigures(join(root, 'test/bench/README.md'), figures);
} else if (/^[\w-]+$/.test(name)) {
  process.exitCode = (await bench(name, args, 'inherit')).code;
} else {
  process.stderr.write('usage: node test/bench/run.mjs [NAME [arguments]]\n');
  process.exitCode = 2;
}

async function bench(name, args, stdout) {
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, `bench-${name}-`));
  try {
    const [script, bare] = await Promise.all([bundle(folder, name), bundle(folder, 'bare-server')]);
    const child = spawn(process.execPath, [...process.execArgv, script, ...args], {
      stdio: ['inherit', stdout, 'inherit'],
      cwd: root,
      env: { ...process.env, BENCH_BARE: bare },
    });
    children.add(child);
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    const code = await new Promise((resolve) => child.on('close', (status) => resolve(status ?? 1)));
    children.delete(child);
    return { code, output };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function bundle(folder, name) {
  const outfile = join(folder, `${name}.mjs`);
  await build({
    entryPoints: [join(root, 'test', 'bench', `${name}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['better-sqlite3', 'esbuild'],
    define: { __VERSION__: '"bench"' },
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
    legalComments: 'none',
    logLevel: 'warning',
  });
  return outfile;
}
