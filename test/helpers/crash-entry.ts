// The stdio server as `main.ts` runs it, with what a test needs besides: jobs of a second instead of minutes, a list of
// the steps that it went through, and a death at one of them. Bundled by `crash.ts`; told what to do by CRASH_SPEC.
import { appendFileSync, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { type Config, loadConfig } from '../../src/config.ts';
import { createMcpServer } from '../../src/mcp/server.ts';
import { appFor } from '../../src/running.ts';
import { serveStdioTransport } from '../../src/transports/stdio.ts';
import type { CrashSpec } from './crash.ts';

const spec = JSON.parse(process.env.CRASH_SPEC ?? '{}') as CrashSpec;
const log = (line: string) => process.stderr.write(`${line}\n`);
const loaded = await loadConfig({
  argv: [],
  env: process.env,
  platform: process.platform,
  home: homedir(),
  cwd: process.cwd(),
  now: Date.now(),
});
if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));

let toGo = spec.killNth ?? 1;
const running = appFor(quick(loaded.config), {
  log,
  version: '0.0.0-test',
  leaseMs: spec.leaseMs ?? 400,
  clock: () => Date.now() + (spec.clockOffsetMs ?? 0),
  uptime: () => performance.now() * (spec.uptimeSpeed ?? 1),
  reached: (step) => {
    if (spec.stepsFile) appendFileSync(spec.stepsFile, `${step}\n`);
    if (step === spec.holdAt) while (!existsSync(`${spec.stepsFile}.go`)) stand(20);
    if (step !== spec.killAt) return;
    toGo -= 1;
    if (toGo > 0) return;
    process.kill(process.pid, 'SIGKILL');
    // Nothing may happen in the moment until the signal is there.
    stand();
  },
});
const connection = serveStdioTransport({
  stdin: process.stdin,
  stdout: process.stdout,
  log,
  factory: () => createMcpServer({ facts: running.facts, services: () => running.services('local'), log }),
  // Without the limit of `main.ts`: a server that hangs at its end is to be seen, and a machine that hangs is not.
  onClose: () => void running.close().finally(() => process.exit(0)),
});
process.once('SIGTERM', () => void connection.close());
running.trackSoon();

function stand(ms?: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function quick(config: Config): Config {
  const limits = { minPollMs: 100, usualJobMs: 500, createsPerMinute: undefined, ...spec.limits };
  return { ...config, backends: config.backends.map((each) => ({ ...each, limits: { ...each.limits, ...limits } })) };
}
