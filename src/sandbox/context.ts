import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../domain/ids.ts';
import type { ClipStore } from './clips.ts';
import { type Accent, failureAskedFor, type Job, type JobKind, type SandboxCharacter } from './job.ts';
import type { State } from './state.ts';
import { type Call, Refusal } from './wire.ts';

/** The options of a sandbox, with their defaults filled in. */
export interface Settings {
  readonly clock: Clock;
  /** Milliseconds that a job of so many seconds of video takes. */
  readonly runMs: (seconds: number) => number;
  /** Milliseconds that a finished video can be fetched. */
  readonly linkMs: number;
  readonly key?: string | undefined;
  readonly control: boolean;
  readonly idempotency: boolean;
  readonly checkUploads: boolean;
  readonly accent: 'forwarding' | 'sora-v1';
}

/** What every operation works on. */
export interface Context {
  readonly settings: Settings;
  readonly state: State;
  readonly clips: ClipStore;
  readonly origin: () => string;
}

export function newId(prefix: string): string {
  return `${prefix}${randomBytes(12).toString('hex')}`;
}

export interface JobOrder {
  readonly accent: Accent;
  readonly kind: JobKind;
  readonly model: string;
  readonly prompt: string;
  readonly seconds: number;
  readonly size: string;
  readonly characterIds: readonly string[];
  readonly parentId?: string;
}

const JOB_PREFIX: { readonly [accent in Accent]: string } = {
  forwarding: 'video_',
  seed: 'task_',
  'sora-v1': 'video_',
  'unified-v2': 'gen_',
};

export function startJob(context: Context, call: Call, order: JobOrder): Job {
  const { settings, state } = context;
  const job = {
    ...order,
    id: newId(JOB_PREFIX[order.accent]),
    idempotencyKey: idempotencyKey(call),
    createdAt: Math.floor(settings.clock()),
    runMs: Math.round(settings.runMs(order.seconds)),
  };
  return state.addJob(job, settings.idempotency, (seenBefore) => failureAskedFor(order.prompt, seenBefore));
}

export function storeCharacter(
  context: Context,
  call: Call,
  character: Omit<SandboxCharacter, 'createdAt' | 'idempotencyKey'>,
): SandboxCharacter {
  const { settings, state } = context;
  return state.addCharacter(
    { ...character, createdAt: Math.floor(settings.clock()), idempotencyKey: idempotencyKey(call) },
    settings.idempotency,
  );
}

function idempotencyKey(call: Call): string | undefined {
  const key = call.headers['idempotency-key'];
  return typeof key === 'string' && key !== '' ? key : undefined;
}

/** The job of that id in that accent; ids do not travel between accents. */
export function findJob(context: Context, accent: Accent, id: string, what: string): Job {
  const job = context.state.job(id);
  if (job?.accent !== accent) throw new Refusal(404, `${what} with id '${id.slice(0, 80)}' not found.`, 'not_found');
  return job;
}

/** A link that needs no key; whether it has lapsed is read off the job and the clock. */
export function linkTo(context: Context, job: Job): string {
  return `${context.origin()}/files/${job.id}.${signature(context, job.id)}.mp4`;
}

/** The shape of a link, but of one that lapsed. */
export function lapsedLink(context: Context): string {
  return `${context.origin()}/files/lapsed.${signature(context, 'lapsed')}.mp4`;
}

export function signature(context: Context, id: string): string {
  return createHmac('sha256', context.state.linkSecret).update(id).digest('hex').slice(0, 24);
}
