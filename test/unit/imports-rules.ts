import { posix } from 'node:path';

const BELOW = ['domain', 'backends', 'routing', 'store', 'media', 'services'] as const;

/** What each part of src may import of the others, itself aside. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  config: ['domain'],
  backends: ['domain'],
  routing: ['domain'],
  store: ['domain'],
  media: ['domain'],
  sandbox: ['domain'],
  services: ['domain', 'backends', 'routing', 'store', 'media'],
  mcp: ['domain', 'services'],
  transports: ['domain', 'services', 'mcp'],
  app: [...BELOW, 'config', 'mcp', 'transports', 'sandbox'],
  cli: [...BELOW, 'config', 'mcp', 'transports', 'sandbox', 'app'],
  main: [...BELOW, 'config', 'mcp', 'transports', 'sandbox', 'app', 'cli'],
};

/** Packages that only some places may import, by prefix of the path below src. */
const OWNED: readonly { readonly packages: RegExp; readonly owners: readonly string[] }[] = [
  { packages: /^undici(\/|$)/, owners: ['backends/http.ts'] },
  { packages: /^(node:)?(http|https|http2|tls|dgram)$/, owners: ['backends/http.ts', 'sandbox/', 'transports/'] },
  {
    // Names and addresses are resolved and judged before backends/http.ts opens anything.
    packages: /^(node:)?(net|dns|dns\/promises)$/,
    owners: ['backends/http.ts', 'backends/address.ts', 'sandbox/', 'transports/'],
  },
  { packages: /^better-sqlite3$/, owners: ['store/', 'sandbox/'] },
  { packages: /^(node:)?process$/, owners: ['main.ts'] },
];

const IMPORT =
  /^[ \t]*(?:import|export)\b[^'"`;()]*?\bfrom\s*['"]([^'"]+)['"]|^[ \t]*import\s*['"]([^'"]+)['"]|\b(?:import|require)\s*\(\s*['"]([^'"]+)['"]/gm;
const MAX_LINES = 300;

/** What a file of src does that the house does not allow. `file` is its path below src. */
export function breaches(file: string, source: string): string[] {
  const found: string[] = [];
  const part = partOf(file);
  const code = withoutComments(source);
  for (const match of code.matchAll(IMPORT)) {
    const target = (match[1] ?? match[2] ?? match[3])!;
    found.push(...(target.startsWith('.') ? ofOurs(file, part, target) : ofOthers(file, part, target)));
  }
  withoutStrings(code)
    .split('\n')
    .forEach((line, index) => {
      const at = `line ${index + 1}`;
      if (file !== 'main.ts' && /(?<![\w.$])process\s*\./.test(line)) found.push(`${at}: only main.ts touches process`);
      if (/\bconsole\.log\b/.test(line)) found.push(`${at}: console.log would write into the protocol`);
      if (!owns(file, ['backends/http.ts', 'cli/', 'sandbox/']) && /(?<![\w.$])fetch\s*\(/.test(line)) {
        found.push(`${at}: fetch opens a socket; that belongs to backends/http.ts`);
      }
    });
  const lines = source.replace(/\n$/, '').split('\n').length;
  if (lines > MAX_LINES) found.push(`${lines} lines; at most ${MAX_LINES}`);
  return found;
}

function ofOurs(file: string, part: string, target: string): string[] {
  const path = posix.normalize(posix.join(posix.dirname(file), target));
  if (path.startsWith('../')) return [];
  const found: string[] = [];
  const other = partOf(path);
  if (!/\.(ts|json)$/.test(target)) found.push(`${target}: relative imports have the .ts ending`);
  if (other !== part && !(MAY_IMPORT[part] ?? []).includes(other))
    found.push(`${part} may not import ${other} (${target})`);
  return found;
}

function ofOthers(file: string, part: string, target: string): string[] {
  const found: string[] = [];
  const mcp = /^@modelcontextprotocol\//.test(target);
  if (mcp && !['mcp', 'transports', 'app', 'cli', 'main'].includes(part))
    found.push(`${part} may not import ${target}`);
  for (const { packages, owners } of OWNED) {
    if (!packages.test(target) || owns(file, owners)) continue;
    const what = packages.test('process')
      ? 'only main.ts touches process'
      : `${target} belongs to ${owners.join(', ')}`;
    found.push(what);
  }
  return found;
}

function owns(file: string, owners: readonly string[]): boolean {
  return owners.some((owner) => (owner.endsWith('/') ? file.startsWith(owner) : file === owner));
}

/** `config-env.ts` is a part of `config`; other files beside `app.ts` are parts of the composition root. */
function partOf(file: string): string {
  const [first = '', ...rest] = file.split('/');
  if (rest.length > 0) return first;
  const name = first.replace(/\.ts$/, '');
  if (name.startsWith('config-')) return 'config';
  return Object.hasOwn(MAY_IMPORT, name) ? name : 'app';
}

function withoutComments(source: string): string {
  // A string is skipped whole, so that an address in it is no comment.
  return source.replace(
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (match, text?: string) => (text === undefined ? match.replace(/[^\n]/g, '') : text),
  );
}

function withoutStrings(code: string): string {
  return code.replace(/"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g, "''");
}
