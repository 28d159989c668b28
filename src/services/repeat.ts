import { createHash } from 'node:crypto';
import { SoraError } from '../domain/errors.ts';
import type { StoredStoryboard } from '../store/storyboards.ts';
import type { Core, Workspace } from './core.ts';
import type { MakeStoryboardInput } from './services.ts';

/** What is said to a repeat. */
export const REPEATED = 'made before under this idempotency_key; nothing new';

/** The storyboard that an idempotency key was used for already. The same key with another request is an error. */
export function repeated(core: Core, workspace: Workspace, input: MakeStoryboardInput): StoredStoryboard | undefined {
  if (input.idempotencyKey === undefined) return undefined;
  const earlier = core.store.storyboards.request(workspace.name, input.idempotencyKey);
  if (!earlier) return undefined;
  if (earlier.fingerprint === fingerprintOf(input)) {
    return core.store.storyboards.get(workspace.name, earlier.storyboardId);
  }
  throw new SoraError({
    code: 'idempotency_conflict',
    field: 'idempotency_key',
    message: `idempotency_key was used for another request (${earlier.storyboardId})`,
    hint: 'Use a new key for a new request, or repeat the first one exactly.',
  });
}

/** So that a repeat of the call is known by its key. Belongs into the transaction that carries it out. */
export function remember(core: Core, workspace: Workspace, input: MakeStoryboardInput, storyboardId: string): void {
  const { idempotencyKey } = input;
  if (idempotencyKey === undefined) return;
  const request = { workspace: workspace.name, idempotencyKey, fingerprint: fingerprintOf(input), storyboardId };
  core.store.storyboards.insertRequest(request);
}

/** What is spent at most and who agreed to it may differ from one try to the next. */
function fingerprintOf({
  storyboardId,
  title,
  scenes,
  characters,
  style,
  priority,
  partial,
}: MakeStoryboardInput): string {
  const wanted = scenes?.map(({ scene, prompt, characters: cast, duration, size, redo }) => {
    return [scene, prompt, cast, duration, size, redo];
  });
  const facts = [storyboardId?.trim(), title, wanted, characters, style, priority, partial];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}
