import { realpath } from 'node:fs/promises';
import type { Character, CharacterSource } from '../domain/character.ts';
import type { Making } from './binding.ts';
import type { Core } from './core.ts';

/** A character as the create left it. */
export interface MadeCharacter extends Character {
  /** The backend it was made on now, and those that know it from another clip: they may show somebody else. */
  readonly otherClip?: { readonly on: string; readonly than: readonly string[] } | undefined;
}

export async function otherClipOf(core: Core, making: Making): Promise<MadeCharacter['otherClip']> {
  const { existing, draft, backend } = making;
  // What an adopted one was made from is not known.
  if (!existing || existing.source.kind === 'adopted') return undefined;
  const on = backend.profile.id;
  const than = existing.bindings.filter((each) => each.state === 'ready' && each.backend !== on);
  if (than.length === 0) return undefined;
  const kept = await placesOf(core, existing.workspace, existing.source);
  const given = await placesOf(core, existing.workspace, draft.source);
  if (kept.some((place) => given.includes(place))) return undefined;
  return { on, than: than.map((each) => each.backend) };
}

/** Where the clip can be found: that of a task in several places. */
async function placesOf(core: Core, workspace: string, source: CharacterSource): Promise<readonly string[]> {
  switch (source.kind) {
    case 'video_url':
      return [source.url];
    case 'file':
      return [source.path];
    case 'task': {
      const { filePath, videoUrl } = core.store.tasks.byId(source.taskId, workspace) ?? {};
      // As a path that a caller names is kept.
      const file = filePath === undefined ? undefined : await realpath(filePath).catch(() => filePath);
      return [source.taskId, file, videoUrl].filter((place) => place !== undefined);
    }
    case 'adopted':
      return [];
    default:
      return source satisfies never;
  }
}
