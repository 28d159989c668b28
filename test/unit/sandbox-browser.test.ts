import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { renderSpritesheet, renderThumbnail } from '../../src/sandbox/media/stills.ts';
import { clipBytes, installed, inTemporaryFolder } from '../helpers/media.ts';

const QUIET = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
];

const TYPES: { readonly [extension: string]: string } = {
  html: 'text/html',
  mp4: 'video/mp4',
  webp: 'image/webp',
  jpg: 'image/jpeg',
};

/** Plays the clip to its end, loads the stills, and reports what it found. */
const PAGE = `<video muted src="/clip.mp4"></video><img src="/still.webp"><img src="/sheet.jpg"><script>
  const video = document.querySelector('video');
  const images = Array.from(document.images, async (image) => {
    await image.decode();
    return [image.naturalWidth, image.naturalHeight];
  });
  const ended = new Promise((done, failed) => {
    video.onended = () => done([video.videoWidth, video.videoHeight, video.duration, video.currentTime]);
    video.onerror = () => failed(video.error.message);
  });
  video.playbackRate = 4;
  video.play();
  const report = (found) => fetch('/found', { method: 'POST', body: JSON.stringify(found) });
  Promise.all([ended, ...images]).then(report, (error) => report(String(error)));
</script>`;

/** Opens the page in a fresh Chromium and waits for its report. */
async function reportOf(files: { readonly [path: string]: Uint8Array | string }): Promise<unknown> {
  let report: (found: unknown) => void;
  const reported = new Promise<unknown>((resolve) => {
    report = resolve;
  });
  const server = createServer(async (request, response) => {
    if (request.method === 'POST') {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      report(JSON.parse(Buffer.concat(chunks).toString()));
    }
    const file = files[request.url ?? ''];
    const type = TYPES[(request.url ?? '').split('.')[1] ?? ''] ?? 'text/plain';
    response.writeHead(file === undefined ? 404 : 200, { 'content-type': type }).end(file);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/page.html`;
  try {
    return await inTemporaryFolder(async (folder) => {
      const browser = spawn('chromium', [...QUIET, `--user-data-dir=${folder}/profile`, address], {
        stdio: 'ignore',
        detached: true,
        env: { ...process.env, HOME: folder },
      });
      const exited = new Promise((resolve) => browser.once('exit', resolve));
      try {
        return await Promise.race([reported, pause(150_000, 'no report', { ref: false })]);
      } finally {
        // The whole group that was started here: Chromium is many processes.
        process.kill(-browser.pid!, 'SIGKILL');
        await exited;
        // The others of the group may still be on their way out, and writing.
        await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
      }
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe.skipIf(!installed('chromium'))('in Chromium', () => {
  it('a clip plays to its end and the stills load', async () => {
    const facts = { prompt: 'a boat', seconds: 2, width: 1280, height: 720, characters: [{ name: 'Mia' }], label: 'x' };
    const found = await reportOf({
      '/page.html': PAGE,
      '/clip.mp4': await clipBytes(facts),
      '/still.webp': renderThumbnail(facts),
      '/sheet.jpg': renderSpritesheet(facts),
    });
    expect(found).toEqual([
      [1280, 720, 2, 2],
      [320, 180],
      [480, 270],
    ]);
  });
});
