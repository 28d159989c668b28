import { createUserCharacter, generateUnified, getUnified } from './accents.ts';
import { type Context, signature } from './context.ts';
import type { Operation } from './faults.ts';
import * as forwarding from './forwarding.ts';
import * as seed from './seed.ts';
import { type Call, Refusal, type Reply, sameText } from './wire.ts';

type Handler = (context: Context, call: Call) => Reply | Promise<Reply>;

export interface Route {
  readonly method: string;
  /** `:name` stands for one part of the path. */
  readonly path: string;
  readonly operation: Operation;
  readonly handle: Handler;
  /** Needs no key. */
  readonly open?: boolean;
}

function route(method: string, path: string, operation: Operation, handle: Handler): Route {
  return { method, path, operation, handle };
}

/** The first that fits is taken, so fixed names stand before ids. */
const ROUTES: readonly Route[] = [
  route('GET', '/v1/models', 'models', forwarding.listModels),
  route('POST', '/v1/videos', 'create', forwarding.createVideo),
  route('GET', '/v1/videos', 'list', forwarding.listVideos),
  route('POST', '/v1/videos/characters', 'character-create', forwarding.createCharacter),
  route('GET', '/v1/videos/characters/:id', 'character-get', forwarding.getCharacter),
  route('POST', '/v1/videos/edits', 'revise', forwarding.editVideo),
  route('POST', '/v1/videos/extensions', 'revise', forwarding.extendVideo),
  route('GET', '/v1/videos/:id', 'get', forwarding.getVideo),
  route('DELETE', '/v1/videos/:id', 'delete', forwarding.deleteVideo),
  route('GET', '/v1/videos/:id/content', 'content', forwarding.videoContent),
  route('POST', '/v1/videos/:id/remix', 'revise', forwarding.remixVideo),

  route('POST', '/v1/sora/characters', 'character-create', seed.createSeedCharacter),
  route('POST', '/v1/sora/characters/extract', 'character-extract', seed.extractSeedCharacter),
  route('GET', '/v1/sora/characters', 'character-list', seed.listSeedCharacters),
  route('POST', '/v1/sora/generate', 'create', seed.generateSeed),
  route('GET', '/v1/sora/tasks/:id', 'get', seed.getSeedTask),

  route('POST', '/sora/v1/characters', 'character-create', createUserCharacter),
  route('POST', '/v2/videos/generations', 'create', generateUnified),
  route('GET', '/v2/videos/generations/:id', 'get', getUnified),

  { ...route('GET', '/files/:name', 'link', openLink), open: true },
];

/** The route of a request and its open parts, or undefined. */
export function findRoute(method: string, path: string): { route: Route; params: Record<string, string> } | undefined {
  const parts = path.split('/');
  for (const candidate of ROUTES) {
    const wanted = candidate.path.split('/');
    if (candidate.method !== method || wanted.length !== parts.length) continue;
    const params: Record<string, string> = {};
    const fits = wanted.every((part, index) => {
      if (!part.startsWith(':')) return part === parts[index];
      params[part.slice(1)] = decode(parts[index]!);
      return parts[index] !== '';
    });
    if (fits) return { route: candidate, params };
  }
  return undefined;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function openLink(context: Context, call: Call): Reply | Promise<Reply> {
  const [id = '', signed] = call.params.name!.split('.');
  if (!sameText(signed ?? '', signature(context, id))) throw new Refusal(403, 'This link is not valid.', 'forbidden');
  const job = context.state.job(id);
  if (!job) throw new Refusal(410, 'This link has expired.', 'expired');
  return forwarding.mediaReply(context, call, job, 'video');
}
