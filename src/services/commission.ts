import { SoraError } from '../domain/errors.ts';
import { formatUsd, fromUsd, type MicroUsd, NOTHING, sum, toUsd } from '../domain/money.ts';
import type { Choice } from '../routing/decision.ts';
import { route } from '../routing/router.ts';
import type { StoredScene, StoredStoryboard } from '../store/storyboards.ts';
import { agree, ceilingOf } from './agreement.ts';
import type { Core, Workspace } from './core.ts';

import { fingerprintOf } from './fingerprint.ts';
import { persist } from './persist.ts';
import { castOf, planOf } from './planning.ts';
import { sourceUrlsOf } from './request.ts';
import type { Draft, DraftScene } from './scenes.ts';
import { inScene } from './scenes.ts';
import type { MakeStoryboardInput, RequestContext } from './services.ts';
import { reserve } from './videos.ts';

/** A scene that is to be made, with where and for how much. */
export interface QuotedScene {
  /** From 0. */
  readonly index: number;
  readonly draft: DraftScene;
  readonly choice: Choice;
}

/**
 * Routes every scene that is to be made. One backend makes them all where one can, so that a character looks the same
 * throughout and the clips can be joined; what is there already speaks for its backend.
 */
export async function quoteScenes(core: Core, workspace: Workspace, draft: Draft): Promise<readonly QuotedScene[]> {
  const toMake = draft.scenes.map((scene, index) => ({ scene, index })).filter(({ scene }) => scene.toMake);
  if (toMake.length === 0) return [];
  const ways: { backend: string; scenes: QuotedScene[]; cost: number }[] = [];
  let refusal: unknown;
  for (const backend of preferred(core, draft)) {
    try {
      const scenes = toMake.map(({ scene, index }) => quoteScene(core, workspace, scene, index, backend));
      const cost = scenes.reduce((total, { choice }) => total + (choice.quote ?? Number.POSITIVE_INFINITY), 0);
      ways.push({ backend, scenes, cost });
    } catch (error) {
      refusal ??= error;
    }
  }
  const kept = keptBackend(core, draft);
  const best =
    ways.find((way) => way.backend === kept) ?? (draft.priority === 'stability' ? stable(core, ways) : cheapest(ways));
  if (best) return best.scenes;
  // No backend can make all of it; scenes that share nobody may still go to several.
  const characters = new Set(toMake.flatMap(({ scene }) => scene.request.characterIds));
  const shared = [...characters].some(
    (id) => toMake.filter(({ scene }) => scene.request.characterIds.includes(id)).length > 1,
  );
  if (shared) throw refusal;
  return toMake.map(({ scene, index }) => quoteScene(core, workspace, scene, index, undefined));
}

function preferred(core: Core, draft: Draft): string[] {
  const pinned = new Set(draft.scenes.flatMap((scene) => scene.request.backend ?? []));
  const ids = [...core.backends.keys()];
  return pinned.size === 1 ? ids.filter((id) => pinned.has(id)) : ids;
}

interface Way {
  readonly backend: string;
  readonly scenes: readonly QuotedScene[];
  readonly cost: number;
}

function cheapest(ways: readonly Way[]): Way | undefined {
  return ways.reduce<Way | undefined>((least, way) => (least && least.cost <= way.cost ? least : way), undefined);
}

function stable(core: Core, ways: readonly Way[]): Way | undefined {
  const forwarding = ways.filter((way) => core.backends.get(way.backend)?.profile.route === 'forwarding');
  return cheapest(forwarding.length > 0 ? forwarding : ways);
}

/** Where the scenes that stay were made. */
function keptBackend(core: Core, draft: Draft): string | undefined {
  for (const { scene, toMake } of draft.scenes) {
    if (!toMake && scene.taskId !== undefined) return core.store.tasks.byId(scene.taskId)?.backend;
  }
  return undefined;
}

function quoteScene(
  core: Core,
  workspace: Workspace,
  draft: DraftScene,
  index: number,
  backend: string | undefined,
): QuotedScene {
  const { request } = draft;
  try {
    const decision = route(
      {
        ...request,
        backend: backend ?? request.backend,
        characters: castOf(core, workspace.name, request),
        referenceImage: request.referenceImage !== undefined,
        referenceVideo: request.referenceVideo !== undefined,
        sourceUrls: sourceUrlsOf(core, workspace.name, request),
      },
      [...core.backends.values()].map((each) => ({ profile: each.profile, health: each.health() })),
      core.clock(),
    );
    return { index, draft, choice: decision.choices[0]! };
  } catch (error) {
    throw inScene(error, index);
  }
}

