import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { clientEntries, loadOrCreateToken } from '../../src/transports/http.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'http-token-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the token that is made on the first start', () => {
  it('is kept for its owner alone, and the same later', async () => {
    const first = await loadOrCreateToken(folder);
    const second = await loadOrCreateToken(folder);
    expect([first.created, second.created]).toEqual([true, false]);
    expect(first.secret.reveal()).toMatch(/^[\w-]{43}$/);
    expect(second.secret.reveal()).toBe(first.secret.reveal());
    expect((await stat(first.path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['http-token']);
    expect(inspect(first)).not.toContain(first.secret.reveal());
  });

  it('is one, even when two start at once', async () => {
    const kept = await Promise.all(Array.from({ length: 20 }, () => loadOrCreateToken(folder)));
    expect(new Set(kept.map(({ secret }) => secret.reveal())).size).toBe(1);
    expect(kept.filter(({ created }) => created)).toHaveLength(1);
  });

  it('is closed again when others could read it', async () => {
    const { path } = await loadOrCreateToken(folder);
    await chmod(path, 0o644);
    await loadOrCreateToken(folder);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('is not taken from what is no token file', async () => {
    const path = join(folder, 'http-token');
    await writeFile(path, 'short\n');
    await expect(loadOrCreateToken(folder)).rejects.toMatchObject({ code: 'invalid_argument' });
    expect(await readFile(path, 'utf8')).toBe('short\n');
    await rm(path);
    await symlink(join(folder, 'elsewhere'), path);
    await expect(loadOrCreateToken(folder)).rejects.toThrow(/plain file/);
    await rm(path);
    await mkdir(path);
    await expect(loadOrCreateToken(folder)).rejects.toThrow(/plain file/);
  });
});

describe('what to paste into a client', () => {
  it('is valid JSON with the address and the token', () => {
    const entries = clientEntries('http://127.0.0.1:3333/', new Secret('abcdefghijklmnop'));
    const headers = { Authorization: 'Bearer abcdefghijklmnop' };
    expect(JSON.parse(entries.http)).toEqual({
      mcpServers: { sora: { type: 'http', url: 'http://127.0.0.1:3333/mcp', headers } },
    });
    expect(JSON.parse(entries.vscode)).toEqual({
      servers: { sora: { type: 'http', url: 'http://127.0.0.1:3333/mcp', headers } },
    });
    expect(entries.claudeCode).toContain('--transport http sora http://127.0.0.1:3333/mcp');
  });
});
