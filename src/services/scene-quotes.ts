import { SoraError } from '../domain/errors.ts';
import { formatUsd, type MicroUsd } from '../domain/money.ts';
import type { Choice } from '../routing/decision.ts';
import { route } from '../routing/router.ts';
import type { Core, Workspace } from './core.ts';
import { type Draft, type DraftScene, taskOf } from './draft.ts';
import { castOf } from './planning.ts';
import { sourceUrlsOf } from './request.ts';
import { inScene } from './scenes.ts';

/** A scene that is to be made, with where and for how much. */
export interface QuotedScene {
  /** From 0. */
  readonly index: number;
  readonly draft: DraftScene;
  readonly choice: Choice;
}

type Numbered = Pick<QuotedScene, 'index' | 'draft'>;

/** One backend that can make all of some scenes. */
interface Way {
  readonly backend: string;
  readonly scenes: readonly QuotedScene[];
  readonly cost: number;
  /** Scenes in which a reference video stands in for a character. */
  readonly standIns: number;
  /** Scenes whose size the backend cannot be told. */
  readonly unsized: number;
}

/**
 * Routes every scene that is to be made. One backend makes them all where one can, so that a character looks the same
 * throughout and the clips can be joined; scenes that share nobody may else go to several.
 */
export function quoteScenes(core: Core, workspace: Workspace, draft: Draft): readonly QuotedScene[] {
  const toMake = draft.scenes.map((scene, index) => ({ draft: scene, index })).filter((each) => each.draft.toMake);
  if (toMake.length === 0) return [];
  const groups = sharingGroups(toMake);
  const whole = waysFor(core, workspace, draft, toMake);
  const best = bestWay(core, draft, whole.ways);
  if (best) return withReason(best, whole.ways);
  if (groups.length === 1) throw refusalOf(core, workspace, draft, toMake, whole.refusals);
  return groups
    .flatMap((group) => {
      const { ways, refusals } = waysFor(core, workspace, draft, group);
      const way = bestWay(core, draft, ways);
      if (!way) throw refusalOf(core, workspace, draft, group, refusals);
      return withReason(way, ways);
    })
    .sort((a, b) => a.index - b.index);
}

/** Scenes that have a character in common, directly or through other scenes, belong together. */
function sharingGroups(scenes: readonly Numbered[]): Numbered[][] {
  const groups: { cast: Set<string>; scenes: Numbered[] }[] = [];
  for (const scene of scenes) {
    const cast = new Set(scene.draft.request.characterIds);
    const related = groups.filter((group) => [...cast].some((id) => group.cast.has(id)));
    for (const group of related) {
      groups.splice(groups.indexOf(group), 1);
      for (const id of group.cast) cast.add(id);
    }
    groups.push({ cast, scenes: [...related.flatMap((group) => group.scenes), scene] });
  }
  return groups.map((group) => group.scenes);
}

interface Tried {
  readonly ways: readonly Way[];
  readonly refusals: ReadonlyMap<string, SoraError>;
}

function waysFor(core: Core, workspace: Workspace, draft: Draft, scenes: readonly Numbered[]): Tried {
  const bound = new Set(keptWith(core, draft, scenes).map((task) => task.backend));
  const ids = [...core.backends.keys()].filter((id) => bound.size === 0 || bound.has(id));
  const ways: Way[] = [];
  const refusals = new Map<string, SoraError>();
  for (const backend of ids) {
    try {
      const quoted = scenes.map((scene) => quoteScene(core, workspace, scene, backend));
      const cost = quoted.reduce((total, { choice }) => total + (choice.quote ?? Number.POSITIVE_INFINITY), 0);
      const standIns = quoted.filter(({ choice }) => choice.characterMode === 'reference_video').length;
      const unsized = quoted.filter(({ choice }) => choice.sizeIgnored).length;
      ways.push({ backend, scenes: quoted, cost, standIns, unsized });
    } catch (error) {
      if (!(error instanceof SoraError)) throw error;
      refusals.set(backend, error);
    }
  }
  return { ways, refusals };
}

/** The jobs of the scenes that stay and share a character with these: they have chosen the backend. */
function keptWith(core: Core, draft: Draft, scenes: readonly Numbered[]) {
  const cast = new Set(scenes.flatMap((scene) => scene.draft.request.characterIds));
  return draft.scenes.flatMap((each) => {
    const shares = !each.toMake && each.request.characterIds.some((id) => cast.has(id));
    return shares ? (taskOf(core, each.scene) ?? []) : [];
  });
}

