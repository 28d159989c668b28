// What `dist/main.js` is: it runs the parts beside it. Those of a start are compiled together, with the code that V8 made of them
// at an earlier start where that is kept; the others one by one, when they are first asked for.
const {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} = require('node:fs');
const { Script } = require('node:vm');

const HEAD_BYTES = 64;
const serverFile = `${__dirname}/server.cjs`;
const laterFile = `${__dirname}/later.cjs`;
const codeFile = `${__dirname}/server-${process.version}-${process.arch}.code`;

const source = readFileSync(serverFile, 'latin1');
// V8 itself refuses the code of another V8 or other flags, but of the source it compares the length only. The file begins with
// a digest of the build; size and time tell of a change by hand.
const { size, mtimeMs } = statSync(serverFile);
const head = `${source.slice(0, 24)} ${size} ${mtimeMs}`.padEnd(HEAD_BYTES).slice(0, HEAD_BYTES);

const kept = keptCode();
const script = new Script(
  source,
  kept === undefined ? { filename: serverFile } : { filename: serverFile, cachedData: kept },
);
const keep = kept === undefined || script.cachedDataRejected ? keepCode : undefined;
const { main, first, later } = script.runInThisContext();
const here = {
  // Few ask for it, and each of Node's modules costs the start something.
  get url() {
    return require('node:url').pathToFileURL(__filename).href;
  },
};
const loaded = new Map();
let laterBytes;

load(main);

function load(name) {
  let module = loaded.get(name);
  if (module === undefined) {
    module = { exports: {} };
    loaded.set(name, module);
    const run = first[name] ?? compileLater(name);
    run(module.exports, requirePart, module, here, keep);
  }
  return module.exports;
}

function requirePart(id) {
  return id.startsWith('./') ? load(id.slice(2)) : require(id);
}

function compileLater(name) {
  // All of it at once, so that an update of the package under a running server cannot mix two versions.
  laterBytes ??= readFileSync(laterFile);
  const [from, to] = later[name];
  return new Script(laterBytes.latin1Slice(from, to), { filename: laterFile }).runInThisContext();
}

function keptCode() {
  try {
    const file = readFileSync(codeFile);
    const middle = (HEAD_BYTES + file.length) / 2;
    const code = file.subarray(HEAD_BYTES, middle);
    // V8 runs damaged code until it crashes. The code is there twice, because to compare costs less than any checksum.
    return file.latin1Slice(0, HEAD_BYTES) === head && code.equals(file.subarray(middle)) ? code : undefined;
  } catch {
    return undefined;
  }
}

/** Called once what a start needs has run: V8 hands out the code of what has run, and more would only be more to read. */
function keepCode() {
  const part = `${codeFile}.${process.pid}.part`;
  try {
    const code = script.createCachedData();
    const file = openSync(part, 'w');
    writeFileSync(file, Buffer.concat([Buffer.from(head, 'latin1'), code, code]));
    fsyncSync(file);
    closeSync(file);
    // Another process may be starting: it sees the whole file or none.
    renameSync(part, codeFile);
  } catch {
    // A folder that cannot be written to costs each start some time and nothing else.
    rmSync(part, { force: true });
  }
}
