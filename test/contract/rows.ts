import type { Backend, CreateCharacter, CreateVideo } from '../../src/backends/backend.ts';

/** One call of the port, and the request that it must become, written down from the upstream's documents. */
export interface Row {
  readonly dialect: string;
  /** The dialect's operation that it shows. */
  readonly operation: string;
  readonly what?: string;
  /** Behind the server's origin. Default `/v1`. */
  readonly base?: string;
  readonly call: (backend: Backend) => Promise<unknown>;
  readonly sends: {
    readonly method: string;
    /** Path and query as they are on the wire. */
    readonly path: string;
    /** Default: `authorization: Bearer sk-contract-key`. */
    readonly headers?: Readonly<Record<string, string | undefined>>;
    /** The whole JSON body. */
    readonly json?: unknown;
    /** The whole multipart body. */
    readonly form?: Readonly<Record<string, unknown>>;
  };
  readonly answer: unknown;
  /** How many go out, each answered so; `sends` is the first. Default 1. */
  readonly requests?: number;
  /** What the call must give, as far as it is named here. */
  readonly gives?: object;
  /** Facts that the upstream did not tell and that must not be there. */
  readonly lacks?: readonly string[];
}

/** A PNG of 8 bytes and an MP4 of 12, made by the suite's setup. */
export const FILES = { png: '', mp4: '' };
export const PNG_PART = { file: 'still.png', type: 'image/png', bytes: 8 };
export const MP4_PART = { file: 'clip.mp4', type: 'video/mp4', bytes: 12 };

/** The place of the media server, filled in by the suite's setup: `/still.png` and `/clip.mp4`. */
export const MEDIA = { origin: '' };

export function create(changes: Partial<CreateVideo> = {}): (backend: Backend) => Promise<unknown> {
  return (backend) =>
    backend.createVideo({
      prompt: 'A cat in the rain',
      model: 'sora-2',
      seconds: 8,
      size: '1280x720',
      characters: [],
      idempotencyKey: 'send-1',
      ...changes,
    });
}

/** Media arguments are made when the row runs: their place is known only then. */
export function createWith(changes: () => Partial<CreateVideo>): (backend: Backend) => Promise<unknown> {
  return (backend) => create(changes())(backend);
}

export function makeCharacter(source: () => CreateCharacter['source'], changes: Partial<CreateCharacter> = {}) {
  return (backend: Backend) =>
    backend.createCharacter!({
      name: 'Luna',
      description: 'A girl in a white dress',
      source: source(),
      idempotencyKey: 'send-1',
      ...changes,
    });
}

export const get = (id: string) => (backend: Backend) => backend.getVideo(id);
export const list = (backend: Backend) => backend.listVideos!({ limit: 20 });
export const remove = (id: string) => (backend: Backend) => backend.deleteVideo!(id);
export const probe = (backend: Backend) => backend.probe();
export const revise =
  (mode: 'remix' | 'edit' | 'extend', remoteTaskId: string, seconds?: number) => (backend: Backend) =>
    backend.revise!({
      mode,
      remoteTaskId,
      prompt: 'Make it night',
      model: 'sora-2',
      idempotencyKey: 'send-1',
      ...(seconds === undefined ? {} : { seconds }),
    });

/** Opens and drains. */
export const download =
  (remoteId: string, variant: 'video' | 'thumbnail' | 'spritesheet' = 'video', videoUrl?: string) =>
  async (backend: Backend) => {
    const content = await backend.openContent({ remoteId, videoUrl }, variant, 0);
    for await (const _ of content.body);
    return content;
  };
