import {
  create,
  createWith,
  download,
  FILES,
  get,
  list,
  MEDIA,
  MP4_PART,
  makeCharacter,
  PNG_PART,
  probe,
  type Row,
  remove,
  revise,
} from './rows.ts';

const MODELS = { object: 'list', data: [{ id: 'sora-2' }] };
const MP4 = Buffer.from('mp4');
const BODY = { prompt: 'A cat in the rain', model: 'sora-2', seconds: '8', size: '1280x720' };
const API_KEY = { 'api-key': 'sk-contract-key', authorization: undefined };
const LONG_ID = 'video_bGl0ZWxsbTpjdXN0b206YXp1cmU7dmlkZW86MTIz==';
const LONG_PATH = '/v1/videos/video_bGl0ZWxsbTpjdXN0b206YXp1cmU7dmlkZW86MTIz%3D%3D';
const azure = { dialect: 'azure', base: '/openai/v1' } as const;

const AZURE: readonly Row[] = [
  {
    ...azure,
    operation: 'create',
    call: create(),
    sends: { method: 'POST', path: '/openai/v1/videos', headers: API_KEY, json: BODY },
    answer: { id: 'video_1', status: 'queued' },
  },
  {
    ...azure,
    operation: 'create',
    what: 'a picture by address is fetched and uploaded',
    call: createWith(() => ({ referenceImage: { kind: 'url', url: `${MEDIA.origin}/still.png` } })),
    sends: {
      method: 'POST',
      path: '/openai/v1/videos',
      headers: API_KEY,
      form: { ...BODY, input_reference: PNG_PART },
    },
    answer: { id: 'video_1', status: 'queued' },
  },
  {
    ...azure,
    operation: 'get',
    call: get('video_1'),
    sends: { method: 'GET', path: '/openai/v1/videos/video_1', headers: API_KEY },
    answer: { id: 'video_1', status: 'in_progress', progress: 36 },
    gives: { state: 'in_progress', progress: 36 },
  },
  {
    ...azure,
    operation: 'list',
    call: list,
    sends: { method: 'GET', path: '/openai/v1/videos?limit=20&order=desc', headers: API_KEY },
    answer: { data: [], has_more: false },
  },
  {
    ...azure,
    operation: 'delete',
    call: remove('video_1'),
    sends: { method: 'DELETE', path: '/openai/v1/videos/video_1', headers: API_KEY },
    answer: { id: 'video_1', deleted: true },
  },
  {
    ...azure,
    operation: 'content',
    call: download('video_1', 'thumbnail'),
    sends: { method: 'GET', path: '/openai/v1/videos/video_1/content?variant=thumbnail', headers: API_KEY },
    answer: MP4,
  },
  {
    ...azure,
    operation: 'remix',
    call: revise('remix', 'video_1'),
    sends: {
      method: 'POST',
      path: '/openai/v1/videos/video_1/remix',
      headers: API_KEY,
      json: { prompt: 'Make it night' },
    },
    answer: { id: 'video_2', status: 'queued' },
  },
  {
    ...azure,
    operation: 'models',
    call: probe,
    sends: { method: 'GET', path: '/openai/v1/models', headers: API_KEY },
    answer: MODELS,
  },
];

