import { basename } from 'node:path';
import { transform } from 'esbuild';

/**
 * Packs esbuild's split output into two files for build/start.cjs. `first` is an object with a function for each part that `entry`
 * and the `started` sources run at once, and the place of each other part in `later`.
 */
export async function packParts(outputFiles, metafile, { entry, started }) {
  const outputs = new Map(Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]));
  const main = partOf(outputs, entry);
  const starting = new Set();
  for (const source of [entry, ...started]) follow(outputs, partOf(outputs, source), starting);

  const first = [];
  const places = {};
  let later = '';
  for (const { path, text } of outputFiles) {
    const name = basename(path);
    const part = `function(exports,require,module,__url,keepCode){${await asCommonJs(text)}\n}`;
    if (starting.has(name)) {
      first.push(`${JSON.stringify(name)}:${part}`);
    } else {
      later += '(';
      places[name] = [later.length - 1, later.length + part.length + 1];
      later += `${part})\n`;
    }
  }
  const head = `main:${JSON.stringify(main)},later:${JSON.stringify(places)}`;
  return { first: `({${head},first:{\n${first.join(',\n')}}})`, later };
}

function partOf(outputs, source) {
  for (const [name, { entryPoint }] of outputs) if (entryPoint === source) return name;
  throw new Error(`no part begins at ${source}`);
}

function follow(outputs, name, found) {
  if (found.has(name)) return;
  found.add(name);
  for (const { path, kind, external } of outputs.get(name).imports) {
    if (!external && kind === 'import-statement') follow(outputs, basename(path), found);
  }
}

async function asCommonJs(text) {
  const { code } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    minify: true,
    legalComments: 'none',
    // A script of node:vm has no import() of its own.
    supported: { 'dynamic-import': false },
  });
  // One byte a character is read fastest, and start.cjs relies on it. Only in regular expressions does esbuild leave other
  // letters, and there the escape means the same.
  return code.replace(/[^\0-\x7f]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
