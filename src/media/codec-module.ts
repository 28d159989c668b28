import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** How the WebAssembly codecs that were made by Emscripten are started. */
export type CodecFactory<T> = (options: {
  readonly noInitialRun: true;
  readonly print: () => void;
  readonly printErr: () => void;
  readonly instantiateWasm: (
    imports: WebAssembly.Imports,
    done: (instance: WebAssembly.Instance) => void,
  ) => WebAssembly.Exports;
}) => Promise<T>;

declare global {
  interface ImportMeta {
    /** The bytes of a file that the build packed into the bundle. Absent in the source tree. */
    readonly asset?: (file: string) => Buffer<ArrayBuffer>;
  }
}

const compiled = new Map<string, Promise<WebAssembly.Module>>();

/** The compiled module of a package's `.wasm` file, e.g. `@jsquash/webp/codec/dec/webp_dec.wasm`; compiled once. */
export function codecModule(file: string): Promise<WebAssembly.Module> {
  let module = compiled.get(file);
  if (!module) {
    module = codecBytes(file).then((bytes) => WebAssembly.compile(bytes));
    compiled.set(file, module);
    // A file that could not be read is tried again at the next call.
    module.catch(() => compiled.delete(file));
  }
  return module;
}

/**
 * A codec with a memory of its own. That memory only ever grows, so every picture gets a new one, which goes when the
 * picture is done; what it would print is dropped.
 */
export async function startCodec<T>(factory: CodecFactory<T>, file: string): Promise<T> {
  const module = await codecModule(file);
  return factory({
    noInitialRun: true,
    print: () => undefined,
    printErr: () => undefined,
    instantiateWasm: (imports, done) => {
      const instance = new WebAssembly.Instance(module, imports);
      done(instance);
      return instance.exports;
    },
  });
}

/** The build packs the files into the bundle; in the source tree they are where the package is. */
async function codecBytes(file: string): Promise<Buffer<ArrayBuffer>> {
  return import.meta.asset?.(file) ?? (await readFile(createRequire(import.meta.url).resolve(file)));
}
