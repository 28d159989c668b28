/** What the tools cost a conversation, and what `npx` installs. `node test/bench/run.mjs size` */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Driven } from './drive.ts';
import { report } from './figures.ts';

const SIX = ['create_character', 'extract_character', 'list_characters', 'generate_video', 'get_task', 'estimate_cost'];
const root = process.cwd();

interface Locked {
  readonly dev?: boolean;
  readonly devOptional?: boolean;
}

function bytesOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

const server = new Driven([join(root, 'dist/main.js')]);
await server.hello();
const { result } = await server.ask('tools/list');
await server.end();
const tools = (result?.tools ?? []) as { name: string }[];
const bytes = (some: readonly unknown[]) => Buffer.byteLength(JSON.stringify({ tools: some }));
const six = tools.filter(({ name }) => SIX.includes(name));
report({ name: '`tools/list`, the six', value: bytes(six), unit: 'bytes', goal: 7_000 });
report({ name: `\`tools/list\`, all ${tools.length}`, value: bytes(tools), unit: 'bytes', goal: 9_500 });

const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
  cwd: root,
  encoding: 'utf8',
});
const [pack] = JSON.parse(packed) as [{ size: number; unpackedSize: number }];
report({ name: 'the packed tarball', value: pack.size / 1e6, unit: 'MB' });
report({ name: 'the package unpacked', value: pack.unpackedSize / 1e6, unit: 'MB' });

const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, Locked>;
};
const installed = Object.entries(packages).filter(
  ([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional,
);
report({
  name: 'packages that `npx` installs besides, all of them better-sqlite3’s',
  value: installed.length,
  unit: '',
});
const size = installed.reduce((sum, [path]) => sum + bytesOf(join(root, path)), 0);
report({ name: 'their size, with what better-sqlite3 compiled', value: size / 1e6, unit: 'MB' });
