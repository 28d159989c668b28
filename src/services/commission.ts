import { SoraError } from '../domain/errors.ts';
import type { MicroUsd } from '../domain/money.ts';
import type { StoredScene, StoredStoryboard } from '../store/storyboards.ts';
import { agree, refuseAbandoned } from './agreement.ts';
import type { Core, Workspace } from './core.ts';
import { cover, priceOf } from './coverage.ts';
import type { Draft } from './draft.ts';
import { fingerprintOf } from './fingerprint.ts';
import { persist } from './persist.ts';
import type { Plan } from './plan.ts';
import { planOf } from './planning.ts';
import { REPEATED, remember, repeated } from './repeat.ts';
import { reserve } from './reserve.ts';
import type { QuotedScene } from './scene-quotes.ts';
import { inScene } from './scenes.ts';
import type { MakeStoryboardInput, RequestContext } from './services.ts';
import { discardedBy, freedBy, withdraw } from './withdrawal.ts';

interface Commission {
  readonly draft: Draft;
  readonly quote: readonly QuotedScene[];
  readonly input: MakeStoryboardInput;
  readonly context: RequestContext;
}

export interface Commissioned {
  readonly board: StoredStoryboard;
  /** Of what this call makes. */
  readonly cost: MicroUsd;
  readonly notes: readonly string[];
}

interface PlannedScene extends QuotedScene {
  readonly plan: Plan;
}

/** Writes the storyboard and the intents of all its scenes in one transaction; the tracker sends them in turn. */
export async function commission(core: Core, workspace: Workspace, order: Commission): Promise<Commissioned> {
  const { draft, quote, input, context } = order;
  const { maxCostUsd, partial } = input;
  const covered = cover(core, workspace, quote, { maxCostUsd, partial, freed: freedBy(core, draft) });
  const scenes = await plansOf(core, workspace, covered.scenes, context);
  const keyed = { ...input, idempotencyKey: await agreeOnAll(core, workspace, scenes, order) };
  refuseAbandoned(context);
  const written = await persist(() =>
    core.store.transaction(() => {
      // Another process may have carried it out while a person was asked.
      const earlier = repeated(core, workspace, keyed);
      if (earlier) return { notes: [REPEATED], made: [], board: earlier };
      checkUnchanged(core, workspace, draft.existing);
      const lost = [...withdraw(core, draft), ...discardedBy(core, draft)];
      // The money may have gone elsewhere while a person was asked.
      const still = cover(core, workspace, covered.scenes, { maxCostUsd, partial });
      const made = scenes.filter(({ index }) => still.scenes.some((scene) => scene.index === index));
      const missing = [covered.missing, still.missing].flatMap((each) => (each ? `left out: ${each}` : []));
      const board = write(core, workspace, draft, made);
      remember(core, workspace, keyed, board.id);
      return { notes: [...missing, ...lost], made, board };
    }),
  );
  core.reached('storyboard:reserved');
  return { board: written.board, cost: priceOf(written.made), notes: written.notes };
}

function plansOf(
  core: Core,
  workspace: Workspace,
  scenes: readonly QuotedScene[],
  { signal }: RequestContext,
): Promise<PlannedScene[]> {
  return Promise.all(
    scenes.map(async (scene) => {
      const { draft, choice, index } = scene;
      const plan = await planOf(core, workspace.name, draft.request, choice, { signal }).catch((error: unknown) => {
        throw inScene(error, index);
      });
      return { ...scene, plan };
    }),
  );
}

