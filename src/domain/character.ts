import { invalid } from './errors.ts';
import type { Route } from './video.ts';

/** The part of a clip that shows the character, in seconds; absent ends are the clip's own, or the backend's choice. */
export interface ClipSpan {
  readonly startSeconds?: number | undefined;
  readonly endSeconds?: number | undefined;
}

/** Where a character's look comes from; kept so that it can be bound to another backend later. */
export type CharacterSource =
  | ({ readonly kind: 'video_url'; readonly url: string } & ClipSpan)
  | { readonly kind: 'file'; readonly path: string }
  /** One of our tasks. `remoteId` and `backend` say where the job lives. */
  | { readonly kind: 'task'; readonly taskId: string; readonly remoteId: string; readonly backend: string }
  /** Found on a backend that can list; its look is known only there. */
  | { readonly kind: 'adopted'; readonly backend: string };

/**
 * The creation of a character on a backend is a paid create too: `submitting` is written before it leaves, and stays
 * while the upstream makes it by a task; `unknown` when its answer was lost, or such a task cannot be followed.
 */
export const BINDING_STATES = ['submitting', 'ready', 'unknown', 'failed'] as const;
export type BindingState = (typeof BINDING_STATES)[number];

/** A character's id and mention on one backend. Remote ids are never portable. */
export interface Binding {
  readonly backend: string;
  readonly route: Route;
  readonly state: BindingState;
  /** Absent until `ready`. */
  readonly remoteId?: string | undefined;
  /** What a prompt must contain on that backend: `@char_…`, `@ab12.name`, or the plain name. */
  readonly mention?: string | undefined;
  /** The name the backend knows it by; on the forwarding route it must stand in the prompt verbatim. */
  readonly remoteName?: string | undefined;
  readonly error?: string | undefined;
  /** Unix milliseconds. */
  readonly createdAt: number;
}

export interface Character {
  /** Ours: `chr_` and 16 characters. */
  readonly id: string;
  readonly workspace: string;
  /** Unique in the workspace: `coffee_girl`. */
  readonly handle: string;
  readonly name: string;
  readonly description: string;
  readonly source: CharacterSource;
  readonly bindings: readonly Binding[];
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

export const MAX_NAME_LENGTH = 80;
export const MAX_DESCRIPTION_LENGTH = 1_000;
export const MAX_HANDLE_LENGTH = 40;

const HANDLE = /^[a-z][a-z0-9_]*$/;

export function checkHandle(handle: string): string {
  const plain = handle.replace(/^@/, '').toLowerCase();
  if (!HANDLE.test(plain) || plain.length > MAX_HANDLE_LENGTH || plain.length < 2) {
    throw invalid(
      'handle',
      `handle ${JSON.stringify(handle.slice(0, 60))} is not usable`,
      `Use 2 to ${MAX_HANDLE_LENGTH} of a-z, 0-9 and _, starting with a letter, e.g. coffee_girl.`,
    );
  }
  return plain;
}

/** A handle made from a display name: `Coffee Girl` becomes `coffee_girl`. Undefined when nothing usable is left. */
export function handleFromName(name: string): string | undefined {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[^a-z]+|_+$/g, '')
    .slice(0, MAX_HANDLE_LENGTH)
    .replace(/_+$/, '');
  return plain.length >= 2 && HANDLE.test(plain) ? plain : undefined;
}

/** The part that was kept with the source; undefined: none was named. */
export function spanIn(source: CharacterSource | undefined): ClipSpan | undefined {
  if (source?.kind !== 'video_url') return undefined;
  const { startSeconds, endSeconds } = source;
  return startSeconds === undefined && endSeconds === undefined ? undefined : { startSeconds, endSeconds };
}

export function bindingOn(character: Character, backend: string): Binding | undefined {
  return character.bindings.find((binding) => binding.backend === backend);
}

export function readyOn(character: Character, backend: string): boolean {
  return bindingOn(character, backend)?.state === 'ready';
}
