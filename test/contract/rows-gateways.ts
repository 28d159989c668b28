import { create, createWith, download, FILES, get, list, PNG_PART, probe, type Row, remove, revise } from './rows.ts';

const MODELS = { object: 'list', data: [{ id: 'sora-2' }] };
const MP4 = Buffer.from('mp4');
const BODY = { prompt: 'A cat in the rain', model: 'sora-2', seconds: '8', size: '1280x720' };

const NEW_API: readonly Row[] = [
  {
    dialect: 'new-api',
    operation: 'create',
    what: 'task_id beside id, times in ms',
    call: create(),
    sends: { method: 'POST', path: '/v1/videos', json: BODY },
    answer: { id: 'task_1', task_id: 'task_1', object: 'video', status: 'queued', created_at: 1_764_347_090_922 },
    gives: { remoteId: 'task_1', createdAt: 1_764_347_090_922 },
  },
  {
    dialect: 'new-api',
    operation: 'create',
    what: 'a picture',
    call: createWith(() => ({ referenceImage: { kind: 'file', path: FILES.png } })),
    sends: { method: 'POST', path: '/v1/videos', form: { ...BODY, input_reference: PNG_PART } },
    answer: { id: 'task_1', status: 'queued' },
  },
  {
    dialect: 'new-api',
    operation: 'get',
    what: 'the status unknown still runs; the file is in metadata',
    call: get('task_1'),
    sends: { method: 'GET', path: '/v1/videos/task_1' },
    answer: { id: 'up_9', task_id: 'task_1', status: 'unknown', metadata: { url: 'https://cdn.example/v.mp4' } },
    gives: { remoteId: 'task_1', state: 'in_progress', videoUrl: 'https://cdn.example/v.mp4' },
  },
  {
    dialect: 'new-api',
    operation: 'content',
    call: download('task_1'),
    sends: { method: 'GET', path: '/v1/videos/task_1/content' },
    answer: MP4,
  },
  {
    dialect: 'new-api',
    operation: 'remix',
    call: revise('remix', 'task_1'),
    sends: { method: 'POST', path: '/v1/videos/task_1/remix', json: { prompt: 'Make it night' } },
    answer: { id: 'task_2', status: 'queued' },
  },
  {
    dialect: 'new-api',
    operation: 'models',
    call: probe,
    sends: { method: 'GET', path: '/v1/models' },
    answer: MODELS,
  },
];

const GATEWAY: readonly Row[] = [
  {
    dialect: 'gateway',
    operation: 'create',
    what: 'the look of a video, kept by reference (the seed)',
    call: create({ referenceVideo: 'https://example.com/character_source.mp4', influenceStrength: 0.8 }),
    sends: {
      method: 'POST',
      path: '/v1/videos',
      json: { ...BODY, reference_video: 'https://example.com/character_source.mp4', influence_strength: 0.8 },
    },
    answer: { id: 'video_1', status: 'submitted' },
    gives: { state: 'queued' },
  },
  {
    dialect: 'gateway',
    operation: 'get',
    call: get('video_1'),
    sends: { method: 'GET', path: '/v1/videos/video_1' },
    answer: { id: 'video_1', status: 'completed', video_url: 'https://cdn.example/v.mp4' },
    gives: { videoUrl: 'https://cdn.example/v.mp4' },
  },
  {
    dialect: 'gateway',
    operation: 'list',
    call: list,
    sends: { method: 'GET', path: '/v1/videos?limit=20&order=desc' },
    answer: { data: [], has_more: false },
  },
  {
    dialect: 'gateway',
    operation: 'delete',
    call: remove('video_1'),
    sends: { method: 'DELETE', path: '/v1/videos/video_1' },
    answer: { id: 'video_1', deleted: true },
  },
  {
    dialect: 'gateway',
    operation: 'content',
    call: download('video_1'),
    sends: { method: 'GET', path: '/v1/videos/video_1/content' },
    answer: MP4,
  },
  {
    dialect: 'gateway',
    operation: 'remix',
    call: revise('remix', 'video_1'),
    sends: { method: 'POST', path: '/v1/videos/video_1/remix', json: { prompt: 'Make it night' } },
    answer: { id: 'video_2', status: 'submitted' },
  },
  {
    dialect: 'gateway',
    operation: 'models',
    call: probe,
    sends: { method: 'GET', path: '/v1/models' },
    answer: MODELS,
  },
];

const OTHERS: readonly Row[] = [
  {
    dialect: 'openrouter',
    operation: 'create',
    base: '/api/v1',
    call: create({
      model: 'google/veo-3.1',
      referenceImage: { kind: 'url', url: 'https://example.com/a.png' },
    }),
    sends: {
      method: 'POST',
      path: '/api/v1/videos',
      json: {
        prompt: 'A cat in the rain',
        model: 'google/veo-3.1',
        duration: 8,
        size: '1280x720',
        frame_images: [
          { type: 'image_url', image_url: { url: 'https://example.com/a.png' }, frame_type: 'first_frame' },
        ],
      },
    },
    answer: { id: 'job-1', polling_url: '/api/v1/videos/job-1', status: 'pending' },
    gives: { remoteId: 'job-1', state: 'queued' },
  },
  {
    dialect: 'openrouter',
    operation: 'get',
    base: '/api/v1',
    call: get('job-1'),
    sends: { method: 'GET', path: '/api/v1/videos/job-1' },
    answer: {
      id: 'job-1',
      status: 'completed',
      unsigned_urls: ['https://openrouter.example/v/0'],
      usage: { cost: 0.5 },
    },
    gives: { state: 'completed', videoUrl: 'https://openrouter.example/v/0' },
  },
  {
    dialect: 'openrouter',
    operation: 'content',
    base: '/api/v1',
    call: download('job-1'),
    sends: { method: 'GET', path: '/api/v1/videos/job-1/content' },
    answer: MP4,
  },
  {
    dialect: 'openrouter',
    operation: 'models',
    base: '/api/v1',
    call: probe,
    sends: { method: 'GET', path: '/api/v1/videos/models' },
    answer: { data: [{ id: 'google/veo-3.1' }] },
    gives: { models: ['google/veo-3.1'] },
  },
  {
    dialect: 'xai',
    operation: 'create',
    call: create({ model: 'grok-imagine-video', referenceImage: { kind: 'url', url: 'https://example.com/a.png' } }),
    sends: {
      method: 'POST',
      path: '/v1/videos/generations',
      json: {
        prompt: 'A cat in the rain',
        model: 'grok-imagine-video',
        duration: 8,
        aspect_ratio: '16:9',
        resolution: '720p',
        image: { url: 'https://example.com/a.png' },
      },
    },
    answer: { request_id: 'req_1' },
    gives: { remoteId: 'req_1', state: 'queued' },
  },
  {
    dialect: 'xai',
    operation: 'get',
    call: get('req_1'),
    sends: { method: 'GET', path: '/v1/videos/req_1' },
    answer: {
      status: 'done',
      video: { url: 'https://vidgen.example/v.mp4', duration: 8 },
      model: 'grok-imagine-video',
    },
    gives: { state: 'completed', videoUrl: 'https://vidgen.example/v.mp4', seconds: 8 },
  },
  {
    dialect: 'xai',
    operation: 'models',
    call: probe,
    sends: { method: 'GET', path: '/v1/models' },
    answer: { data: [{ id: 'grok-imagine-video' }] },
  },
];

export const GATEWAY_ROWS: readonly Row[] = [...NEW_API, ...GATEWAY, ...OTHERS];
