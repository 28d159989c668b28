import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { joinClips } from '../../src/media/film.ts';
import { makeClip, scratchFolder } from './media-samples.ts';

const folder = await scratchFolder();

const PAGE = `<!doctype html><body><video muted src="/film.mp4"></video><script>
const video = document.querySelector('video');
const say = (text) => fetch('/outcome?' + encodeURIComponent(text));
video.onerror = () => say('error: ' + video.error.message);
video.onended = () => {
  const { totalVideoFrames, droppedVideoFrames } = video.getVideoPlaybackQuality();
  say(['played', video.videoWidth, video.videoHeight, video.duration.toFixed(2), totalVideoFrames > 30].join(' '));
};
video.onloadedmetadata = () => video.play();
</script></body>`;

async function serve() {
  let tell: (said: string) => void = () => undefined;
  const outcome = new Promise<string>((resolve) => {
    tell = resolve;
  });
  const server = createServer(async (request, response) => {
    const [, said] = /^\/outcome\?(.*)$/.exec(request.url ?? '') ?? [];
    if (said) tell(decodeURIComponent(said));
    if (request.url !== '/film.mp4') return void response.setHeader('content-type', 'text/html').end(PAGE);
    const path = join(folder, 'film.mp4');
    const { size } = await stat(path);
    const [, from = '0', to] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [];
    const end = to ? Number(to) : size - 1;
    response.writeHead(request.headers.range ? 206 : 200, {
      'content-type': 'video/mp4',
      'accept-ranges': 'bytes',
      'content-length': end - Number(from) + 1,
      'content-range': `bytes ${from}-${end}/${size}`,
    });
    createReadStream(path, { start: Number(from), end })
      .on('error', () => response.destroy())
      .pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, outcome, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

it('plays in Chromium from the first to the last frame', async () => {
  await makeClip(join(folder, 'one.mp4'), { seconds: 1, sound: true });
  await makeClip(join(folder, 'two.mp4'), { seconds: 1, source: 'testsrc' });
  const clips = ['one.mp4', 'two.mp4', 'one.mp4'].map((name) => join(folder, name));
  await joinClips({ clips, output: join(folder, 'film.mp4') });
  const profile = await mkdtemp(join(tmpdir(), 'sora-chromium-'));
  const { server, outcome, origin } = await serve();
  const browser = spawn(
    '/usr/bin/chromium',
    [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
      ...['--autoplay-policy=no-user-gesture-required', `--user-data-dir=${profile}`, origin],
    ],
    // A group of its own: Chromium is many processes.
    { stdio: 'ignore', detached: true },
  );
  try {
    expect(await outcome).toBe('played 320 180 3.00 true');
  } finally {
    const gone = once(browser, 'exit');
    process.kill(-browser.pid!, 'SIGKILL');
    await gone;
    server.closeAllConnections();
    server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
});