/** One yes for the sum of it: a storyboard is one decision. */
async function agreeOnAll(
  core: Core,
  workspace: Workspace,
  scenes: readonly PlannedScene[],
  { draft, input, context }: Commission,
): Promise<string | undefined> {
  const [first] = scenes;
  if (!first) return input.idempotencyKey;
  const unpriced = scenes.some(({ plan }) => plan.quote === undefined);
  const backends = [...new Set(scenes.map(({ plan }) => plan.backend))].join(', ');
  const seconds = scenes.reduce((total, { plan }) => total + plan.seconds, 0);
  const count = scenes.length === 1 ? '1 scene' : `${scenes.length} scenes`;
  return await agree(core, workspace, {
    what: `${count} of ${JSON.stringify(draft.title)} (${seconds} s in all) on ${backends}`,
    price: unpriced ? undefined : priceOf(scenes),
    excerpt: first.plan.sentPrompt,
    fingerprint: [draft.existing?.id ?? '', backends, ...scenes.map((scene) => scene.draft.fingerprint)].join(','),
    token: input.confirm,
    key: input.idempotencyKey,
    context,
  });
}

/** Two changes at once would each pay for what the other one dropped. */
function checkUnchanged(core: Core, workspace: Workspace, existing: StoredStoryboard | undefined): void {
  if (!existing) return;
  const now = core.store.storyboards.get(workspace.name, existing.id);
  const facts = (board: StoredStoryboard | undefined) =>
    JSON.stringify(board?.scenes.map(({ id, taskId, fingerprint, state }) => [id, taskId, fingerprint, state]));
  if (facts(now) === facts(existing)) return;
  throw new SoraError({
    code: 'idempotency_conflict',
    field: 'storyboard_id',
    message: 'the storyboard was changed at the same time',
    hint: 'Nothing was made. Look at it with get_task, then ask again.',
    retryable: true,
  });
}

function write(core: Core, workspace: Workspace, draft: Draft, made: readonly PlannedScene[]): StoredStoryboard {
  const { storyboards } = core.store;
  const board = boardOf(core, workspace, draft, made);
  if (draft.existing) {
    const { id, workspace: _, scenes, createdAt: __, updatedAt: ___, ...facts } = board;
    storyboards.updateStoryboard(id, facts);
    storyboards.replaceScenes(id, scenes);
  } else {
    storyboards.insert(board);
  }
  for (const { draft: each, plan, index } of made) {
    try {
      const request = { ...each.request, backend: plan.backend };
      const order = { kind: 'video', request, storyboardId: board.id } as const;
      // `sendAfter` puts it in the line: the tracker sends it, this process or the next.
      const { task } = reserve(core, workspace, order, plan, fingerprintOf('video', request), core.clock());
      storyboards.updateScene(each.scene.id, { taskId: task.id, fingerprint: each.fingerprint });
    } catch (error) {
      throw inScene(error, index);
    }
  }
  return storyboards.get(workspace.name, board.id) ?? board;
}

function boardOf(core: Core, workspace: Workspace, draft: Draft, made: readonly PlannedScene[]): StoredStoryboard {
  const { existing } = draft;
  const now = core.clock();
  const scenes = draft.scenes.map(({ scene, changed }, index): StoredScene => {
    if (made.some((each) => each.index === index)) return { ...scene, state: undefined };
    // Its clip shows something else now, and there is no new one.
    return changed ? { ...scene, taskId: undefined, fingerprint: undefined, state: undefined } : scene;
  });
  const order = (list: readonly StoredScene[]) => JSON.stringify(list.map(({ id, taskId }) => [id, taskId]));
  const same = existing !== undefined && made.length === 0 && order(existing.scenes) === order(scenes);
  const keepsFilm = same && existing.filmState === 'joined' && existing.title === draft.title;
  return {
    id: existing?.id ?? core.newId('board'),
    workspace: workspace.name,
    title: draft.title,
    style: draft.style,
    characters: draft.characterIds,
    priority: draft.priority,
    partial: false,
    filmState: keepsFilm ? 'joined' : 'pending',
    // The film that was is removed when the next one stands.
    filmPath: existing?.filmPath,
    filmError: undefined,
    scenes,
    createdAt: existing?.createdAt ?? now,
    updatedAt: now,
  };
}
