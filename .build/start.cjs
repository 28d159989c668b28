// What `dist/main.js` begins with: it runs the parts that are packed behind it. Those of a start are compiled together, with the
// code that V8 made of them at an earlier start where that is kept; the others one by one, when they are first asked for.
const { closeSync, fstatSync, fsyncSync, openSync, read, renameSync, rmSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');

const MOST_BYTES = 2 ** 22;
const codeFile = `${__dirname}/main-${process.version}-${process.arch}.code`;
const here = {
  // Few ask for it, and each of Node's modules costs the start something.
  get url() {
    return require('node:url').pathToFileURL(__filename).href;
  },
  asset: (name) => laterBytes(`asset:${name}`),
};
const loaded = new Map();
let server;
let unpackedLater;

readKept(start);
// Meanwhile, what of Node's own takes longest, and a server over stdio needs in any case.
if (process.argv.length === 2) ready(process.stdin, process.stdout);

function ready() {}

function start(kept) {
  const source = kept?.source ?? unpack(packedServer).latin1Slice();
  const filename = `${__filename}:server`;
  const script = new Script(source, kept === undefined ? { filename } : { filename, cachedData: kept.code });
  const current = kept !== undefined && !script.cachedDataRejected;
  // Called once what a start needs has run: V8 hands out the code of what has run, and more would only be more to read.
  const keepCode = current ? undefined : () => keep(source, () => script.createCachedData());
  server = { ...script.runInThisContext(), keepCode };
  load(server.main);
}

function load(name) {
  let module = loaded.get(name);
  if (module === undefined) {
    module = { exports: {} };
    loaded.set(name, module);
    const run = server.first[name] ?? compileLater(name);
    run(module.exports, requirePart, module, here, server.keepCode);
  }
  return module.exports;
}

function requirePart(id) {
  return id.startsWith('./') ? load(id.slice(2)) : require(id);
}

function compileLater(name) {
  return new Script(laterBytes(name).latin1Slice(), { filename: `${__filename}:${name}` }).runInThisContext();
}

function laterBytes(name) {
  unpackedLater ??= unpack(packedLater);
  return unpackedLater.subarray(...server.later[name]);
}

/** From the text of a function, which V8 holds anyway: an update of the package under a running server cannot mix two versions. */
function unpack(packed) {
  const text = packed.toString();
  const bytes = Buffer.from(text.slice(text.indexOf('/*') + 2, text.lastIndexOf('*/')), 'base64');
  // In one piece: pieces would be put together, and everything be there twice for a while.
  return require('node:zlib').brotliDecompressSync(bytes, { chunkSize: MOST_BYTES });
}

function readKept(done) {
  let fd;
  let file;
  try {
    fd = openSync(codeFile);
    file = Buffer.allocUnsafeSlow(fstatSync(fd).size);
  } catch {
    done(undefined);
    return;
  }
  read(fd, file, 0, file.length, 0, (error, bytes) => {
    closeSync(fd);
    done(error === null && bytes === file.length ? keptIn(file) : undefined);
  });
}

/**
 * The build's digest, and then twice the source and its code. V8 itself refuses the code of another V8 or other flags, but damaged code it runs
 * until it crashes; and to compare costs less than any checksum.
 */
function keptIn(file) {
  const { digest, sourceBytes } = BUILD;
  const middle = (digest.length + file.length) / 2;
  const body = file.subarray(digest.length, middle);
  const told = file.subarray(0, digest.length).latin1Slice();
  if (told !== digest || !body.equals(file.subarray(middle))) return undefined;
  return { source: body.latin1Slice(0, sourceBytes), code: body.subarray(sourceBytes) };
}

function keep(source, makeCode) {
  const part = `${codeFile}.${process.pid}.part`;
  try {
    const body = Buffer.concat([Buffer.from(source, 'latin1'), makeCode()]);
    const file = openSync(part, 'w');
    try {
      writeFileSync(file, Buffer.concat([Buffer.from(BUILD.digest), body, body]));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    // Another process may be starting: it sees the whole file or none.
    renameSync(part, codeFile);
  } catch {
    // A folder that cannot be written to costs each start some time and nothing else.
    rmSync(part, { force: true });
  }
}
