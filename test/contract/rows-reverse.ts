import type { Backend } from '../../src/backends/backend.ts';
import { create, createWith, download, FILES, get, makeCharacter, PNG_PART, probe, type Row } from './rows.ts';

const extract = (backend: Backend) =>
  backend.extractCharacter!({
    remoteTaskId: 'task_xyz789',
    name: 'beach_girl',
    description: '',
    idempotencyKey: 'send-1',
  });
const bySeed = () => ({ kind: 'url', url: 'https://example.com/source_video.mp4' }) as const;

/** The seed's document, to the letter. */
const SEED: readonly Row[] = [
  {
    dialect: 'seed',
    operation: 'createCharacter',
    call: makeCharacter(bySeed, { name: 'coffee_girl', description: 'Fille portant une robe blanche' }),
    sends: {
      method: 'POST',
      path: '/v1/sora/characters',
      headers: { 'idempotency-key': 'send-1' },
      json: {
        video_url: 'https://example.com/source_video.mp4',
        name: 'coffee_girl',
        description: 'Fille portant une robe blanche',
      },
    },
    answer: { character_id: 'char_abc123xyz' },
    gives: { remoteId: 'char_abc123xyz', mention: '@char_abc123xyz', name: 'coffee_girl' },
  },
  {
    dialect: 'seed',
    operation: 'extractCharacter',
    call: extract,
    sends: {
      method: 'POST',
      path: '/v1/sora/characters/extract',
      headers: { 'idempotency-key': 'send-1' },
      json: { task_id: 'task_xyz789', name: 'beach_girl' },
    },
    answer: { character_id: 'char_def' },
    gives: { remoteId: 'char_def', mention: '@char_def' },
  },
  {
    dialect: 'seed',
    operation: 'listCharacters',
    call: (backend) => backend.listCharacters!(),
    sends: { method: 'GET', path: '/v1/sora/characters' },
    answer: {
      characters: [
        { character_id: 'char_a', name: 'A', description: 'a' },
        { id: 'char_b' },
        'char_c',
        { name: 'no id' },
      ],
    },
    gives: [
      { remoteId: 'char_a', mention: '@char_a', name: 'A', description: 'a' },
      { remoteId: 'char_b', mention: '@char_b' },
      { remoteId: 'char_c', mention: '@char_c' },
    ],
  },
  {
    dialect: 'seed',
    operation: 'create',
    what: 'no model, no size, duration a number',
    call: create({
      prompt: '@char_abc123xyz se promenant au bord de la mer',
      seconds: 10,
      size: undefined,
      characters: [{ remoteId: 'char_abc123xyz', name: 'coffee_girl' }],
    }),
    sends: {
      method: 'POST',
      path: '/v1/sora/generate',
      headers: { 'idempotency-key': 'send-1' },
      json: { prompt: '@char_abc123xyz se promenant au bord de la mer', duration: 10 },
    },
    answer: { task_id: 'task_1' },
    gives: { remoteId: 'task_1', state: 'queued' },
  },
  {
    dialect: 'seed',
    operation: 'get',
    call: get('task_1'),
    sends: { method: 'GET', path: '/v1/sora/tasks/task_1' },
    answer: { status: 'completed', video_url: 'https://cdn.example/v.mp4' },
    gives: { remoteId: 'task_1', state: 'completed', videoUrl: 'https://cdn.example/v.mp4' },
  },
  {
    dialect: 'seed',
    operation: 'get',
    what: 'a failure with its reason',
    call: get('task_1'),
    sends: { method: 'GET', path: '/v1/sora/tasks/task_1' },
    answer: { status: 'failed', error: 'content refused' },
    gives: { state: 'failed', error: { message: 'content refused' } },
  },
];

