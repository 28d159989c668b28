import type { ClipSpan } from '../domain/character.ts';
import type { BackendProfile } from '../domain/models.ts';
import type { MediaSource, Size } from '../domain/video.ts';

/** What every call to an upstream carries. */
export interface CallContext {
  /** Ends the call early. For a paid create that means its answer is lost. */
  readonly signal?: AbortSignal | undefined;
  /** Called when all is ready and the request is about to leave. What it throws is thrown, and nothing is sent. */
  readonly sending?: (() => void) | undefined;
}

/** A character as the request's backend knows it. */
export interface CharacterInVideo {
  readonly remoteId: string;
  readonly name: string;
}

export interface CreateVideo {
  /** Mentions already translated for this backend. */
  readonly prompt: string;
  readonly model: string;
  /** One of the lengths the model has. */
  readonly seconds: number;
  readonly size?: Size | undefined;
  readonly characters: readonly CharacterInVideo[];
  readonly referenceImage?: MediaSource | undefined;
  readonly referenceVideo?: string | undefined;
  /** The part of it to use, where the backend can be told. */
  readonly referenceSpan?: ClipSpan | undefined;
  readonly influenceStrength?: number | undefined;
  /** Sent as `Idempotency-Key`. */
  readonly idempotencyKey: string;
}

export type RemoteState = 'queued' | 'in_progress' | 'completed' | 'failed' | 'expired';

/** A job as the upstream tells it, parsed once, at the edge. Absent means that the upstream did not say. */
export interface RemoteVideo {
  readonly remoteId: string;
  readonly state: RemoteState;
  /** The list that it stands in does not tell its state. */
  readonly stateUntold?: boolean | undefined;
  /** 0 to 100. */
  readonly progress?: number | undefined;
  readonly model?: string | undefined;
  readonly prompt?: string | undefined;
  readonly seconds?: number | undefined;
  readonly size?: string | undefined;
  /** Unix milliseconds. */
  readonly createdAt?: number | undefined;
  readonly completedAt?: number | undefined;
  readonly expiresAt?: number | undefined;
  /** Absolute. Absent where the bytes are at a content endpoint only. */
  readonly videoUrl?: string | undefined;
  readonly error?: { readonly code?: string | undefined; readonly message: string } | undefined;
  /** How long the upstream asked us to wait before the next poll. */
  readonly pollAfterMs?: number | undefined;
  readonly remixedFrom?: string | undefined;
}

export interface RemoteVideoPage {
  readonly videos: readonly RemoteVideo[];
  /**
   * Hand back as `after`; absent on the last page, which may be empty. The same as was handed in: the upstream says that
   * there is more, and does not give it.
   */
  readonly after?: string | undefined;
}

export interface CreateCharacter {
  readonly name: string;
  readonly description: string;
  readonly source: MediaSource;
  /** The part of the clip to use. */
  readonly startSeconds?: number | undefined;
  readonly endSeconds?: number | undefined;
  readonly idempotencyKey: string;
}

export interface ExtractCharacter {
  readonly remoteTaskId: string;
  readonly name: string;
  readonly description: string;
  readonly startSeconds?: number | undefined;
  readonly endSeconds?: number | undefined;
  readonly idempotencyKey: string;
}

export interface RemoteCharacter {
  /** While it is `pending`: what to ask `getCharacter` about, which may be a task's id. */
  readonly remoteId: string;
  /** Absent: it is made, and can be used. `pending`: the upstream makes it by a task. */
  readonly state?: 'pending' | 'failed' | undefined;
  /** Why it failed. */
  readonly error?: string | undefined;
  /** What a prompt on this backend must contain; the remote name on the forwarding route. */
  readonly mention: string;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  /** Unix milliseconds. */
  readonly createdAt?: number | undefined;
}

export interface ReviseVideo {
  readonly mode: 'remix' | 'edit' | 'extend';
  readonly remoteTaskId: string;
  readonly prompt: string;
  /** For `extend`: seconds to add. */
  readonly seconds?: number | undefined;
  readonly model: string;
  readonly idempotencyKey: string;
}

export type ContentVariant = 'video' | 'thumbnail' | 'spritesheet';

/** Where a download goes on. */
export interface ContentStart {
  readonly byte: number;
  /** That of the bytes before it: another file begins anew. */
  readonly validator?: string | undefined;
}

/** The bytes of a finished job, flowing. The reader must drain or destroy `body`. */
export interface Content {
  readonly body: AsyncIterable<Uint8Array>;
  /** The size of the whole, when known. */
  readonly totalBytes?: number | undefined;
  /** Where `body` starts: greater than 0 only if the upstream honoured the range, of the same file. */
  readonly offset: number;
  /** A strong ETag, or when it was last modified: what tells it from any other file at its place. */
  readonly validator?: string | undefined;
  readonly contentType?: string | undefined;
}

/** What free calls told about a backend; for `doctor`. */
export interface Probe {
  readonly reachable: boolean;
  /** It gave an answer that only a server of its protocol gives. */
  readonly speaks: boolean;
  readonly authenticated: boolean | 'unknown';
  readonly models?: readonly string[] | undefined;
  /** Upstream's clock minus ours, in milliseconds. */
  readonly clockSkewMs?: number | undefined;
  readonly latencyMs?: number | undefined;
  readonly problem?: string | undefined;
}

/**
 * The port: one configured upstream. Operation groups that a dialect lacks are absent, so what cannot be done is
 * known before anything is sent.
 *
 * Every method throws only `SoraError`. For the paid creates (`createVideo`, `createCharacter`, `extractCharacter`,
 * `revise`) its `charged` is the whole truth about the money: `no` when the upstream surely did not take the
 * request (refused, unresolvable, TLS, an explicit rejection), `unknown` when it may have. Only `no` with
 * `retryable` may be sent again or elsewhere.
 */
export interface Backend {
  readonly profile: BackendProfile;
  createVideo(request: CreateVideo, context?: CallContext): Promise<RemoteVideo>;
  getVideo(remoteId: string, context?: CallContext): Promise<RemoteVideo>;
  /** Newest first, at most `limit` (1 to 100). */
  listVideos?(
    page: { readonly after?: string; readonly limit: number },
    context?: CallContext,
  ): Promise<RemoteVideoPage>;
  deleteVideo?(remoteId: string, context?: CallContext): Promise<void>;
  revise?(request: ReviseVideo, context?: CallContext): Promise<RemoteVideo>;
  createCharacter?(request: CreateCharacter, context?: CallContext): Promise<RemoteCharacter>;
  extractCharacter?(request: ExtractCharacter, context?: CallContext): Promise<RemoteCharacter>;
  /** How one goes that the upstream makes by a task; `remoteId` as it was told, `name` as it was asked for. */
  getCharacter?(pending: Pick<RemoteCharacter, 'remoteId' | 'name'>, context?: CallContext): Promise<RemoteCharacter>;
  listCharacters?(context?: CallContext): Promise<readonly RemoteCharacter[]>;
  /** `from` asks for a range; look at `offset` for what was given. `known` is the last state heard, for its link. */
  openContent(
    known: Pick<RemoteVideo, 'remoteId' | 'videoUrl'>,
    variant: ContentVariant,
    from: number | ContentStart,
    context?: CallContext,
  ): Promise<Content>;
  probe(context?: CallContext): Promise<Probe>;
  close(): Promise<void>;
}
