// The HTTP server against a bare one on the same SDK, in one run: requests a second, p50 and p99.
//   node test/bench/run.mjs http [seconds of each measurement] [rounds]
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openLog } from '../../src/log.ts';
import { type Load, load, type Target } from './http-load.ts';
import { type Served, serveBare, serveProduct, TOKEN } from './http-servers.ts';

const CONNECTIONS = [1, 16, 64];
const ERAS = ['2026-07-28', '2025-11-25'] as const;
const GOAL = 0.9;
const WARM_UP_MS = 1_500;

const [role, ...args] = process.argv.slice(2);
if (role === 'serve-bare') tell(await serveBare());
else if (role === 'serve-product') tell(await serveProduct(args[0]!, openLog(writeToStderr, 'text', Date.now).log));
else await measure(Number(role ?? 0.25) * 1_000, Number(args[0] ?? 24));

function writeToStderr(text: string): void {
  process.stderr.write(text);
}

function tell(served: Omit<Served, 'pid'>): void {
  process.stdout.write(`${JSON.stringify({ ...served, pid: process.pid })}\n`);
}

async function measure(ms: number, rounds: number): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'bench-http-'));
  const children: ChildProcess[] = [];
  try {
    const bare = await start(children, 'serve-bare');
    const product = await start(children, 'serve-product', dataDir);
    for (const era of ERAS) await compare(era, await targetsOf(era, bare, product), ms, rounds);
  } finally {
    for (const child of children) child.kill();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function start(children: ChildProcess[], ...roleAndArgs: string[]): Promise<Served> {
  // The log goes where a daemon's would: through a real write, to nobody.
  const child = spawn(process.execPath, [process.argv[1]!, ...roleAndArgs], { stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout! }).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`${roleAndArgs[0]} ended with ${code}`)));
  });
  return JSON.parse(line) as Served;
}

async function targetsOf(era: (typeof ERAS)[number], bare: Served, product: Served): Promise<readonly Target[]> {
  const auth = { authorization: `Bearer ${TOKEN}` };
  const modern = era === '2026-07-28';
  const sides = modern
    ? { bare: { url: `${bare.url}/modern`, headers: {} }, product: { url: `${product.url}/mcp`, headers: auth } }
    : { bare: await openSession(`${bare.url}/mcp`, {}), product: await openSession(`${product.url}/mcp`, auth) };
  const meta = {
    'io.modelcontextprotocol/protocolVersion': era,
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
  };
  const target = (side: 'bare' | 'product', name: string, given: object): Target => {
    const params = { name, arguments: given, ...(modern && { _meta: meta }) };
    const headers = { 'mcp-protocol-version': era, ...(modern && { 'mcp-method': 'tools/call', 'mcp-name': name }) };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 'ID', method: 'tools/call', params });
    const { url } = sides[side];
    const { pid } = { bare, product }[side];
    return { name: `${side} ${name}`, url, headers: { ...sides[side].headers, ...headers }, body, pid };
  };
  return [
    target('bare', 'ping', {}),
    target('product', 'get_task', { task_id: product.taskId }),
    target('product', 'list_characters', {}),
  ];
}

async function openSession(url: string, headers: Record<string, string>) {
  const clientInfo = { name: 'bench', version: '1' };
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
  const all = { ...headers, 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 'hello', method: 'initialize', params });
  const response = await fetch(url, { method: 'POST', headers: all, body });
  await response.text();
  return { url, headers: { ...headers, 'mcp-session-id': response.headers.get('mcp-session-id')! } };
}

async function compare(era: string, targets: readonly Target[], ms: number, rounds: number): Promise<void> {
  for (const target of targets) await load(target, 16, WARM_UP_MS);
  for (const connections of CONNECTIONS) {
    const loads: Load[][] = targets.map(() => []);
    // Short and in turn, so that a noisy moment of the machine meets all of them.
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < targets.length; turn++) {
        const index = (round + turn) % targets.length;
        loads[index]!.push(await load(targets[index]!, connections, ms));
      }
    }
    const middle = loads.map((each) => ({
      perSecond: median(each.map(({ perSecond }) => perSecond)),
      p50: median(each.map(({ p50 }) => p50)),
      p99: median(each.map(({ p99 }) => p99)),
      cpu: median(each.map(({ cpu }) => cpu)),
    }));
    for (const [index, { name }] of targets.entries()) {
      const { perSecond, p50, p99, cpu } = middle[index]!;
      const ratio = perSecond / middle[0]!.perSecond;
      const cpuRatio = middle[0]!.cpu / cpu;
      const verdict =
        index === 0
          ? ''
          : ` ratio ${ratio.toFixed(2)}, by processor time ${cpuRatio.toFixed(2)}${ratio >= GOAL ? '' : ` (goal ${GOAL})`}`;
      const figures = `${perSecond.toFixed(0).padStart(6)}/s p50 ${p50.toFixed(2)} ms p99 ${p99.toFixed(2)} ms cpu ${cpu.toFixed(0)} us`;
      process.stdout.write(
        `${era} ${String(connections).padStart(2)} connections ${name.padEnd(24)} ${figures}${verdict}\n`,
      );
    }
  }
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