const LITELLM: readonly Row[] = [
  {
    dialect: 'litellm',
    operation: 'create',
    call: create({ prompt: 'Luna waves', characters: [{ remoteId: 'char_1', name: 'Luna' }] }),
    sends: {
      method: 'POST',
      path: '/v1/videos',
      json: { ...BODY, prompt: 'Luna waves', characters: [{ id: 'char_1' }] },
    },
    answer: { id: LONG_ID, object: 'video', status: null },
    gives: { remoteId: LONG_ID, state: 'queued' },
  },
  {
    dialect: 'litellm',
    operation: 'get',
    what: 'ids are base64 with =; fields may be missing',
    call: get(LONG_ID),
    sends: { method: 'GET', path: LONG_PATH },
    answer: { id: LONG_ID },
    gives: { remoteId: LONG_ID, state: 'in_progress' },
  },
  {
    dialect: 'litellm',
    operation: 'list',
    call: list,
    sends: { method: 'GET', path: '/v1/videos?limit=20&order=desc' },
    answer: { data: [{ id: LONG_ID, status: 'completed' }], has_more: false },
    gives: { videos: [{ remoteId: LONG_ID, state: 'completed' }] },
  },
  {
    dialect: 'litellm',
    operation: 'delete',
    call: remove(LONG_ID),
    sends: { method: 'DELETE', path: LONG_PATH },
    answer: { id: LONG_ID, deleted: true },
  },
  {
    dialect: 'litellm',
    operation: 'content',
    call: download(LONG_ID),
    sends: { method: 'GET', path: `${LONG_PATH}/content` },
    answer: MP4,
  },
  {
    dialect: 'litellm',
    operation: 'remix',
    call: revise('remix', LONG_ID),
    sends: { method: 'POST', path: `${LONG_PATH}/remix`, json: { prompt: 'Make it night' } },
    answer: { id: 'video_2', status: 'queued' },
  },
  {
    dialect: 'litellm',
    operation: 'edit',
    call: revise('edit', LONG_ID),
    sends: { method: 'POST', path: '/v1/videos/edits', json: { prompt: 'Make it night', video: { id: LONG_ID } } },
    answer: { id: 'video_2', status: 'queued' },
  },
  {
    dialect: 'litellm',
    operation: 'extend',
    call: revise('extend', LONG_ID, 4),
    sends: {
      method: 'POST',
      path: '/v1/videos/extensions',
      json: { prompt: 'Make it night', seconds: '4', video: { id: LONG_ID } },
    },
    answer: { id: 'video_2', status: 'queued' },
  },
  {
    dialect: 'litellm',
    operation: 'createCharacter',
    call: makeCharacter(() => ({ kind: 'file', path: FILES.mp4 })),
    sends: { method: 'POST', path: '/v1/videos/characters', form: { name: 'Luna', video: MP4_PART } },
    answer: { id: 'char_1', name: 'Luna' },
    gives: { remoteId: 'char_1', mention: 'Luna' },
  },
  {
    dialect: 'litellm',
    operation: 'models',
    call: probe,
    sends: { method: 'GET', path: '/v1/models' },
    answer: MODELS,
  },
];

const BIFROST: readonly Row[] = [
  {
    dialect: 'bifrost',
    operation: 'create',
    what: 'seconds an integer, models as provider/model',
    call: create({ model: 'openai/sora-2' }),
    sends: { method: 'POST', path: '/v1/videos', json: { ...BODY, model: 'openai/sora-2', seconds: 8 } },
    answer: { id: 'video_1:openai', status: 'queued', seconds: 8 },
    gives: { remoteId: 'video_1:openai', seconds: 8 },
  },
  {
    dialect: 'bifrost',
    operation: 'create',
    what: 'a local picture inside the JSON',
    call: createWith(() => ({ model: 'openai/sora-2', referenceImage: { kind: 'file', path: FILES.png } })),
    sends: {
      method: 'POST',
      path: '/v1/videos',
      json: {
        ...BODY,
        model: 'openai/sora-2',
        seconds: 8,
        input_reference: 'data:image/png;base64,iVBORw0KGgo=',
      },
    },
    answer: { id: 'video_1:openai', status: 'queued' },
  },
  {
    dialect: 'bifrost',
    operation: 'get',
    what: 'ids hold a colon; the file is in a list',
    call: get('video_1:openai'),
    sends: { method: 'GET', path: '/v1/videos/video_1%3Aopenai' },
    answer: { id: 'video_1:openai', status: 'completed', videos: [{ url: 'https://cdn.example/v.mp4', type: 'url' }] },
    gives: { state: 'completed', videoUrl: 'https://cdn.example/v.mp4' },
  },
  {
    dialect: 'bifrost',
    operation: 'list',
    call: list,
    sends: { method: 'GET', path: '/v1/videos?limit=20&order=desc' },
    answer: { data: [], has_more: false },
  },
  {
    dialect: 'bifrost',
    operation: 'delete',
    call: remove('video_1:openai'),
    sends: { method: 'DELETE', path: '/v1/videos/video_1%3Aopenai' },
    answer: { id: 'video_1:openai', deleted: true },
  },
  {
    dialect: 'bifrost',
    operation: 'content',
    call: download('video_1:openai'),
    sends: { method: 'GET', path: '/v1/videos/video_1%3Aopenai/content' },
    answer: MP4,
  },
  {
    dialect: 'bifrost',
    operation: 'remix',
    call: revise('remix', 'video_1:openai'),
    sends: { method: 'POST', path: '/v1/videos/video_1%3Aopenai/remix', json: { prompt: 'Make it night' } },
    answer: { id: 'video_2:openai', status: 'queued' },
  },
  {
    dialect: 'bifrost',
    operation: 'models',
    call: probe,
    sends: { method: 'GET', path: '/v1/models' },
    answer: { data: [{ id: 'openai/sora-2' }] },
  },
];

export const PROXY_ROWS: readonly Row[] = [...AZURE, ...LITELLM, ...BIFROST];
