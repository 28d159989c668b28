import { invalid, SoraError, withFacts } from '../domain/errors.ts';
import type { Task, VideoRequest } from '../domain/task.ts';
import { clean } from '../domain/text.ts';
import type { Priority, Size } from '../domain/video.ts';
import type { StoredScene, StoredStoryboard } from '../store/storyboards.ts';
import type { Core, Workspace } from './core.ts';
import { fingerprintOf } from './fingerprint.ts';
import { castIn, requestOf } from './request.ts';
import { inScene, scenesOf, type WantedScene } from './scenes.ts';
import type { MakeStoryboardInput } from './services.ts';

const MAX_TITLE_LENGTH = 120;
const MAX_STYLE_LENGTH = 1_000;

/** A scene as it shall be, with the request that makes it. */
export interface DraftScene {
  readonly scene: StoredScene;
  readonly request: VideoRequest;
  /** Its size is not its own but that of the other scenes. */
  readonly sizeShared: boolean;
  readonly fingerprint: string;
  /** It is new, or changed, or failed, or wanted again. */
  readonly toMake: boolean;
  /** What was made of it before is not this scene. */
  readonly changed: boolean;
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

type Base = Pick<Draft, 'title' | 'style' | 'characterIds' | 'priority'>;

/** Checks what is asked for against what there is. */
export async function draftOf(
  core: Core,
  workspace: Workspace,
  input: MakeStoryboardInput,
  existing: StoredStoryboard | undefined,
): Promise<Draft> {
  const base = baseOf(core, workspace, input, existing);
  const wanted = scenesOf(core, workspace, input.scenes, existing);
  const scenes: DraftScene[] = [];
  for (const [index, each] of wanted.entries()) scenes.push(await draftScene(core, workspace, base, each, index));
  return { existing, ...base, scenes: withOneSize(core, scenes) };
}

function baseOf(
  core: Core,
  workspace: Workspace,
  input: MakeStoryboardInput,
  existing: StoredStoryboard | undefined,
): Base {
  const title = clean(input.title ?? existing?.title ?? '', MAX_TITLE_LENGTH);
  if (title === '') {
    const lacks = input.title === undefined ? 'missing' : 'empty';
    throw invalid('title', `title is ${lacks}`, 'Give the film a title; its file is named after it.');
  }
  const style = input.style === undefined ? existing?.style : clean(input.style, MAX_STYLE_LENGTH) || undefined;
  if (style !== undefined) checkMentions(core, workspace, style);
  const characterIds =
    input.characters === undefined
      ? (existing?.characters ?? [])
      : castIn(core, workspace.name, '', input.characters, 'characters').map((each) => each.id);
  return { title, style, characterIds, priority: input.priority ?? existing?.priority ?? 'cost' };
}

function checkMentions(core: Core, workspace: Workspace, style: string): void {
  try {
    castIn(core, workspace.name, style, []);
  } catch (error) {
    throw error instanceof SoraError ? withFacts(error, { field: 'style' }) : error;
  }
}

async function draftScene(
  core: Core,
  workspace: Workspace,
  base: Base,
  { scene, redo }: WantedScene,
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
  // Another priority is another choice of backend, not another scene.
  const fingerprint = fingerprintOf('video', { ...request, priority: 'cost' });
  const changed = scene.fingerprint !== undefined && scene.fingerprint !== fingerprint;
  const toMake = redo || changed || isBroken(taskOf(core, scene));
  return { scene, request, sizeShared: false, fingerprint, toMake, changed };
}

/** Nothing can be shown of it, and nothing more will come of it. */
function isBroken(task: Task | undefined): boolean {
  if (task === undefined || task.state === 'failed') return true;
  if (task.filePath !== undefined) return false;
  return task.state === 'expired' || (task.state === 'completed' && task.saveState === 'failed');
}

export function taskOf(core: Core, scene: StoredScene): Task | undefined {
  return scene.taskId === undefined ? undefined : core.store.tasks.byId(scene.taskId);
}

/** Clips of different sizes cannot be joined: scenes that name none take that of the others. */
function withOneSize(core: Core, scenes: readonly DraftScene[]): DraftScene[] {
  const kept = scenes.flatMap(({ scene, toMake }) => (toMake ? [] : (taskOf(core, scene)?.size ?? [])));
  const size: Size | undefined = kept[0] ?? scenes.flatMap(({ scene }) => scene.size ?? [])[0];
  if (size === undefined) return [...scenes];
  return scenes.map((each) =>
    each.scene.size === undefined ? { ...each, sizeShared: true, request: { ...each.request, size } } : each,
  );
}
