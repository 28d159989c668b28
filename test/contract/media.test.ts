import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createHttp } from '../../src/backends/http.ts';
import { type Http, TIMEOUTS } from '../../src/backends/http-port.ts';
import { loadMedia } from '../../src/backends/media.ts';
import { eventually } from '../helpers/crash.ts';
import { failure } from './subject.ts';
import { type Script, startUpstream, type Upstream } from './upstream.ts';

const LATE = { code: 'file_invalid', field: 'reference_image', retryable: true, charged: 'no' };
let host: Upstream;
let http: Http;
let open: Set<ServerResponse>;

beforeEach(async () => {
  open = new Set();
  host = await startUpstream();
  http = createHttp({
    baseUrl: new URL('http://backend.invalid/'),
    auth: { scheme: 'bearer' },
    timeouts: TIMEOUTS,
    timing: { clock: Date.now, random: Math.random, sleep: async () => {} },
  });
});
afterEach(async () => {
  await http.close();
  await host.close();
});

function load(withinMs?: number, signal?: AbortSignal) {
  return loadMedia({ kind: 'url', url: `${host.origin}/still.png` }, 'reference_image', http, signal, withinMs);
}

function serve(begin: (response: ServerResponse) => void): Script {
  return (_, response) => {
    open.add(response);
    response.on('close', () => open.delete(response));
    begin(response);
    return undefined;
  };
}

/** A byte now and then, without end: no silence is ever long. */
const dripping = serve((response) => {
  response.writeHead(200, { 'content-type': 'image/png' }).write('\x89PNG');
  const drip = setInterval(() => response.write('.'), 2);
  response.on('close', () => clearInterval(drip));
});

it.each<[string, Script]>([
  ['drips', dripping],
  ['falls silent', serve((response) => response.writeHead(200, { 'content-type': 'image/png' }).write('\x89PNG'))],
  ['never answers', serve(() => {})],
])('a host that %s is given up, to be asked again', async (_, script) => {
  host.reply(script);
  const error = await failure(load(100));
  expect(error).toMatchObject(LATE);
  expect(error.message).toBe('the reference image cannot be used: it did not come within 0.1 s');
  await eventually(() => open.size === 0);
});

it('who leaves is not told that it was late', async () => {
  host.reply(dripping);
  const caller = new AbortController();
  const error = failure(load(undefined, caller.signal));
  await eventually(() => open.size === 1);
  caller.abort();
  expect(await error).toMatchObject({ field: 'reference_image', retryable: false, charged: 'no' });
  await eventually(() => open.size === 0);
});

it('what comes in time is taken', async () => {
  host.reply({ headers: { 'content-type': 'image/png' }, body: Buffer.from('\x89PNG', 'latin1') });
  expect(await load()).toMatchObject({ filename: 'still.png', contentType: 'image/png' });
});
