import * as z from 'zod/v4';
import { invalid } from '../../domain/errors.ts';
import { nearest } from '../../domain/text.ts';
import type { Route } from '../../domain/video.ts';
import { isRecord } from '../envelope.ts';
import azure from './azure.json' with { type: 'json' };
import bifrost from './bifrost.json' with { type: 'json' };
import gateway from './gateway.json' with { type: 'json' };
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
  const whole =
    isRecord(document) && typeof document.extends === 'string' ? extended(document, document.extends) : document;
  const result = dialectSchema().safeParse(whole);
  if (!result.success)
    throw invalid(field, `the dialect is not usable: ${z.prettifyError(result.error).slice(0, 600)}`);
  const dialect = result.data;
  if (!dialect.operations.create || !dialect.operations.get) {
    throw invalid(field, `the dialect ${dialect.name} has no create or no get operation`);
  }
  if (dialect.models.length > 0 && !dialect.models.some((model) => model.id === dialect.defaults.model)) {
    throw invalid(field, `the default model of the dialect ${dialect.name} is not among its models`);
  }
  return dialect;
}

function extended(changes: Readonly<Record<string, unknown>>, base: string): unknown {
  dialectNamed(base);
  const { extends: _, ...rest } = changes;
  return merge(DOCUMENTS.get(base), { name: 'inline', ...rest });
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
