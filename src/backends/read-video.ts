import * as z from 'zod/v4';
import type { RemoteCharacter, RemoteVideo } from './backend.ts';
import type { Dialect } from './dialects/schema.ts';
import { errorFrom } from './envelope.ts';
import { addressOf, progressOf, secondsOf, stateOf, timeOf } from './forms.ts';
import { envelopesOf, pick, pickAll } from './pick.ts';

/** What reading an answer needs besides the answer. */
export interface Reader {
  readonly dialect: Dialect;
  readonly baseUrl: URL;
  /** Cleans and caps text from outside. */
  readonly tell: (text: string, max: number) => string;
}

const MAX_ID_LENGTH = 600;

/** Every id that an answer gives its job; several servers give two. */
export function idsIn(body: unknown, { dialect }: Reader): readonly string[] {
  const { answer } = dialect;
  return [...pickAll(envelopesOf(body, answer.envelopes), answer.id)].flatMap((id) => asId(id) ?? []);
}

/** A job, whatever the upstream calls its parts. A missing status means still running, or `fallback`. */
export function readVideo(body: unknown, remoteId: string, reader: Reader, fallback?: 'queued'): RemoteVideo {
  const { dialect, baseUrl, tell } = reader;
  const { answer } = dialect;
  const within = envelopesOf(body, answer.envelopes);
  const get = (paths: readonly string[]) => pick(within, paths);
  const text = (value: unknown, max: number) =>
    typeof value === 'string' || typeof value === 'number' ? tell(String(value), max) : undefined;

  const word = get(answer.status);
  const told = word === undefined && fallback ? fallback : stateOf(word, answer.statusWords);
  const error = errorFrom(get(answer.error));
  const videoUrl = fileIn(body, within, reader, baseUrl);
  // Some gateways call a moderated job completed: it has an error's code, and no file.
  const state = told === 'completed' && error?.code !== undefined && videoUrl === undefined ? 'failed' : told;
  const facts = {
    remoteId,
    state,
    // Of a failed job several say 100%.
    progress:
      state === 'failed' || state === 'expired' ? undefined : progressOf(get(answer.progress), answer.progressScale),
    model: text(get(answer.model), 120),
    prompt: text(get(answer.prompt), 32_000),
    seconds: secondsOf(get(answer.seconds)),
    size: text(get(answer.size), 20),
    createdAt: timeOf(get(answer.createdAt)),
    completedAt: timeOf(get(answer.completedAt)),
    expiresAt: timeOf(get(answer.expiresAt)),
    videoUrl,
    error:
      error && state === 'failed'
        ? { code: error.code && tell(error.code, 80), message: tell(error.message, 500) }
        : undefined,
    remixedFrom: asId(get(answer.remixedFrom)),
  };
  return present(videoSchema().parse(facts));
}

/** What is known of a character before the answer about it. */
interface AskedCharacter {
  /** Taken where the answer has none. */
  readonly name?: string | undefined;
  /** The task that was asked about: the character has an id of its own, if the answer tells another. */
  readonly taskId?: string | undefined;
  /** Nobody can be asked how it goes on: one that has an id and a username of its own counts as made. */
  readonly last?: boolean | undefined;
}

/**
 * A character as a create, a look or a list tells it; undefined when it has no id. Without a status, or with one that
 * nobody knows ("active"), it is made; but where a task is all that is named, that was merely taken.
 */
export function readCharacter(entry: unknown, reader: Reader, asked: AskedCharacter = {}): RemoteCharacter | undefined {
  const { dialect, tell } = reader;
  const { answer } = dialect;
  const within = envelopesOf(entry, answer.envelopes);
  const get = (paths: readonly string[], max: number) => {
    const value = pick(within, paths);
    return typeof value === 'string' ? tell(value, max) : undefined;
  };
  // Said of a character, unlike of a job, it means that there is one.
  const told = stateOf(pick(within, answer.status), { created: 'completed', ...answer.statusWords }, 'completed');
  const ids = [...pickAll(within, answer.characterId)].flatMap((value) => asId(value) ?? []);
  const own = ids.find((each) => each !== asked.taskId) ?? ids[0];
  const error = errorFrom(pick(within, answer.error));
  const taken = told === 'completed' && own === undefined && asked.taskId === undefined && error === undefined;
  const username = get(answer.username, 120);
  const stands = taken ? 'pending' : CHARACTER_STATES[told];
  const usable = asked.last === true && own !== undefined && username !== undefined;
  const state = stands === 'pending' && usable ? undefined : stands;
  const id = own ?? (state === undefined ? undefined : (idsIn(entry, reader)[0] ?? asked.taskId));
  if (id === undefined) return undefined;
  const name = get(['name', 'display_name', 'displayName'], 120) ?? username ?? asked.name;
  const values: Readonly<Record<string, string | undefined>> = {
    id,
    username: username ?? name ?? id,
    name: name ?? id,
  };
  return present({
    remoteId: id,
    state,
    error: state === 'failed' && error ? tell([error.code, error.message].filter(Boolean).join(': '), 500) : undefined,
    mention: dialect.mention.replace(/\{(id|username|name)\}/g, (_, key: string) => values[key] ?? id),
    name,
    description: get(['description', 'instruction_set'], 1_000),
    createdAt: timeOf(pick(within, ['created_at', 'createdAt'])),
  });
}

const CHARACTER_STATES = {
  queued: 'pending',
  in_progress: 'pending',
  completed: undefined,
  failed: 'failed',
  expired: 'failed',
} as const satisfies Record<RemoteVideo['state'], RemoteCharacter['state']>;

function fileIn(body: unknown, within: readonly unknown[], reader: Reader, baseUrl: URL): string | undefined {
  const places = reader.dialect.answer.file.filter((place) => place !== 'content');
  // A place such as `data.output` may be told from the top although the facts are in an envelope.
  for (const value of pickAll([...within, body], places)) {
    const address = addressOf(value, baseUrl);
    if (address !== undefined) return address;
  }
  return undefined;
}

function asId(value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const id = String(value).trim();
  return id === '' || id.length > MAX_ID_LENGTH || /\p{Cc}/u.test(id) ? undefined : id;
}

/** No field is there without a value. */
function present<T extends object>(facts: T): T {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as T;
}

/** The edge: what goes on has these types, or the field is left out. */
function videoSchema() {
  schema ??= z.object({
    remoteId: z.string().min(1),
    state: z.enum(['queued', 'in_progress', 'completed', 'failed', 'expired']),
    progress: z.number().min(0).max(100).optional().catch(undefined),
    model: z.string().optional().catch(undefined),
    prompt: z.string().optional().catch(undefined),
    seconds: z.number().positive().max(86_400).optional().catch(undefined),
    size: z.string().optional().catch(undefined),
    createdAt: z.int().positive().optional().catch(undefined),
    completedAt: z.int().positive().optional().catch(undefined),
    expiresAt: z.int().positive().optional().catch(undefined),
    videoUrl: z.url().optional().catch(undefined),
    error: z.object({ code: z.string().optional(), message: z.string() }).optional().catch(undefined),
    remixedFrom: z.string().optional().catch(undefined),
  }) satisfies z.ZodType<RemoteVideo>;
  return schema;
}
let schema: z.ZodType<RemoteVideo> | undefined;
