import type { BackendLimits, BackendProfile, ModelOffer, Rate } from '../domain/models.ts';
import type { Secret } from '../domain/secret.ts';
import type { Route } from '../domain/video.ts';
import { dialectNamed, parseDialect, parseInlineDialect } from './dialects/catalog.ts';
import type { Dialect } from './dialects/schema.ts';
import { type BackendDefinition, profileOf } from './profile.ts';

/** One upstream as the configuration tells it. */
export interface ConfiguredBackend {
  readonly id: string;
  readonly route: Route;
  /** A built-in dialect's name, or a document. */
  readonly dialect: string | Readonly<Record<string, unknown>>;
  readonly baseUrl: string;
  readonly apiKey?: Secret | undefined;
  readonly defaultModel?: string | undefined;
  /** Absent fields of a model that the dialect knows are the dialect's. */
  readonly models?: readonly (Pick<ModelOffer, 'id'> & Partial<ModelOffer>)[] | undefined;
  readonly rates?: readonly Rate[] | undefined;
  readonly characterUsd?: number | undefined;
  readonly limits?: Partial<BackendLimits> | undefined;
  readonly weight?: number | undefined;
  /** Where it is configured, for messages. */
  readonly from?: string | undefined;
}

/** The embedded upstream's two backends. Its forwarding side keeps a look by reference as well as by character. */
const SANDBOX = [
  {
    id: 'sandbox-forwarding',
    route: 'forwarding',
    dialect: {
      extends: 'openai',
      name: 'openai',
      operations: {
        create: { fields: { referenceVideo: 'reference_video', influenceStrength: 'influence_strength' } },
      },
    },
  },
  { id: 'sandbox-reverse', route: 'reverse', dialect: { extends: 'seed', name: 'seed' } },
] as const;

/** Where the embedded upstream is, and the key that only its two backends have. */
export interface SandboxAccess {
  readonly baseUrl: URL;
  readonly apiKey: Secret;
}

/** The definitions of all configured backends, or of the embedded upstream's two. */
export async function definitionOf(
  config: { readonly backends: readonly ConfiguredBackend[] },
  sandbox?: SandboxAccess,
): Promise<readonly BackendDefinition[]> {
  return sandbox ? sandboxDefinitions(sandbox) : config.backends.map(toDefinition);
}

function sandboxDefinitions({ baseUrl, apiKey }: SandboxAccess): readonly BackendDefinition[] {
  return SANDBOX.map(({ id, route, dialect }) => ({
    id,
    route,
    dialect: parseDialect(dialect),
    baseUrl,
    apiKey,
    sandbox: true,
    // It is next door and answers at once.
    limits: { createsPerMinute: undefined, minPollMs: 400, usualJobMs: 2_500 },
  }));
}

function toDefinition(configured: ConfiguredBackend, index: number): BackendDefinition {
  const { dialect: told, models, baseUrl, from, ...rest } = configured;
  const where = `${from ?? `backends[${index}]`}.dialect`;
  const dialect = typeof told === 'string' ? dialectNamed(told) : parseInlineDialect(told, rest.route, where);
  return { ...rest, dialect, baseUrl: new URL(baseUrl), models: models?.map((model) => completed(model, dialect)) };
}

function completed(model: Pick<ModelOffer, 'id'> & Partial<ModelOffer>, dialect: Dialect): ModelOffer {
  const known = dialect.models.find(({ id }) => id === model.id);
  const given = Object.fromEntries(Object.entries(model).filter(([, value]) => value !== undefined));
  return { status: 'unknown', sizes: [], seconds: [], ...known, ...given, id: model.id };
}

/** The two services of the seed's price table, for comparison where nothing is configured. */
export async function referenceProfiles(): Promise<readonly BackendProfile[]> {
  const reference = (id: string, dialect: string, baseUrl: string) => {
    const found = dialectNamed(dialect);
    return profileOf({ id, route: found.route, dialect: found, baseUrl: new URL(baseUrl) });
  };
  return [
    reference('forwarding', 'openai', 'https://api.openai.com/v1'),
    reference('reverse', 'seed', 'https://api.apiyi.com/v1'),
  ];
}
