import { invalid, SoraError, withFacts } from '../domain/errors.ts';
import type { VideoRequest } from '../domain/task.ts';
import { clean } from '../domain/text.ts';
import type { Priority } from '../domain/video.ts';
import type { StoredScene, StoredStoryboard } from '../store/storyboards.ts';
import type { Core, Workspace } from './core.ts';
import { fingerprintOf } from './fingerprint.ts';
import { castIn, requestOf, sizeOf } from './request.ts';
import type { MakeStoryboardInput, SceneInput } from './services.ts';

export const MAX_SCENES = 100;
const MAX_TITLE_LENGTH = 120;
const MAX_STYLE_LENGTH = 1_000;

/** A scene as it shall be, with the request that makes it. */
export interface DraftScene {
  readonly scene: StoredScene;
  readonly request: VideoRequest;
  readonly fingerprint: string;
  /** It is new, or changed, or failed, or wanted again. */
  readonly toMake: boolean;
}

/** A storyboard as it shall be; nothing of it is stored yet. */
export interface Draft {
  readonly existing?: StoredStoryboard | undefined;
  readonly title: string;
  readonly style?: string | undefined;
  readonly characterIds: readonly string[];
  readonly priority: Priority;
  readonly scenes: readonly DraftScene[];
}

/** Checks what is asked for against what there is. */
export async function draftOf(
  core: Core,
  workspace: Workspace,
  input: MakeStoryboardInput,
  existing: StoredStoryboard | undefined,
): Promise<Draft> {
  const title = clean(input.title ?? existing?.title ?? '', MAX_TITLE_LENGTH);
  if (title === '') throw invalid('title', 'title is missing', 'Give the film a title.');
  const style = input.style === undefined ? existing?.style : clean(input.style, MAX_STYLE_LENGTH) || undefined;
  const characterIds =
    input.characters === undefined
      ? (existing?.characters ?? [])
      : castIn(core, workspace.name, '', input.characters, 'characters').map((each) => each.id);
  const priority = input.priority ?? existing?.priority ?? 'cost';
  const wanted = scenesOf(core, workspace, input.scenes, existing);
  const base = { title, style, characterIds, priority };
  const scenes: DraftScene[] = [];
  for (const [index, { scene, redo }] of wanted.entries()) {
    scenes.push(await draftScene(core, workspace, base, scene, redo, index));
  }
  return { existing, ...base, scenes };
}

interface WantedScene {
  readonly scene: StoredScene;
  readonly redo: boolean;
}

function scenesOf(
  core: Core,
  workspace: Workspace,
  inputs: readonly SceneInput[] | undefined,
  existing: StoredStoryboard | undefined,
): WantedScene[] {
  if (inputs === undefined) {
    if (existing) return existing.scenes.map((scene) => ({ scene, redo: false }));
    throw invalid('scenes', 'scenes is missing', 'Give 1 to 100 scenes, each with a prompt.');
  }
  if (inputs.length === 0 || inputs.length > MAX_SCENES) {
    throw invalid('scenes', `scenes has ${inputs.length} entries`, `Give 1 to ${MAX_SCENES}.`);
  }
  const used = new Set<number>();
  return inputs.map((input, index) => {
    const field = `scenes[${index}]`;
    const before = input.scene === undefined ? undefined : existing?.scenes[input.scene - 1];
    if (input.scene !== undefined) {
      if (!before) {
        const count = existing?.scenes.length ?? 0;
        throw invalid(
          `${field}.scene`,
          `there is no scene ${input.scene}`,
          count > 0 ? `There are 1 to ${count}.` : 'A new storyboard has none yet: leave scene out.',
        );
      }
      if (used.has(input.scene))
        throw invalid(`${field}.scene`, `scene ${input.scene} stands twice`, 'Name each once.');
      used.add(input.scene);
    }
    const prompt = input.prompt?.trim() || before?.prompt;
    if (!prompt) throw invalid(`${field}.prompt`, 'prompt is missing', 'Say what happens in the scene.');
    const characters =
      input.characters === undefined
        ? (before?.characters ?? [])
        : castIn(core, workspace.name, '', input.characters, `${field}.characters`).map((each) => each.id);
    const scene: StoredScene = {
      ...before,
      id: before?.id ?? core.newId('scene'),
      prompt,
      characters,
      duration: input.duration ?? before?.duration,
      size: input.size === undefined ? before?.size : sizeOf(input.size),
    };
    return { scene, redo: input.redo ?? false };
  });
}

async function draftScene(
  core: Core,
  workspace: Workspace,
  base: Pick<Draft, 'style' | 'characterIds' | 'priority'>,
  scene: StoredScene,
  redo: boolean,
  index: number,
): Promise<DraftScene> {
  const prompt = base.style === undefined ? scene.prompt : `${scene.prompt}\n\n${base.style}`;
  const request = await requestOf(core, workspace, {
    prompt,
    characters: [...base.characterIds, ...scene.characters],
    duration: scene.duration,
    size: scene.size,
    priority: base.priority,
  }).catch((error: unknown) => {
    throw inScene(error, index);
  });
  const fingerprint = fingerprintOf('video', request);
  const task = scene.taskId === undefined ? undefined : core.store.tasks.byId(scene.taskId);
  const broken = task === undefined || task.state === 'failed' || (task.state === 'expired' && !task.filePath);
  return { scene, request, fingerprint, toMake: redo || broken || scene.fingerprint !== fingerprint };
}

/** The same error, with the scene it belongs to. */
export function inScene(error: unknown, index: number): unknown {
  if (!(error instanceof SoraError)) return error;
  const field = error.field ?? 'prompt';
  return withFacts(error, { field: field.startsWith('scenes[') ? field : `scenes[${index}].${field}` });
}
