import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { connect, MAIN, tempDir } from '../helpers/server.ts';

const KEY = 'sk-reference-key-1';

/** A picture of another shape than any video, with its left half red and its right half blue. */
function picture(path: string): Buffer {
  const half = (color: string) => `color=${color}:s=400x300`;
  const inputs = ['-f', 'lavfi', '-i', half('red'), '-f', 'lavfi', '-i', half('blue')];
  const made = spawnSync('ffmpeg', [
    '-v',
    'error',
    '-y',
    ...inputs,
    '-filter_complex',
    'hstack',
    '-frames:v',
    '1',
    path,
  ]);
  expect(made.stderr.toString()).toBe('');
  return readFileSync(path);
}

async function setting() {
  const sandbox = await startSandbox({ jobMs: 200, key: KEY });
  onTestFinished(() => sandbox.close());
  const dir = tempDir();
  mkdirSync(join(dir, 'pictures'));
  const env = { SORA_FORWARDING_BASE_URL: sandbox.baseUrl, SORA_FORWARDING_API_KEY: KEY };
  return { sandbox, dir, env };
}

function uploaded(sandbox: Awaited<ReturnType<typeof setting>>['sandbox']) {
  const create = sandbox.requests().find(({ operation }) => operation === 'create');
  return JSON.stringify(create);
}

test('a file becomes exactly as large as the video, cropped and not stretched', async () => {
  const { sandbox, dir, env } = await setting();
  const path = join(dir, 'pictures', 'two.png');
  picture(path);
  const server = await connect(dir, env);
  await server.call('generate_video', { prompt: 'a sea', size: '1280x720', reference_image: path });
  expect(uploaded(sandbox)).toContain('input_reference');
  const [made] = readdirSync(join(dir, 'references'));
  const facts = spawnSync('ffprobe', [
    '-v',
    'error',
    '-show_entries',
    'stream=width,height',
    '-of',
    'csv=p=0',
    join(dir, 'references', made!),
  ]);
  expect(facts.stdout.toString().trim()).toBe('1280,720');
});

test('main.js needs no other file of its build, not even for pictures', async () => {
  const { sandbox, dir, env } = await setting();
  const install = tempDir();
  mkdirSync(join(install, 'node_modules'));
  symlinkSync(join(dirname(MAIN), '../node_modules/better-sqlite3'), join(install, 'node_modules/better-sqlite3'));
  const main = join(install, 'main.js');
  copyFileSync(MAIN, main);
  const server = await connect(dir, env, main);
  for (const type of ['jpg', 'webp', 'png']) {
    const path = join(dir, 'pictures', `two.${type}`);
    picture(path);
    await server.call('generate_video', { prompt: `a sea of ${type}`, size: '1280x720', reference_image: path });
  }
  expect(sandbox.jobs()).toHaveLength(3);
  expect(readdirSync(install).filter((name) => !name.endsWith('.code'))).toEqual(['main.js', 'node_modules']);
});

test('an address is fetched, checked and fitted here, unless it lies inside the network', async () => {
  const { sandbox, dir, env } = await setting();
  const bytes = picture(join(dir, 'pictures', 'two.png'));
  const site = createServer((request, response) => {
    const page = request.url?.endsWith('.html');
    response.setHeader('content-type', page ? 'text/html' : 'image/png').end(page ? '<html>' : bytes);
  });
  await new Promise<void>((ready) => site.listen(0, '127.0.0.1', ready));
  onTestFinished(() => void site.close());
  const address = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  const closed = await connect(dir, env);
  const request = { prompt: 'a sea', size: '1280x720', reference_image: `${address}/two.png` };
  expect(await closed.fail('generate_video', request)).toMatchObject({ code: 'address_not_allowed' });
  const open = await connect(dir, { ...env, SORA_FETCH_HOSTS: '127.0.0.1' });
  const page = { ...request, reference_image: `${address}/page.html` };
  expect(await open.fail('generate_video', page)).toMatchObject({ code: 'file_invalid', field: 'reference_image' });
  expect(sandbox.jobs()).toHaveLength(0);
  await open.call('generate_video', request);
  expect(sandbox.jobs()).toHaveLength(1);
  expect(uploaded(sandbox)).toContain('input_reference');
});

test('what is no picture is refused before anything is sent', async () => {
  const { sandbox, dir, env } = await setting();
  const path = join(dir, 'pictures', 'text.png');
  writeFileSync(path, 'not a picture');
  const server = await connect(dir, env);
  const request = { prompt: 'a sea', reference_image: path };
  expect(await server.fail('generate_video', request)).toMatchObject({
    code: 'file_invalid',
    field: 'reference_image',
  });
  expect(sandbox.jobs()).toHaveLength(0);
  expect(await server.call('get_task')).toMatchObject({ tasks: [] });
});
