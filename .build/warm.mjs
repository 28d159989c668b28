import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const HELLO = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'build', version: '1' } };
const OPENING = [
  { jsonrpc: '2.0', id: 1, method: 'initialize', params: HELLO },
  { jsonrpc: '2.0', method: 'notifications/initialized' },
  { jsonrpc: '2.0', id: 2, method: 'tools/list' },
];
const PATIENCE_MS = 20_000;

/** Starts the built server once, as a client does, so that it keeps the code of its start for this Node. */
export async function warm(main) {
  const dataDir = await mkdtemp(join(tmpdir(), 'sora-build-'));
  const env = { PATH: process.env.PATH, SYSTEMROOT: process.env.SYSTEMROOT, SORA_DATA_DIR: dataDir };
  const child = spawn(process.execPath, [main], { env, stdio: ['pipe', 'ignore', 'ignore'] });
  const gone = new Promise((resolve) => child.once('close', resolve));
  try {
    child.stdin.on('error', () => {});
    for (const message of OPENING) child.stdin.write(`${JSON.stringify(message)}\n`);
    for (let waited = 0; waited < PATIENCE_MS && child.exitCode === null; waited += 50) {
      if ((await readdir(dirname(main))).some((name) => name.endsWith('.code'))) return true;
      await sleep(50);
    }
    return false;
  } finally {
    child.kill('SIGKILL');
    await gone;
    await rm(dataDir, { recursive: true, force: true });
  }
}
