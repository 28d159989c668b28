import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { failure, startApp } from '../helpers/app.ts';
import { clipBytes } from '../helpers/media.ts';

const EVE = { name: 'Eve Roe', rightsConfirmed: true } as const;

describe('the advice to bind a character', () => {
  test('is not given where its file cannot go', async () => {
    const app = await startApp();
    const filePath = join(app.dataDir, 'eve.mp4');
    await writeFile(filePath, await clipBytes());
    await app.services.characters.create({ ...EVE, filePath, backend: 'forwarding' });
    const { task } = await app.make('@eve_roe runs');
    expect(task.backend).toBe('forwarding');
    expect(task.reasons.join(' ')).not.toContain('create_character');
    const error = await failure(app.make('@eve_roe runs', { backend: 'reverse' }));
    expect(error.hint).toContain('and backend "reverse" can, given a video_url.');
  });

  test('is given where its address can', async () => {
    const app = await startApp();
    const filePath = join(app.dataDir, 'eve.mp4');
    await writeFile(filePath, await clipBytes());
    const eve = await app.services.characters.create({ ...EVE, filePath, backend: 'forwarding' });
    app.store.characters.update('local', eve.id, { source: { kind: 'video_url', url: 'https://example.com/eve.mp4' } });
    const { task } = await app.make('@eve_roe runs');
    expect(task.reasons.join(' ')).toContain('create_character with handle "eve_roe" and backend "reverse"');
  });
});