interface Commission {
  readonly draft: Draft;
  readonly quote: readonly QuotedScene[];
  readonly input: MakeStoryboardInput;
  readonly context: RequestContext;
}

interface Commissioned {
  readonly board: StoredStoryboard;
  readonly cost: MicroUsd;
  readonly notes: readonly string[];
}

/** Writes the storyboard and the intents of all its scenes in one transaction; the tracker sends them in turn. */
export async function commission(core: Core, workspace: Workspace, order: Commission): Promise<Commissioned> {
  const { draft, input, context } = order;
  const { scenes, notes } = affordable(workspace, order);
  const plans = await Promise.all(
    scenes.map(async (scene) => ({
      ...scene,
      plan: await planOf(core, workspace.name, scene.draft.request, scene.choice),
    })),
  );
  const cost = sum(plans.map(({ plan }) => plan.quote ?? NOTHING));
  const [first] = plans;
  if (first) {
    const fingerprint = plans.map(({ draft: each }) => each.fingerprint).join(',');
    const whole = { ...first.plan, quote: plans.some(({ plan }) => plan.quote === undefined) ? undefined : cost };
    await agree(core, workspace, { plan: whole, fingerprint, token: input.confirm, context });
  }
  const board = boardOf(core, workspace, draft);
  const left = [...notes];
  await persist(() =>
    core.store.transaction(() => {
      if (draft.existing) {
        const { id, workspace: _, scenes: __, createdAt: ___, updatedAt: ____, ...facts } = board;
        core.store.storyboards.updateStoryboard(id, facts);
        core.store.storyboards.replaceScenes(id, board.scenes);
      } else {
        core.store.storyboards.insert(board);
      }
      for (const { draft: each, plan, index } of plans) {
        try {
          const request = { ...each.request, backend: plan.backend };
          const identity = fingerprintOf('video', request);
          const { task } = core.store.transaction(() =>
            reserve(core, workspace, { kind: 'video', request, storyboardId: board.id }, plan, identity, core.clock()),
          );
          core.store.storyboards.updateScene(each.scene.id, { taskId: task.id, fingerprint: each.fingerprint });
        } catch (error) {
          if (!(input.partial && error instanceof SoraError && error.code === 'budget_exceeded'))
            throw inScene(error, index);
          left.push(`scene ${index + 1} was left out: ${error.message}`);
        }
      }
    }),
  );
  core.reached('storyboard:reserved');
  return { board: core.store.storyboards.get(workspace.name, board.id) ?? board, cost, notes: left };
}

/** The scenes that the caller's limit covers: all, or with `partial` the first that fit; else nothing is made. */
function affordable(
  workspace: Workspace,
  { quote, input }: Commission,
): { scenes: readonly QuotedScene[]; notes: string[] } {
  const each = ceilingOf(workspace, undefined);
  for (const { choice } of quote) if (!each.allows(choice.quote)) throw each.refusal(choice);
  if (input.maxCostUsd === undefined) return { scenes: quote, notes: [] };
  const limit = fromUsd(input.maxCostUsd);
  const total = sum(quote.map(({ choice }) => choice.quote ?? NOTHING));
  if (quote.some(({ choice }) => choice.quote === undefined) || (total > limit && !input.partial)) {
    throw new SoraError({
      code: 'budget_exceeded',
      field: 'max_cost_usd',
      message: `all ${quote.length} scenes cost ${formatUsd(total)}, more than max_cost_usd (${formatUsd(limit)})`,
      hint: 'Raise it, make the scenes shorter or fewer, or pass partial: true to make the first that fit.',
      details: { costUsd: toUsd(total), limitUsd: toUsd(limit) },
    });
  }
  let used = 0;
  const scenes = quote.filter(({ choice }) => {
    used += choice.quote ?? 0;
    return used <= limit;
  });
  const notes = scenes.length < quote.length ? [`max_cost_usd covers ${scenes.length} of ${quote.length} scenes`] : [];
  return { scenes, notes };
}

function boardOf(core: Core, workspace: Workspace, draft: Draft): StoredStoryboard {
  const now = core.clock();
  const scenes: StoredScene[] = draft.scenes.map(({ scene }) => scene);
  return {
    id: draft.existing?.id ?? core.newId('board'),
    workspace: workspace.name,
    title: draft.title,
    style: draft.style,
    characters: draft.characterIds,
    priority: draft.priority,
    partial: false,
    filmState: 'pending',
    filmPath: undefined,
    filmError: undefined,
    scenes,
    createdAt: draft.existing?.createdAt ?? now,
    updatedAt: now,
  };
}
