import type { Character } from '../domain/character.ts';
import {
  checkHandle,
  handleFromName,
  MAX_DESCRIPTION_LENGTH,
  MAX_HANDLE_LENGTH,
  MAX_NAME_LENGTH,
} from '../domain/character.ts';
import { invalid, SoraError } from '../domain/errors.ts';
import { clean } from '../domain/text.ts';
import { adoptListed } from './adopt.ts';
import { bindCharacter, type Making } from './binding.ts';
import { bindingBackend, extractionBackend } from './binding-choice.ts';
import { type MadeCharacter, otherClipOf } from './character-likeness.ts';
import { keepCharacter, standIns } from './character-stand-in.ts';
import { backendId, type Core, type Workspace } from './core.ts';
import { lengthOf } from './length.ts';
import { findCharacter, findTask } from './lookup.ts';
import type {
  CharacterPage,
  CharacterService,
  CreateCharacterInput,
  ExtractCharacterInput,
  ListCharactersInput,
  RequestContext,
} from './services.ts';
import { sourceOf } from './source.ts';
import { checkSourceTask } from './source-clip.ts';

const DEFAULT_PAGE = 20;

/** The catalog's use cases for one workspace. */
export class Characters implements CharacterService {
  readonly #core: Core;
  readonly #workspace: Workspace;

  constructor(core: Core, workspace: Workspace) {
    this.#core = core;
    this.#workspace = workspace;
  }

  async create(input: CreateCharacterInput, context: RequestContext = {}): Promise<MadeCharacter> {
    confirmRights(input.rightsConfirmed);
    const name = checkName(input.name);
    const handle = handleIn(input.handle, name);
    const existing = this.#known(handle);
    const source = await sourceOf(input, existing, this.#workspace);
    const draft = {
      name: existing?.name ?? name,
      description: description(input.description) ?? existing?.description ?? '',
      handle: handle ?? needsHandle(name),
      source,
    };
    const wanted = backendId(this.#core, input.backend);
    const backends = standIns(this.#core).filter(({ profile }) => profile.id === (wanted ?? profile.id));
    if (backends.length > 0) return await keepCharacter(this.#core, this.#workspace, { backends, existing, draft });
    const backend = bindingBackend(this.#core, { wanted, existing, source, span: input });
    return await this.#make({ backend, existing, draft, input, context });
  }

  async extract(input: ExtractCharacterInput, context: RequestContext = {}): Promise<MadeCharacter> {
    confirmRights(input.rightsConfirmed);
    const name = checkName(input.name);
    const handle = handleIn(input.handle, name);
    const task = findTask(this.#core, this.#workspace.name, input.taskId);
    const existing = this.#known(handle);
    const backend = extractionBackend(this.#core, task, existing);
    const { startSeconds, endSeconds } = input;
    const clip = { id: task.id, seconds: lengthOf(this.#core, task) };
    checkSourceTask(clip, backend.profile, { startSeconds, endSeconds });
    const source = { kind: 'task', taskId: task.id, remoteId: task.remoteId!, backend: task.backend } as const;
    const about = description(input.description) ?? '';
    const draft = { handle: handle ?? needsHandle(name), name, description: about, source };
    return await this.#make({ backend, existing, draft, input, context });
  }

  async list(input: ListCharactersInput, context: RequestContext = {}): Promise<CharacterPage> {
    const backend = backendId(this.#core, input.backend);
    if (backend !== undefined && !this.#core.backends.has(backend)) {
      throw invalid('backend', `there is no backend ${JSON.stringify(backend)}`, this.#backendsHint());
    }
    const notes = input.refresh ? await adoptListed(this.#core, this.#workspace, backend, context.signal) : [];
    const { store } = this.#core;
    const asked = {
      workspace: this.#workspace.name,
      query: input.query,
      backend,
      limit: input.limit ?? DEFAULT_PAGE,
      cursor: input.cursor,
    };
    const page = store.recall.get(`characters ${JSON.stringify(asked)}`, () => store.characters.page(asked));
    return { characters: page.items, nextCursor: page.nextCursor, notes };
  }

  find(reference: string): Character {
    const wanted = reference
      .trim()
      .replace(/^@/, '')
      .replace(/^\{(.*)\}$/, '$1');
    const found = findCharacter(this.#core, this.#workspace.name, wanted);
    if (found) return found;
    const near = this.#core.store.characters.similarHandles(this.#workspace.name, wanted, 3);
    throw new SoraError({
      code: 'not_found',
      field: 'character',
      message: `there is no character ${JSON.stringify(wanted.slice(0, 80))}`,
      hint: near.length > 0 ? `Nearest: ${near.join(', ')}.` : 'The catalog is empty: create_character adds one.',
    });
  }

  complete(text: string, limit: number): readonly string[] {
    return this.#core.store.characters.handlesLike(this.#workspace.name, text.replace(/^@/, ''), limit);
  }

  async #make(making: Making): Promise<MadeCharacter> {
    // Before it is made: nothing that fails may hide a character that was paid for.
    const otherClip = await otherClipOf(this.#core, making);
    const made = await bindCharacter(this.#core, this.#workspace, making);
    return otherClip && made.id === making.existing?.id ? { ...made, otherClip } : made;
  }

  #known(handle: string | undefined): Character | undefined {
    return handle === undefined ? undefined : this.#core.store.characters.byHandle(this.#workspace.name, handle);
  }

  #backendsHint(): string {
    return `Configured: ${[...this.#core.backends.keys()].join(', ')}.`;
  }
}

function confirmRights(confirmed: boolean): void {
  if (confirmed) return;
  throw new SoraError({
    code: 'rights_not_confirmed',
    field: 'rights_confirmed',
    message: 'rights_confirmed is not true',
    hint: 'Ask the user: the subject must not be a real person, or must have consented. Then pass rights_confirmed: true.',
  });
}

function checkName(name: string): string {
  const plain = clean(name, MAX_NAME_LENGTH + 1);
  if (plain === '') throw invalid('name', 'name is empty', `Give 1 to ${MAX_NAME_LENGTH} characters.`);
  if (plain.length > MAX_NAME_LENGTH) {
    throw invalid(
      'name',
      `name is longer than ${MAX_NAME_LENGTH} characters`,
      `Give 1 to ${MAX_NAME_LENGTH} characters.`,
    );
  }
  return plain;
}

function handleIn(handle: string | undefined, name: string): string | undefined {
  return handle === undefined ? handleFromName(name) : checkHandle(handle);
}

/** Asked for last: what else is missing matters more than a name that makes no handle. */
function needsHandle(name: string): never {
  throw invalid(
    'handle',
    `no handle can be made from the name ${JSON.stringify(name)}`,
    `Give handle too: 2 to ${MAX_HANDLE_LENGTH} of a-z, 0-9 and _, starting with a letter, e.g. coffee_girl.`,
  );
}

function description(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const plain = clean(text, MAX_DESCRIPTION_LENGTH + 1);
  if (plain.length <= MAX_DESCRIPTION_LENGTH) return plain;
  throw invalid('description', `description is longer than ${MAX_DESCRIPTION_LENGTH} characters`, 'Shorten it.');
}
