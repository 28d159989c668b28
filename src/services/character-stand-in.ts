import { type Character, spanIn } from '../domain/character.ts';
import { SoraError } from '../domain/errors.ts';
import type { Draft } from './binding.ts';
import { publish } from './binding.ts';
import { handleTaken } from './binding-choice.ts';
import type { Core, WatchedBackend, Workspace } from './core.ts';
import { persist } from './persist.ts';
import { checkSpan } from './source-clip.ts';

/** Where no backend makes characters: those that take a character's clip with the video instead. */
export function standIns(core: Core): readonly WatchedBackend[] {
  const living = [...core.backends.values()].filter((backend) => !backend.profile.retired);
  if (living.some((backend) => backend.profile.capabilities.createCharacter)) return [];
  return living.filter((backend) => backend.profile.capabilities.referenceVideo);
}

interface Keeping {
  /** Those that are meant; at least one. */
  readonly backends: readonly WatchedBackend[];
  readonly existing: Character | undefined;
  readonly draft: Draft;
}

/** Keeps a character that is made nowhere: its clip will stand in for it. Nothing is sent, nothing costs anything. */
export async function keepCharacter(core: Core, workspace: Workspace, keeping: Keeping): Promise<Character> {
  const { existing, draft } = keeping;
  checkStandIn(keeping);
  const now = core.clock();
  const { characters } = core.store;
  const kept = await persist(() =>
    existing
      ? characters.update(workspace.name, existing.id, { source: draft.source })
      : characters.insert({
          id: core.newId('chr'),
          workspace: workspace.name,
          ...draft,
          createdAt: now,
          updatedAt: now,
        }),
  );
  publish(core, workspace, draft.handle, existing === undefined);
  if (kept) return kept;
  throw new SoraError({ code: 'not_found', message: `@${draft.handle} is no longer in the catalog` });
}

function checkStandIn({ backends, existing, draft: { source } }: Keeping): void {
  const ids = backends.map((backend) => backend.profile.id).join(', ');
  if (source.kind === 'file') {
    throw new SoraError({
      code: 'not_supported',
      field: 'file_path',
      message: `no configured backend makes characters, and ${ids} fetches the clip itself and takes no files`,
      hint: 'Give video_url: an address that the upstream can reach.',
    });
  }
  if (existing && (existing.source.kind === 'video_url' || source === existing.source)) {
    throw handleTaken(existing, 'is in the catalog already');
  }
  const span = spanIn(source);
  const ranged = backends.find((backend) => backend.profile.capabilities.referenceRange);
  const judge = ranged ?? backends[0]!;
  if (span) checkSpan(judge.profile, span, ranged !== undefined);
}