function quoteScene(core: Core, workspace: Workspace, scene: Numbered, backend: string | undefined): QuotedScene {
  const { request, sizeShared } = scene.draft;
  const ask = (size: typeof request.size): QuotedScene => {
    const decision = route(
      {
        ...request,
        size,
        backend,
        characters: castOf(core, workspace.name, request),
        referenceImage: false,
        referenceVideo: false,
        sourceUrls: sourceUrlsOf(core, workspace.name, request),
      },
      [...core.backends.values()].map((each) => ({ profile: each.profile, health: each.health() })),
      core.clock(),
    );
    const choice = decision.choices[0]!;
    // The first reason says that the backend was asked for; nobody asked.
    return { ...scene, choice: { ...choice, reasons: choice.reasons.slice(1) } };
  };
  try {
    return ask(request.size);
  } catch (error) {
    // A size that the scene did not ask for itself must not keep it from being made.
    const elsewhere = sizeShared && error instanceof SoraError && error.field === 'size';
    if (elsewhere) return ask(undefined);
    throw inScene(error, scene.index);
  }
}

function bestWay(core: Core, draft: Draft, ways: readonly Way[]): Way | undefined {
  const kept = draft.scenes.flatMap((each) => (each.toMake ? [] : (taskOf(core, each.scene)?.backend ?? [])));
  const profile = (way: Way) => core.backends.get(way.backend)!.profile;
  // As the router has it: a reverse gateway of unknown price is taken to be a little cheaper than forwarding.
  const presumed = Math.min(...ways.filter((way) => profile(way).route === 'forwarding').map(({ cost }) => cost)) - 0.5;
  const steps: readonly ((way: Way) => number)[] = [
    (way) => way.standIns,
    (way) => -kept.filter((id) => id === way.backend).length,
    (way) => way.unsized,
    (way) => (draft.priority === 'stability' && profile(way).route === 'forwarding' ? 0 : 1),
    (way) => (Number.isFinite(way.cost) || profile(way).route === 'forwarding' ? way.cost : presumed),
    (way) => -profile(way).weight,
    // What is made in conversation is changed in conversation.
    (way) => (profile(way).capabilities.remix || profile(way).capabilities.edit ? 0 : 1),
  ];
  return [...ways].sort((a, b) => {
    const step = steps.find((each) => each(a) !== each(b));
    return step ? step(a) - step(b) : 0;
  })[0];
}

function withReason(way: Way, ways: readonly Way[]): readonly QuotedScene[] {
  const price = (cost: number) => (Number.isFinite(cost) ? formatUsd(cost as MicroUsd) : 'an unknown price');
  const others = ways.filter((other) => other !== way).map((other) => `${other.backend} ${price(other.cost)}`);
  const against = others.length > 0 ? ` (${others.join(', ')})` : '';
  const many = way.scenes.length > 1;
  const reason = many
    ? `${way.backend} makes all ${way.scenes.length} scenes for ${price(way.cost)}${against}.`
    : `${way.backend} makes it for ${price(way.cost)}${against}.`;
  return way.scenes.map((scene) => ({
    ...scene,
    choice: { ...scene.choice, reasons: [reason, ...scene.choice.reasons] },
  }));
}

/** Why no single backend can make these scenes, in the words that help most. */
function refusalOf(
  core: Core,
  workspace: Workspace,
  draft: Draft,
  scenes: readonly Numbered[],
  refusals: ReadonlyMap<string, SoraError>,
): unknown {
  // A scene that nobody can make says so itself, with all its backends.
  for (const scene of scenes) {
    try {
      quoteScene(core, workspace, scene, undefined);
    } catch (error) {
      return error;
    }
  }
  const kept = keptWith(core, draft, scenes);
  const [first] = refusals.values();
  const told = [...refusals].map(([, error]) => `${error.field?.replace(/\..*/, '')}: ${error.message}`).join('; ');
  const made = kept.length > 0 ? ', where the scenes that stay were made' : '';
  return new SoraError({
    code: first?.code ?? 'not_supported',
    field: first?.field ?? 'scenes',
    message: `scenes with a common character go to one backend${made}, and none can make all of them: ${told}`,
    hint:
      kept.length > 0
        ? 'Change that scene, or make all scenes anew elsewhere with redo: true.'
        : 'Change the scene that is named, or bind the characters to a backend that makes all (create_character).',
    retryable: [...refusals.values()].every((error) => error.retryable),
  });
}
