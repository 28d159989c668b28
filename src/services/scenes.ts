import { invalid, SoraError, withFacts } from '../domain/errors.ts';
import type { StoredScene, StoredStoryboard } from '../store/storyboards.ts';
import type { Core, Workspace } from './core.ts';
import { castIn, checkPrompt, sizeOf } from './request.ts';
import type { SceneInput } from './services.ts';

export const MAX_SCENES = 100;

/** A scene that the storyboard shall have. */
export interface WantedScene {
  readonly scene: StoredScene;
  /** Made again although nothing changed. */
  readonly redo: boolean;
}

/** The scenes as they shall be, in order: those that are named stay who they are, all others are new. */
export function scenesOf(
  core: Core,
  workspace: Workspace,
  inputs: readonly SceneInput[] | undefined,
  existing: StoredStoryboard | undefined,
): WantedScene[] {
  if (inputs === undefined) {
    if (existing) return existing.scenes.map((scene) => ({ scene, redo: false }));
    throw invalid('scenes', 'scenes is missing', `Give 1 to ${MAX_SCENES} scenes, each with a prompt.`);
  }
  if (inputs.length === 0 || inputs.length > MAX_SCENES) {
    throw invalid('scenes', `scenes has ${inputs.length} entries`, `Give 1 to ${MAX_SCENES}.`);
  }
  const free = new Set(existing?.scenes ?? []);
  const named = inputs.map((input, index) => {
    const before = namedScene(input, index, existing);
    if (before && !free.delete(before)) {
      throw invalid(`scenes[${index}].scene`, `scene ${input.scene} stands twice`, 'Name each present scene once.');
    }
    return before;
  });
  return inputs.map((input, index) => {
    const before = named[index];
    const scene = sceneOf(core, workspace, input, before, index);
    const same = before ? undefined : [...free].find((other) => isSame(scene, other));
    if (same) free.delete(same);
    return { scene: same ?? scene, redo: input.redo ?? false };
  });
}

function namedScene(
  { scene }: SceneInput,
  index: number,
  existing: StoredStoryboard | undefined,
): StoredScene | undefined {
  if (scene === undefined) return undefined;
  const before = existing?.scenes[scene - 1];
  if (before) return before;
  const count = existing?.scenes.length ?? 0;
  const hint = count > 0 ? `There are 1 to ${count}.` : 'A new storyboard has none yet: leave scene out.';
  throw invalid(`scenes[${index}].scene`, `there is no scene ${scene}`, hint);
}

function sceneOf(
  core: Core,
  workspace: Workspace,
  input: SceneInput,
  before: StoredScene | undefined,
  index: number,
): StoredScene {
  const field = `scenes[${index}]`;
  try {
    const prompt = input.prompt === undefined ? before?.prompt : checkPrompt(input.prompt);
    if (prompt === undefined) {
      throw invalid(
        'prompt',
        `${field} has no prompt`,
        'Say what happens in the scene, or name a present one by scene.',
      );
    }
    const characters =
      input.characters === undefined
        ? (before?.characters ?? [])
        : castIn(core, workspace.name, '', input.characters, 'characters').map((each) => each.id);
    return {
      ...before,
      id: before?.id ?? core.newId('scene'),
      prompt,
      characters,
      duration: input.duration ?? before?.duration,
      size: input.size === undefined ? before?.size : sizeOf(input.size),
    };
  } catch (error) {
    throw inScene(error, index);
  }
}

/** A list that is given anew, without numbers, must not pay again for what is there. */
function isSame(scene: StoredScene, other: StoredScene): boolean {
  const facts = ({ prompt, characters, duration, size }: StoredScene) =>
    JSON.stringify([prompt, [...characters].sort(), duration ?? null, size ?? null]);
  return facts(scene) === facts(other);
}

/** The same error, with the scene it belongs to. */
export function inScene(error: unknown, index: number): unknown {
  if (!(error instanceof SoraError)) return error;
  const field = error.field ?? 'prompt';
  return withFacts(error, { field: field.startsWith('scenes[') ? field : `scenes[${index}].${field}` });
}
