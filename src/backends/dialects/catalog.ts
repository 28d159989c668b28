import * as z from 'zod/v4';
import { invalid } from '../../domain/errors.ts';
import { nearest } from '../../domain/text.ts';
import type { Route } from '../../domain/video.ts';
import { isRecord } from '../envelope.ts';
import azure from './azure.json' with { type: 'json' };
import bifrost from './bifrost.json' with { type: 'json' };
import gateway from './gateway.json' with { type: 'json' };
import { judge } from './judge.ts';
import litellm from './litellm.json' with { type: 'json' };
import newApi from './new-api.json' with { type: 'json' };
import openai from './openai.json' with { type: 'json' };
import openrouter from './openrouter.json' with { type: 'json' };
import { type Dialect, dialectSchema } from './schema.ts';
import seed from './seed.json' with { type: 'json' };
import sglang from './sglang.json' with { type: 'json' };
import soraV1 from './sora-v1.json' with { type: 'json' };
import unifiedV2 from './unified-v2.json' with { type: 'json' };
import vllmOmni from './vllm-omni.json' with { type: 'json' };
import xai from './xai.json' with { type: 'json' };

const DOCUMENTS: ReadonlyMap<string, { readonly route: string }> = new Map(
  [openai, azure, sglang, vllmOmni, litellm, bifrost, newApi, gateway, openrouter, xai, seed, soraV1, unifiedV2].map(
    (document) => [document.name, document],
  ),
);
const parsed = new Map<string, Dialect>();

/** The names of the built-in dialects, the usual one of each route first. */
export function dialectNames(route?: Route): readonly string[] {
  const names = [...DOCUMENTS].filter(([, document]) => route === undefined || document.route === route);
  return names.map(([name]) => name);
}

/** A built-in dialect, parsed at its first use. Throws `invalid_argument` with the nearest names. */
export function dialectNamed(name: string): Dialect {
  const known = parsed.get(name);
  if (known) return known;
  const document = DOCUMENTS.get(name);
  if (!document) {
    const near = nearest(name, DOCUMENTS.keys());
    const hint = near.length > 0 ? `Did you mean ${near.join(' or ')}? ` : '';
    throw invalid(
      'dialect',
      `there is no dialect ${JSON.stringify(name.slice(0, 60))}`,
      `${hint}Known: ${dialectNames().join(', ')}.`,
    );
  }
  const dialect = parseDialect(document);
  parsed.set(name, dialect);
  return dialect;
}

/**
 * A dialect from a document of the user's. `extends` names a built-in one that it changes: objects are merged, lists
 * and plain values replaced, and `null` takes a setting away. Throws `invalid_argument`; `field` is where it stands.
 */
export function parseDialect(document: unknown, field = 'dialect'): Dialect {
  const result = check(document);
  if (result.success) return result.data;
  throw invalid(field, `the dialect is not usable: ${z.prettifyError(result.error).slice(0, 600)}`);
}

/** The same for a document that stands below a backend, which gives it a name and a route where it has none. */
export function parseInlineDialect(document: unknown, route: Route, field?: string): Dialect {
  return parseDialect(placed(document, route), field);
}

/** All that keeps such a document from being a dialect; each path leads to its place in the document. */
export function inlineDialectIssues(document: unknown, route: Route): readonly z.core.$ZodIssue[] {
  return check(placed(document, route), route).error?.issues ?? [];
}

function placed(document: unknown, route: Route): unknown {
  return isRecord(document) ? { name: 'inline', route, ...document } : document;
}

function check(document: unknown, wanted?: Route) {
  const judged = dialectSchema().superRefine((dialect, context) => judge(dialect, wanted, context));
  return judged.safeParse(extended(document));
}

function extended(document: unknown): unknown {
  if (!isRecord(document) || typeof document.extends !== 'string') return document;
  const { extends: base, ...changes } = document;
  dialectNamed(document.extends);
  return merge(DOCUMENTS.get(document.extends), { name: 'inline', ...changes, limits: ownPace(changes.limits) });
}

/** Who sets a floor for polls does not mean the base's average. */
function ownPace(limits: unknown): unknown {
  return isRecord(limits) && 'minPollMs' in limits ? { meanPollMs: null, ...limits } : (limits ?? {});
}

function merge(base: unknown, change: unknown): unknown {
  if (!isRecord(base) || !isRecord(change)) return change;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(change)) {
    if (value === null) delete merged[key];
    else merged[key] = merge(base[key], value);
  }
  return merged;
}
