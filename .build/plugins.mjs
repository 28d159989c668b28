import { fileURLToPath } from 'node:url';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const IN_SDK = /[\\/]node_modules[\\/]@modelcontextprotocol[\\/](core|server|client)[\\/]/;

/** Leaves out of packages what this server does not use, and defers what a start does not need. */
export const lighter = {
  name: 'lighter',
  setup(build) {
    build.onResolve({ filter: /^@modelcontextprotocol\/(server|client)\/_shims$/ }, () => ({
      path: here('no-validator.mjs'),
    }));
    build.onResolve({ filter: /^undici$/ }, () => ({ path: here('lean-undici.cjs') }));
    build.onResolve({ filter: /^raw-body$/ }, () => ({ path: here('no-raw-body.mjs') }));
    build.onResolve({ filter: /^zod\/v4$/ }, ({ importer }) =>
      IN_SDK.test(importer) ? { path: here('deferred-zod.mjs') } : undefined,
    );
  },
};

/** Keeps a source out of the build: it is built as a part of its own, so that what it shares with a start is not set apart. */
export const apart = (source, part) => ({
  name: 'apart',
  setup(build) {
    build.onResolve({ filter: /\.ts$/ }, ({ path, kind }) =>
      kind === 'dynamic-import' && path.endsWith(source) ? { path: `./${part}`, external: true } : undefined,
    );
  },
});
