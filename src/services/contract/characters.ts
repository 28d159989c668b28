import type { Character } from '../../domain/character.ts';
import type { RequestContext } from './request.ts';

export interface CreateCharacterInput {
  readonly name: string;
  /** Exactly one of `videoUrl` and `filePath`, unless the handle exists and its kept source is to be used. */
  readonly videoUrl?: string | undefined;
  readonly filePath?: string | undefined;
  readonly description?: string | undefined;
  readonly handle?: string | undefined;
  readonly backend?: string | undefined;
  readonly startSeconds?: number | undefined;
  readonly endSeconds?: number | undefined;
  readonly rightsConfirmed: boolean;
  /** The token of an earlier `confirmation_required`. */
  readonly confirm?: string | undefined;
}

export interface ExtractCharacterInput {
  /** Ours or a remote one. */
  readonly taskId: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly handle?: string | undefined;
  /** The part of the video to use. */
  readonly startSeconds?: number | undefined;
  readonly endSeconds?: number | undefined;
  readonly rightsConfirmed: boolean;
  /** The token of an earlier `confirmation_required`. */
  readonly confirm?: string | undefined;
}

export interface ListCharactersInput {
  readonly query?: string | undefined;
  readonly backend?: string | undefined;
  /** 1 to 100; default 20. */
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
  /** Also asks the backends that can list, and adopts what was not known. */
  readonly refresh?: boolean | undefined;
}

export interface CharacterPage {
  readonly characters: readonly Character[];
  readonly nextCursor?: string | undefined;
  /** What a refresh could not do, in short sentences. */
  readonly notes: readonly string[];
}

export interface CharacterService {
  create(input: CreateCharacterInput, context?: RequestContext): Promise<Character>;
  extract(input: ExtractCharacterInput, context?: RequestContext): Promise<Character>;
  list(input: ListCharactersInput, context?: RequestContext): Promise<CharacterPage>;
  /** By handle (with or without `@`), our id or a remote id. Throws `not_found` with the nearest handles. */
  find(reference: string): Character;
  /** Handles that start with or contain `text`, at most `limit`. */
  complete(text: string, limit: number): readonly string[];
}
