import { afterEach, beforeEach } from 'vitest';
import type { Content } from '../../src/backends/backend.ts';
import type { DialectBackend } from '../../src/backends/registry.ts';
import { subject } from './subject.ts';
import { startUpstream, type Upstream } from './upstream.ts';

interface Fresh {
  readonly home: Upstream;
  readonly backend: DialectBackend;
}

/** Before each test of the file a new upstream and a backend of it; both are closed afterwards. */
export function freshForEach(): Fresh {
  let fresh: Fresh;
  beforeEach(async () => {
    const home = await startUpstream();
    fresh = { home, backend: subject(home.origin).backend };
  });
  afterEach(async () => {
    await fresh.backend.close();
    await fresh.home.close();
  });
  return {
    get home() {
      return fresh.home;
    },
    get backend() {
      return fresh.backend;
    },
  };
}

export async function drained({ body }: Content): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
