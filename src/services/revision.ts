import { bindingOn, type Character } from '../domain/character.ts';
import { invalid, SoraError } from '../domain/errors.ts';
import type { BackendProfile } from '../domain/models.ts';
import type { Task, VideoRequest } from '../domain/task.ts';
import { roundUpSeconds } from '../domain/video.ts';
import { isRetired } from '../routing/fit.ts';
import { priceOf } from '../routing/pricing.ts';
import { backendNamed, type Core, type Workspace } from './core.ts';
import { lengthOf } from './length.ts';
import { findTask } from './lookup.ts';
import type { Plan } from './plan.ts';
import { promptFor } from './planning.ts';
import { castIn, checkPrompt } from './request.ts';
import type { ReviseInput } from './services.ts';

const MODES = ['remix', 'edit', 'extend'] as const;
const DEFAULT_EXTENSION_SECONDS = 4;
const MAX_EXTENSION_SECONDS = 20;

interface Revision {
  readonly request: VideoRequest;
  readonly parent: Task;
  readonly plan: Plan;
}

/** Checks that a finished video can be revised as asked, and plans it: a revision stays on its parent's backend. */
export function revisionOf(core: Core, workspace: Workspace, input: ReviseInput): Revision {
  const prompt = checkPrompt(input.prompt);
  if (input.seconds !== undefined && input.mode !== 'extend') {
    throw invalid('seconds', `seconds is for extend; ${input.mode} keeps the video's length`, 'Leave seconds out.');
  }
  const parent = findTask(core, workspace.name, input.taskId);
  const { profile } = backendNamed(core, parent.backend);
  if (!profile.capabilities[input.mode]) throw cannot(core, input.mode, parent, profile);
  checkParent(parent);
  checkAlive(core, parent, profile);
  const seconds = input.mode === 'extend' ? extension(core, input.seconds, parent, profile) : lengthOf(core, parent);
  const cast = castIn(core, workspace.name, prompt, []);
  const request: VideoRequest = {
    ...parent.request,
    prompt,
    characterIds: [...new Set([...parent.request.characterIds, ...cast.map((each) => each.id)])],
    seconds,
    backend: profile.id,
  };
  const place = { backend: profile.id, route: profile.route };
  const plan: Plan = {
    ...place,
    model: parent.model,
    seconds,
    size: parent.size,
    quote: priceOf(profile, { model: parent.model, seconds, size: parent.size })?.amount,
    sentPrompt: promptFor(core, workspace.name, request, cast, { ...place, characterMode: 'bound' }),
    reasons: reasonsFor(input, seconds, profile, cast),
    characters: [],
    revision: { mode: input.mode, remoteTaskId: parent.remoteId!, seconds },
  };
  return { request, parent, plan };
}

function checkParent(parent: Task): void {
  if (parent.state === 'completed' && parent.remoteId !== undefined) return;
  const coming = parent.state !== 'failed' && parent.state !== 'expired';
  throw new SoraError({
    code: 'invalid_argument',
    field: 'task_id',
    message: `${parent.id} is ${parent.state}; only a completed video can be revised`,
    hint: coming ? 'Wait for it with get_task.' : 'Make it again with generate_video, or revise another one.',
    retryable: coming,
  });
}

function checkAlive(core: Core, { model }: Task, profile: BackendProfile): void {
  const now = core.clock();
  if (profile.retired && now >= Date.parse(profile.retired.on)) {
    throw new SoraError({
      code: 'backend_gone',
      field: 'task_id',
      message: `the service at ${profile.origin}, where it was made, ended on ${profile.retired.on}`,
      hint: `It can be made anew with generate_video, elsewhere: ${profile.retired.instead}.`,
    });
  }
  const offer = profile.models.find((each) => each.id === model);
  if (!offer || !isRetired(offer, now)) return;
  throw new SoraError({
    code: 'model_retired',
    field: 'task_id',
    message: `${model}, which made it, was retired${offer.retiredOn ? ` on ${offer.retiredOn}` : ''}`,
    hint: `Make it anew with generate_video${offer.replacement ? ` and model ${offer.replacement}` : ''}.`,
  });
}