const SORA_V1: readonly Row[] = [
  {
    dialect: 'sora-v1',
    operation: 'createCharacter',
    what: 'outside /v1; mentions are user names',
    call: makeCharacter(bySeed),
    sends: {
      method: 'POST',
      path: '/sora/v1/characters',
      json: { model: 'sora-2-character', url: 'https://example.com/source_video.mp4', timestamps: '1,3' },
    },
    answer: {
      id: 'ch_1',
      username: 'ab12.name',
      display_name: 'Luna',
      permalink: 'https://x',
      profile_picture_url: '',
    },
    gives: { remoteId: 'ch_1', mention: '@ab12.name', name: 'Luna' },
  },
  {
    dialect: 'sora-v1',
    operation: 'createCharacter',
    what: 'the part of the clip',
    base: '',
    call: makeCharacter(bySeed, { startSeconds: 2, endSeconds: 4.5 }),
    sends: {
      method: 'POST',
      path: '/sora/v1/characters',
      json: { model: 'sora-2-character', url: 'https://example.com/source_video.mp4', timestamps: '2,4.5' },
    },
    answer: { id: 'ch_1', username: 'ab12.name' },
  },
  {
    dialect: 'sora-v1',
    operation: 'extractCharacter',
    call: extract,
    sends: {
      method: 'POST',
      path: '/sora/v1/characters',
      json: { model: 'sora-2-character', from_task: 'task_xyz789', timestamps: '1,3' },
    },
    answer: { data: { id: 'ch_2', username: 'cd34.name' } },
    gives: { remoteId: 'ch_2', mention: '@cd34.name' },
  },
  {
    dialect: 'sora-v1',
    operation: 'create',
    what: 'a handle with dots is set apart by a space',
    base: '/v1/',
    call: create({
      prompt: 'On stage: @ab12.name, bowing',
      seconds: 10,
      characters: [{ remoteId: 'ch_1', name: 'Luna' }],
    }),
    sends: {
      method: 'POST',
      path: '/v1/videos',
      json: { prompt: 'On stage: @ab12.name , bowing', model: 'sora-2', seconds: '10', size: '1280x720' },
    },
    answer: { id: 'video_1', status: 'queued' },
  },
  {
    dialect: 'sora-v1',
    operation: 'create',
    what: 'a picture',
    call: createWith(() => ({ seconds: 15, referenceImage: { kind: 'file', path: FILES.png } })),
    sends: {
      method: 'POST',
      path: '/v1/videos',
      form: {
        prompt: 'A cat in the rain',
        model: 'sora-2',
        seconds: '15',
        size: '1280x720',
        input_reference: PNG_PART,
      },
    },
    answer: { id: 'video_1', status: 'queued' },
  },
  {
    dialect: 'sora-v1',
    operation: 'get',
    call: get('video_1'),
    sends: { method: 'GET', path: '/v1/videos/video_1' },
    answer: { id: 'video_1', status: 'processing', progress: '36%' },
    gives: { state: 'in_progress', progress: 36 },
  },
  {
    dialect: 'sora-v1',
    operation: 'content',
    call: download('video_1'),
    sends: { method: 'GET', path: '/v1/videos/video_1/content' },
    answer: Buffer.from('mp4'),
  },
  {
    dialect: 'sora-v1',
    operation: 'models',
    call: probe,
    sends: { method: 'GET', path: '/v1/models' },
    answer: { data: [{ id: 'sora-2' }] },
  },
];

const UNIFIED_V2: readonly Row[] = [
  {
    dialect: 'unified-v2',
    operation: 'create',
    call: create({ seconds: 10 }),
    sends: {
      method: 'POST',
      path: '/v2/videos/generations',
      json: { prompt: 'A cat in the rain', model: 'sora-2', aspect_ratio: '16:9', duration: '10' },
    },
    answer: { task_id: 'task_1' },
    gives: { remoteId: 'task_1', state: 'queued' },
  },
  {
    dialect: 'unified-v2',
    operation: 'create',
    what: 'a character is the address of its clip; pictures are a list',
    call: create({
      seconds: 10,
      size: '720x1280',
      referenceVideo: 'https://example.com/clip.mp4',
      referenceImage: { kind: 'url', url: 'https://example.com/a.png' },
    }),
    sends: {
      method: 'POST',
      path: '/v2/videos/generations',
      json: {
        prompt: 'A cat in the rain',
        model: 'sora-2',
        aspect_ratio: '9:16',
        duration: '10',
        images: ['https://example.com/a.png'],
        character_url: 'https://example.com/clip.mp4',
        character_timestamps: '1,3',
      },
    },
    answer: { task_id: 'task_1' },
  },
  {
    dialect: 'unified-v2',
    operation: 'get',
    call: get('task_1'),
    sends: { method: 'GET', path: '/v2/videos/generations/task_1' },
    answer: { task_id: 'task_1', status: 'SUCCESS', progress: '100%', data: { output: 'https://cdn.example/v.mp4' } },
    gives: { state: 'completed', progress: 100, videoUrl: 'https://cdn.example/v.mp4' },
  },
  {
    dialect: 'unified-v2',
    operation: 'get',
    what: '100% even on failure',
    call: get('task_1'),
    sends: { method: 'GET', path: '/v2/videos/generations/task_1' },
    answer: { task_id: 'task_1', status: 'FAILURE', progress: '100%', fail_reason: 'no credit', data: null },
    gives: { state: 'failed', error: { message: 'no credit' } },
    lacks: ['progress'],
  },
  {
    dialect: 'unified-v2',
    operation: 'models',
    call: probe,
    sends: { method: 'GET', path: '/v1/models' },
    answer: { data: [{ id: 'sora-2' }] },
  },
];

export const REVERSE_ROWS: readonly Row[] = [...SEED, ...SORA_V1, ...UNIFIED_V2];
