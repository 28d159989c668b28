import { dimensions, parseSize } from '../domain/video.ts';
import type { Job, SandboxCharacter } from './job.ts';
import type { ClipFacts } from './media/clip.ts';

export type Variant = 'video' | 'thumbnail' | 'spritesheet';

/** The media of finished jobs. They are drawn from the job alone, so nothing is kept but the last few. */
export interface ClipStore {
  media(job: Job, variant: Variant, cast: readonly SandboxCharacter[]): Promise<Uint8Array>;
}

const KEPT = 8;
const ROUTE = { forwarding: 'forwarding', seed: 'reverse', 'sora-v1': 'reverse', 'unified-v2': 'reverse' } as const;

export function clipStore(): ClipStore {
  const made = new Map<string, Promise<Uint8Array>>();
  return {
    media: (job, variant, cast) => {
      const name = `${job.id} ${variant}`;
      const known = made.get(name);
      if (known) return known;
      const media = render(clipFacts(job, cast), variant);
      made.set(name, media);
      for (const oldest of made.keys()) {
        if (made.size <= KEPT) break;
        made.delete(oldest);
      }
      // A failure is not worth keeping.
      media.catch(() => made.delete(name));
      return media;
    },
  };
}

async function render(facts: ClipFacts, variant: Variant): Promise<Uint8Array> {
  // The drawing code is loaded with the first clip, not with the server.
  if (variant === 'video') return (await import('./media/clip.ts')).renderClip(facts);
  const stills = await import('./media/stills.ts');
  return variant === 'thumbnail' ? stills.renderThumbnail(facts) : stills.renderSpritesheet(facts);
}

function clipFacts(job: Job, cast: readonly SandboxCharacter[]): ClipFacts {
  const size = dimensions(parseSize(job.size) ?? '1280x720');
  // A person wants to read a name where the prompt has an id.
  const prompt = cast.reduce(
    (text, { id, username, name }) =>
      text.replaceAll(`@${id}`, `@${name}`).replaceAll(`@${username ?? id}`, `@${name}`),
    job.prompt,
  );
  const kind = job.kind === 'video' ? 'clip' : job.kind;
  return {
    prompt,
    seconds: job.seconds,
    width: size.width - (size.width % 2),
    height: size.height - (size.height % 2),
    characters: cast.map(({ name, description }) => ({ name, description })),
    label: `${kind} ${job.seq} ${ROUTE[job.accent]}`,
    createdAt: Math.floor(job.createdAt / 1000),
  };
}
