import { basename } from 'node:path';
import { transform } from 'esbuild';

/**
 * Packs esbuild's split output into two texts of bytes for .build/start.cjs. `first` is an object with a function for each part that
 * `entry` and the `started` sources run at once, and the place of each other part and of each asset in `later`.
 */
export async function packParts(outputFiles, described, { entry, started, assets }) {
  const outputs = new Map(Object.entries(described).map(([path, output]) => [basename(path), output]));
  const main = partOf(outputs, entry);
  const starting = new Set();
  for (const source of [entry, ...started]) follow(outputs, partOf(outputs, source), starting);

  const first = [];
  const places = {};
  let later = '';
  for (const { path, text } of outputFiles) {
    const name = basename(path);
    const code = await asCommonJs(text, outputs.get(name).exports);
    const part = `function(exports,require,module,__here,keepCode){${code}\n}`;
    if (starting.has(name)) {
      first.push(`${JSON.stringify(name)}:${part}`);
    } else {
      later += '(';
      places[name] = [later.length - 1, later.length + part.length + 1];
      later += `${part})\n`;
    }
  }
  for (const [name, bytes] of assets) {
    places[`asset:${name}`] = [later.length, later.length + bytes.length];
    later += bytes.toString('latin1');
  }
  const head = `main:${JSON.stringify(main)},later:${JSON.stringify(places)}`;
  const packed = { first: `({${head},first:{\n${first.join(',\n')}}})`, later };
  return { first: Buffer.from(packed.first, 'latin1'), later: Buffer.from(packed.later, 'latin1') };
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

/** How esbuild passes a whole CommonJS package on. */
const WHOLE_PACKAGE = /\bexport default (\w+\(\));\s*$/;
const EXPORTS = /\bexport\{([^}]*)\};/g;
const IMPORTED_PART = /\bimport\(("\.\/[^"]+")\)/g;

async function asCommonJs(text, exported) {
  const body = text.replace(IMPORTED_PART, 'Promise.resolve().then(()=>require($1))');
  const whole = WHOLE_PACKAGE.exec(body);
  if (whole !== null) {
    // Whoever imports it looks for its names besides.
    const passed = `(all => Object.create(all, { default: { value: all } }))(${whole[1]})`;
    return await compact(`${body.slice(0, whole.index)}\nmodule.exports=${passed};`);
  }
  // One object of getters: esbuild's own translation defines each export twice, one by one, at every start.
  const getters = [...body.matchAll(EXPORTS)].flatMap(([, list]) =>
    list.split(',').map((each) => {
      const [local, name = local] = each.trim().split(' as ');
      return `get ${name}(){return ${local}}`;
    }),
  );
  if (getters.length !== exported.length) throw new Error(`exports not found among ${exported}`);
  return await compact(`${body.replace(EXPORTS, '')}\nmodule.exports={${getters.join(',')}};`);
}

async function compact(text) {
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
