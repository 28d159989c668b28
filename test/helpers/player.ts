import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CHROMIUM = '/usr/bin/chromium';

const PAGE = `<!doctype html><body><video muted src="/film.mp4"></video><script>
const video = document.querySelector('video');
const say = (facts) => fetch('/outcome?' + encodeURIComponent(JSON.stringify(facts)));
video.onerror = () => say({ error: video.error.message });
video.onended = () => say({ width: video.videoWidth, height: video.videoHeight, seconds: video.duration });
video.onloadedmetadata = () => { video.playbackRate = 8; video.play(); };
</script></body>`;

/** What Chromium says of a film that it has played from its first to its last frame, at eight times its speed. */
export async function playInChromium(path: string): Promise<Record<string, unknown>> {
  let tell: (facts: Record<string, unknown>) => void = () => undefined;
  const outcome = new Promise<Record<string, unknown>>((resolve) => {
    tell = resolve;
  });
  const server = createServer((request, response) => {
    const [, said] = /^\/outcome\?(.*)$/.exec(request.url ?? '') ?? [];
    if (said) tell(JSON.parse(decodeURIComponent(said)));
    if (request.url !== '/film.mp4') return void response.setHeader('content-type', 'text/html').end(PAGE);
    const { size } = statSync(path);
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
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const profile = mkdtempSync(join(tmpdir(), 'sora-chromium-'));
  const browser = spawn(
    CHROMIUM,
    [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
      ...['--disable-background-networking', '--disable-component-update', `--user-data-dir=${profile}`],
      ...['--autoplay-policy=no-user-gesture-required', `http://127.0.0.1:${(server.address() as AddressInfo).port}`],
    ],
    // A group of its own: Chromium is many processes.
    { stdio: 'ignore', detached: true },
  );
  const exited = once(browser, 'exit');
  try {
    return await outcome;
  } finally {
    process.kill(-browser.pid!, 'SIGKILL');
    await exited;
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
