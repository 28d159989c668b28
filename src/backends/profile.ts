import type { BackendLimits, BackendProfile, Capabilities, ModelOffer, Rate } from '../domain/models.ts';
import type { Secret } from '../domain/secret.ts';
import type { Route } from '../domain/video.ts';
import type { Dialect, Field, FieldKey, Operation } from './dialects/schema.ts';

/** One upstream as it is configured. What is absent is the dialect's. */
export interface BackendDefinition {
  readonly id: string;
  readonly route: Route;
  readonly dialect: Dialect;
  /** With or without a slash at the end. */
  readonly baseUrl: URL;
  /** Absent: requests carry no authorization. */
  readonly apiKey?: Secret | undefined;
  /** Clips cost nothing. Default false. */
  readonly sandbox?: boolean | undefined;
  /** Replace the dialect's. */
  readonly models?: readonly ModelOffer[] | undefined;
  readonly defaultModel?: string | undefined;
  /** Replace the dialect's. */
  readonly rates?: readonly Rate[] | undefined;
  /** Dollars for making one character. */
  readonly characterUsd?: number | undefined;
  /** Each replaces the dialect's. */
  readonly limits?: Partial<BackendLimits> | undefined;
  /** Default 1. */
  readonly weight?: number | undefined;
}

interface RetiredHost {
  readonly host: string;
  /** ISO date. */
  readonly on: string;
  readonly instead: string;
}

/** Services known to have ended at their address (upstreams: OpenAI's own Videos API). */
const RETIRED_HOSTS: readonly RetiredHost[] = [
  {
    host: 'api.openai.com',
    on: '2026-09-24',
    instead:
      'a server that speaks the same protocol: SGLang Diffusion, vLLM-Omni, LiteLLM, Bifrost, new-api or a hosted gateway',
  },
];

/** The facts about a backend that need no network. */
export function profileOf(definition: BackendDefinition): BackendProfile {
  const { dialect } = definition;
  const sandbox = definition.sandbox ?? false;
  const retired = sandbox ? undefined : RETIRED_HOSTS.find(({ host }) => host === definition.baseUrl.hostname);
  const models = modelsOf(definition, sandbox, retired);
  const defaultModel = definition.defaultModel ?? defaultAmong(models, dialect.defaults.model);
  const characterUsd = sandbox ? 0 : (definition.characterUsd ?? dialect.characterUsd);
  const offer = models.find(({ id }) => id === defaultModel);
  const lengths = offer?.seconds ?? [];
  const { seconds, size } = dialect.defaults;
  const defaultSize = offer && offer.sizes.length > 0 && !offer.sizes.includes(size!) ? offer.sizes[0] : size;
  return {
    id: definition.id,
    route: definition.route,
    dialect: dialect.name,
    origin: definition.baseUrl.origin,
    sandbox,
    unofficial: dialect.unofficial,
    capabilities: capabilitiesOf(dialect),
    models,
    defaultModel,
    defaultSeconds: lengths.length === 0 || lengths.includes(seconds) ? seconds : lengths[0]!,
    ...(defaultSize === undefined ? {} : { defaultSize }),
    rates: sandbox ? freeRates(models, defaultModel) : (definition.rates ?? dialect.rates),
    ...(characterUsd === undefined ? {} : { characterUsd }),
    limits: limitsOf(definition),
    weight: definition.weight ?? 1,
    ...(retired ? { retired: { on: retired.on, instead: retired.instead } } : {}),
  };
}

function limitsOf({ dialect, limits = {} }: BackendDefinition): BackendLimits {
  // Who sets a floor for a backend knows it: the dialect's mean is for those who do not.
  const { meanPollMs } = limits.minPollMs === undefined ? dialect.limits : limits;
  return { ...dialect.limits, ...limits, meanPollMs };
}

function modelsOf(
  { dialect, models, defaultModel }: BackendDefinition,
  sandbox: boolean,
  retired: RetiredHost | undefined,
): readonly ModelOffer[] {
  const listed = models ?? dialect.models;
  // A default that is configured is offered, whatever the list says.
  const missing = defaultModel !== undefined && listed.length > 0 && !listed.some(({ id }) => id === defaultModel);
  const all = missing ? [...listed, { id: defaultModel, status: 'unknown', sizes: [], seconds: [] } as const] : listed;
  if (sandbox) return all.map((offer) => ({ ...offer, status: 'active' }));
  if (!retired) return all;
  return all.map((offer) => ({ ...offer, status: 'retired', retiredOn: offer.retiredOn ?? retired.on }));
}

function defaultAmong(models: readonly ModelOffer[], usual: string): string {
  return models.length === 0 || models.some(({ id }) => id === usual) ? usual : models[0]!.id;
}

function freeRates(models: readonly ModelOffer[], defaultModel: string): readonly Rate[] {
  const ids = models.length > 0 ? models.map(({ id }) => id) : [defaultModel];
  return ids.map((model) => ({
    model,
    unit: 'video',
    usd: 0,
    source: 'sandbox',
    asOf: '2026-01-01',
    confidence: 'exact',
  }));
}

/** What the operations and their fields make possible: a dialect cannot claim what it does not spell. */
export function capabilitiesOf(dialect: Dialect): Capabilities {
  const { operations } = dialect;
  const sends = (operation: Operation | undefined, key: FieldKey) => operation?.fields[key] !== undefined;
  const variants = operations.content?.variants ?? [];
  return {
    createCharacter: operations.createCharacter !== undefined,
    extractCharacter: operations.extractCharacter !== undefined,
    listCharacters: operations.listCharacters !== undefined,
    maxCharacters: dialect.maxCharacters,
    sizing: (['size', 'resolution'] as const).some((key) => sends(operations.create, key))
      ? 'size'
      : sends(operations.create, 'aspectRatio')
        ? 'shape'
        : 'none',
    referenceVideo: sends(operations.create, 'referenceVideo'),
    referenceRange: sends(operations.create, 'timestamps'),
    referenceImage: sends(operations.create, 'referenceImage'),
    remix: operations.remix !== undefined,
    edit: operations.edit !== undefined,
    extend: operations.extend !== undefined,
    listVideos: operations.list !== undefined,
    deleteVideo: operations.delete !== undefined,
    thumbnail: variants.includes('thumbnail'),
    spritesheet: variants.includes('spritesheet'),
    characterClipSeconds: dialect.characterClipSeconds,
    characterClipSides: dialect.characterClipSides,
    characterClipRatios: dialect.characterClipRatios,
    characterRange: sends(operations.createCharacter, 'timestamps') || sends(operations.extractCharacter, 'timestamps'),
    characterUpload: uploads(operations.createCharacter?.fields.video),
    characterFetch: fetches(operations.createCharacter?.fields.video),
  };
}

function uploads(field: Field | string | undefined): boolean {
  return typeof field === 'object' && field.file !== 'refuse';
}

function fetches(field: Field | string | undefined): boolean {
  return typeof field === 'object' && field.url === 'upload';
}