/** A length that the model makes, at least as long as asked. */
function extension(core: Core, seconds: number | undefined, parent: Task, profile: BackendProfile): number {
  const asked = seconds ?? DEFAULT_EXTENSION_SECONDS;
  const lengths = profile.models.find((each) => each.id === parent.model)?.seconds ?? [];
  const longest = lengths.at(-1) ?? MAX_EXTENSION_SECONDS;
  const made = asked > 0 && asked <= longest ? roundUpSeconds(Math.ceil(asked), lengths) : undefined;
  if (made !== undefined) {
    checkExtended(core, made, parent, profile);
    return made;
  }
  throw new SoraError({
    code: 'limit_exceeded',
    field: 'seconds',
    message: `${asked} s cannot be added at once`,
    hint: `Add ${lengths.length > 0 ? `${lengths.join(', ')} s` : `1 to ${longest} s`}; extend the result again for more.`,
  });
}

/** An upstream may stop a video from growing for ever. */
function checkExtended(core: Core, added: number, parent: Task, { id, limits }: BackendProfile): void {
  const { extensions = Number.POSITIVE_INFINITY, extendedSeconds = Number.POSITIVE_INFINITY } = limits;
  const [times, length] = [extensionsOf(core, parent), lengthOf(core, parent)];
  const refuse = (message: string, hint: string) =>
    new SoraError({ code: 'limit_exceeded', field: 'seconds', message, hint });
  const anew = 'Make what follows as a video of its own; make_storyboard joins them.';
  if (times >= extensions) throw refuse(`${id} extends a video ${extensions} times, and it was`, anew);
  if (length + added <= extendedSeconds) return;
  const left = extendedSeconds - length;
  const message = `${id} makes a video ${extendedSeconds} s long at most, and this one is ${length} s`;
  throw refuse(message, left > 0 ? `Add at most ${left} s.` : anew);
}

function extensionsOf(core: Core, task: Task): number {
  if (task.kind !== 'extend') return 0;
  const parent = task.parentId === undefined ? undefined : core.store.tasks.byId(task.parentId);
  return 1 + (parent ? extensionsOf(core, parent) : 0);
}

function reasonsFor(
  input: ReviseInput,
  seconds: number,
  profile: BackendProfile,
  cast: readonly Character[],
): string[] {
  const reasons = [`It is made where the video is: on ${profile.id}.`, ...castReasons(input.mode, profile, cast)];
  if (input.seconds !== undefined && input.seconds !== seconds) {
    reasons.push(`${input.seconds} s are added as ${seconds} s, the next length there is.`);
  }
  return reasons;
}

/** Where characters are more than words in a prompt, revisions do not take them. */
function castReasons(mode: string, profile: BackendProfile, cast: readonly Character[]): string[] {
  return cast.flatMap((character) => {
    const bound = bindingOn(character, profile.id)?.state === 'ready';
    if (bound && profile.route === 'reverse') return [];
    const unknown = bound ? '' : `, and it is not bound on ${profile.id}`;
    const why = profile.route === 'reverse' ? '' : `: ${mode} takes words, no characters`;
    return [`@${character.handle} is sent as a name only${why}${unknown}.`];
  });
}

function cannot(core: Core, mode: string, parent: Task, profile: BackendProfile): SoraError {
  const backends = [...core.backends.values()].map((backend) => backend.profile);
  const able = backends.filter((each) => each.capabilities[mode as ReviseInput['mode']]).map((each) => each.id);
  const own = MODES.filter((each) => profile.capabilities[each]);
  const does = own.length > 0 ? `It does ${own.join(' and ')}. ` : '';
  const others =
    able.length > 0
      ? `These do: ${able.join(', ')}; a video must be made there (generate_video with backend) to be revised there.`
      : 'No configured backend does.';
  return new SoraError({
    code: 'not_supported',
    field: 'mode',
    message: `${profile.id}, where ${parent.id} was made, does not do ${mode}`,
    hint: `${does}${others} generate_video with a changed prompt makes it anew.`,
    details: { ...(able.length > 0 && { able }), ...(own.length > 0 && { modes: own }) },
  });
}
