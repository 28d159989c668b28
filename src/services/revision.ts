import { SoraError } from '../domain/errors.ts';
import type { Task, VideoRequest } from '../domain/task.ts';
import { priceOf } from '../routing/pricing.ts';
import { backendNamed, type Core, type Workspace } from './core.ts';
import { findTask } from './lookup.ts';
import type { Plan } from './plan.ts';
import { castIn, checkPrompt } from './request.ts';
import type { ReviseInput } from './services.ts';

const DEFAULT_EXTENSION_SECONDS = 4;
const MAX_EXTENSION_SECONDS = 20;

interface Revision {
  readonly request: VideoRequest;
  readonly parent: Task;
  readonly plan: Plan;
}

/** Checks that a finished video can be revised as asked, and plans it: a revision stays on its parent's backend. */
export function revisionOf(core: Core, workspace: Workspace, input: ReviseInput): Revision {
  const parent = findTask(core, workspace.name, input.taskId);
  const prompt = checkPrompt(input.prompt);
  const { profile } = backendNamed(core, parent.backend);
  if (!profile.capabilities[input.mode]) throw cannot(core, input.mode, profile.id);
  if (parent.state !== 'completed' || parent.remoteId === undefined) {
    throw new SoraError({
      code: 'invalid_argument',
      field: 'task_id',
      message: `${parent.id} is ${parent.state}; only a completed video can be revised`,
      hint: 'Wait for it with get_task, or revise another one.',
      retryable: parent.state !== 'failed' && parent.state !== 'expired',
    });
  }
  const seconds = input.mode === 'extend' ? extension(input.seconds) : parent.seconds;
  const cast = castIn(core, workspace.name, prompt, []);
  const request: VideoRequest = {
    ...parent.request,
    prompt,
    characterIds: cast.map((each) => each.id),
    seconds,
    backend: profile.id,
  };
  const price = priceOf(profile, { model: parent.model, seconds, size: parent.size });
  const plan: Plan = {
    backend: profile.id,
    route: profile.route,
    model: parent.model,
    seconds,
    size: parent.size,
    quote: price?.amount,
    sentPrompt: prompt.replace(/@([\p{L}\p{N}_.-]+)/gu, (mention, reference: string) => {
      return cast.find((each) => each.handle === reference.toLowerCase())?.name ?? mention;
    }),
    reasons: [`A ${input.mode} is made where the video is: on ${profile.id}.`],
    characters: [],
    revision: { mode: input.mode, remoteTaskId: parent.remoteId, seconds },
  };
  return { request, parent, plan };
}

function extension(seconds: number | undefined): number {
  const asked = seconds ?? DEFAULT_EXTENSION_SECONDS;
  if (asked > 0 && asked <= MAX_EXTENSION_SECONDS) return Math.ceil(asked);
  throw new SoraError({
    code: 'limit_exceeded',
    field: 'seconds',
    message: `${asked} s cannot be added at once`,
    hint: `Add 1 to ${MAX_EXTENSION_SECONDS} s; extend again for more (120 s in all).`,
  });
}

function cannot(core: Core, mode: string, backend: string): SoraError {
  const able = [...core.backends.values()]
    .filter(({ profile }) => profile.capabilities[mode as ReviseInput['mode']])
    .map(({ profile }) => profile.id);
  return new SoraError({
    code: 'not_supported',
    field: 'mode',
    message: `${backend} does not do ${mode}`,
    hint:
      able.length > 0
        ? `These do: ${able.join(', ')}; a video must be made there to be revised there.`
        : 'No configured backend does.',
  });
}
