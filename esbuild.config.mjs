import { createHash } from 'node:crypto';
import { appendFile, chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { build } from 'esbuild';
import { packParts } from './.build/parts.mjs';
import { apart, lighter } from './.build/plugins.mjs';
import { warm } from './.build/warm.mjs';

/*
 * The whole product is bundled; only better-sqlite3, which is native, stays outside. test/bench/README.md says what each of
 * these saves.
 *
 * dist/main.js       .build/start.cjs, and packed behind it what every start runs, and what is unpacked when it is needed:
 *                    the store, the backends, HTTP, the sandbox, media, the commands, the picture codecs
 * dist/main-*.code   V8's code of a start on this Node; made here, and by the first start on another Node. Not needed
 * dist/package.json  says that this is CommonJS: an ES module at the entry costs 4 ms of every start
 */
const CODECS = [
  '@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm',
  '@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm',
  '@jsquash/webp/codec/dec/webp_dec.wasm',
  '@jsquash/resize/lib/resize/pkg/squoosh_resize_bg.wasm',
];
/** What a start runs besides main.ts. */
const STARTED = ['src/mcp/server.ts', 'src/transports/stdio.ts', 'src/running.ts'];

const root = new URL('./', import.meta.url);
const at = (path) => fileURLToPath(new URL(path, root));
const { version } = JSON.parse(await readFile(at('package.json'), 'utf8'));

const options = {
  absWorkingDir: at('.'),
  outdir: 'dist',
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  external: ['better-sqlite3'],
  define: {
    __VERSION__: JSON.stringify(version),
    'import.meta.url': '__here.url',
    'import.meta.asset': '__here.asset',
  },
  legalComments: 'none',
  metafile: true,
  write: false,
};
const built = await Promise.all([
  build({
    ...options,
    entryPoints: ['src/main.ts'],
    splitting: true,
    plugins: [lighter, apart('/cli/demo.ts', 'demo.js')],
  }),
  build({ ...options, entryPoints: ['src/cli/demo.ts'], plugins: [lighter] }),
]);
const { first, later } = await packParts(
  built.flatMap(({ outputFiles }) => outputFiles),
  Object.assign({}, ...built.map(({ metafile }) => metafile.outputs)),
  { entry: 'src/main.ts', started: STARTED, assets: await Promise.all(CODECS.map(readAsset)) },
);

// Made aside and moved into its place: servers and tests may be starting from the old one.
const next = at(`node_modules/.cache/dist-${process.pid}`);
const to = (name) => join(next, name);
await mkdir(next, { recursive: true });
// V8 copies code that does not lie on such a boundary.
const server = Buffer.concat([first, Buffer.alloc(-first.length & 7, ' ')]);
const digest = createHash('sha256').update(server).update(later).digest('hex');
await writeFile(to('package.json'), '{ "type": "commonjs" }\n');
await build({
  absWorkingDir: at('.'),
  entryPoints: ['.build/start.cjs'],
  outfile: to('main.js'),
  minify: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  define: { BUILD: JSON.stringify({ digest, sourceBytes: server.length }) },
  banner: { js: '#!/usr/bin/env node' },
});
await appendFile(to('main.js'), `${asFunction('packedServer', server)}\n${asFunction('packedLater', later)}\n`);
await chmod(to('main.js'), 0o755);
const kept = await warm(to('main.js'));
if (!kept) process.stderr.write('build: the first start kept no code; starts take longer\n');
await rm(at('dist'), { recursive: true, force: true });
await rename(next, at('dist'));

async function readAsset(name) {
  return [name, await readFile(createRequire(import.meta.url).resolve(name))];
}

/** A comment is what V8 passes over fastest, and the text of a function is at hand without reading the file again. */
function asFunction(name, bytes) {
  const params = { [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS };
  return `function ${name}(){/*${brotliCompressSync(bytes, { params }).toString('base64')}*/}`;
}
