import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBackend, dialectNamed, dialectNames } from '../../src/backends/registry.ts';
import { Secret } from '../../src/domain/secret.ts';
import { FILES, MEDIA, type Row } from './rows.ts';
import { ENGINE_ROWS } from './rows-engines.ts';
import { GATEWAY_ROWS } from './rows-gateways.ts';
import { OPENAI_ROWS } from './rows-openai.ts';
import { PROXY_ROWS } from './rows-proxies.ts';
import { REVERSE_ROWS } from './rows-reverse.ts';
import { formOf, startUpstream, type Upstream } from './upstream.ts';

const ROWS: readonly Row[] = [...OPENAI_ROWS, ...ENGINE_ROWS, ...PROXY_ROWS, ...GATEWAY_ROWS, ...REVERSE_ROWS];
const PNG = Buffer.from('89504e470d0a1a0a', 'hex');
const MP4 = Buffer.from('0000000c6674797069736f6d', 'hex');

let folder: string;
let media: Upstream;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'contract-'));
  FILES.png = join(folder, 'still.png');
  FILES.mp4 = join(folder, 'clip.mp4');
  await writeFile(FILES.png, PNG);
  await writeFile(FILES.mp4, MP4);
  media = await startUpstream(({ path, headers }) => {
    if (headers.authorization || headers['api-key']) return { status: 400 };
    return path.endsWith('.png')
      ? { headers: { 'content-type': 'image/png' }, body: PNG }
      : { headers: { 'content-type': 'video/mp4' }, body: MP4 };
  });
  MEDIA.origin = media.origin;
});

afterAll(async () => {
  await media.close();
  await rm(folder, { recursive: true });
});

describe.each(dialectNames())('%s', (name) => {
  const rows = ROWS.filter(({ dialect }) => dialect === name);

  it.each(rows.map((row) => [`${row.operation}${row.what ? `: ${row.what}` : ''}`, row] as const))(
    '%s',
    async (_, row) => {
      const upstream = await startUpstream(() =>
        Buffer.isBuffer(row.answer)
          ? { headers: { 'content-type': 'video/mp4', 'content-length': String(row.answer.length) }, body: row.answer }
          : { body: row.answer },
      );
      const dialect = dialectNamed(name);
      const backend = createBackend({
        id: 'under-test',
        route: dialect.route,
        dialect,
        baseUrl: new URL(`${upstream.origin}${row.base ?? '/v1'}`),
        apiKey: new Secret('sk-contract-key'),
      });
      try {
        const given = await row.call(backend);
        expect(upstream.requests).toHaveLength(row.requests ?? 1);
        const sent = upstream.requests[0]!;
        expect({ method: sent.method, path: sent.path }).toEqual({ method: row.sends.method, path: row.sends.path });
        const headers = { authorization: 'Bearer sk-contract-key', ...row.sends.headers };
        for (const [header, value] of Object.entries(headers)) expect(sent.headers[header], header).toBe(value);
        if (row.sends.json !== undefined) {
          expect(sent.headers['content-type']).toBe('application/json');
          expect(JSON.parse(sent.body.toString())).toEqual(row.sends.json);
        } else if (row.sends.form !== undefined) {
          expect(sent.headers['content-length']).toBe(String(sent.body.length));
          expect(await formOf(sent)).toEqual(row.sends.form);
        } else {
          expect(sent.body.length).toBe(0);
        }
        if (row.gives !== undefined) expect(given).toMatchObject(row.gives);
        for (const fact of row.lacks ?? []) expect(given).not.toHaveProperty(fact);
      } finally {
        await backend.close();
        await upstream.close();
      }
    },
  );

  it('is shown in every operation that the port can reach', () => {
    const shown = new Set(rows.map(({ operation }) => operation));
    const claimed = Object.keys(dialectNamed(name).operations).filter((operation) => operation !== 'getCharacter');
    expect([...shown].sort()).toEqual(claimed.sort());
  });
});
