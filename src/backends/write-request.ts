import { invalid, SoraError } from '../domain/errors.ts';
import type { MediaSource } from '../domain/video.ts';
import type { Field, FieldKey, Operation } from './dialects/schema.ts';
import type { Http, RequestBody } from './http-port.ts';
import { dataUrlOf, loadMedia, type Media } from './media.ts';
import type { Part } from './multipart.ts';

/** The facts of one request; `referenceImage` and `video` are media, the rest goes through the field's form. */
export type Values = { readonly [key in FieldKey]?: unknown } & {
  readonly referenceImage?: MediaSource | undefined;
  readonly video?: MediaSource | undefined;
};

const MEDIA_ARGUMENT = {
  referenceImage: { url: 'reference_image', file: 'reference_image' },
  video: { url: 'video_url', file: 'file_path' },
} as const;

/** The body that a dialect's operation wants for these facts; undefined when it wants none. */
export async function writeBody(
  operation: Operation,
  values: Values,
  http: Http,
  signal?: AbortSignal,
): Promise<RequestBody | undefined> {
  if (operation.method !== 'POST') return undefined;
  const fields: Record<string, unknown> = { ...operation.constants };
  const uploads: { readonly name: string; readonly media: Media }[] = [];
  for (const [key, spec] of Object.entries(operation.fields) as [FieldKey, Field | string][]) {
    const field: Field = typeof spec === 'string' ? { name: spec, url: 'send', file: 'refuse' } : spec;
    const given = values[key] ?? field.default;
    if (given === undefined || (typeof given === 'string' && field.omit?.includes(given))) continue;
    if (key === 'referenceImage' || key === 'video') {
      const placed = await placeMedia(key, field, given as MediaSource, nested(operation, values), http, signal);
      if (typeof placed === 'string') fields[field.name] = shaped(placed, field);
      else uploads.push({ name: field.name, media: placed });
    } else {
      fields[field.name] = shaped(given, field);
    }
    Object.assign(fields, field.with);
  }
  if (operation.encoding === 'json' && uploads.length === 0) return { kind: 'json', value: fields };
  const texts: Part[] = Object.entries(fields).map(([name, value]) => ({ name, value: asText(value) }));
  return { kind: 'multipart', parts: [...texts, ...uploads.map(({ name, media }) => ({ name, ...media }))] };
}

/** Lists of objects have no agreed form in multipart: with them a picture must go into the JSON. */
function nested({ encoding, fields }: Operation, { characters }: Values): boolean {
  return encoding === 'json' && fields.characters !== undefined && Array.isArray(characters) && characters.length > 0;
}

async function placeMedia(
  key: keyof typeof MEDIA_ARGUMENT,
  field: Field,
  source: MediaSource,
  jsonOnly: boolean,
  http: Http,
  signal?: AbortSignal,
): Promise<string | Media> {
  const argument = MEDIA_ARGUMENT[key][source.kind];
  if (source.kind === 'url' && field.url === 'send') return source.url;
  if (source.kind === 'file' && field.file === 'refuse') {
    throw invalid(argument, 'this backend takes media by address only', 'Give an http(s) address that it can fetch.');
  }
  const inline = (source.kind === 'file' && field.file === 'data_url') || (jsonOnly && field.as !== undefined);
  if (jsonOnly && !inline) {
    throw new SoraError({
      code: 'not_supported',
      field: argument,
      message: 'this backend takes a picture as an upload only, and nobody can say characters beside an upload',
      hint: `Leave out ${argument} or the characters, or choose another backend; sora://backends tells what each can do.`,
    });
  }
  const media = await loadMedia(source, argument, http, signal);
  return inline ? await dataUrlOf(media, argument) : media;
}

function shaped(value: unknown, field: Field): unknown {
  const typed = Array.isArray(value) ? value : coerced(value, field.type);
  if (field.as === undefined) return typed;
  return Array.isArray(typed)
    ? typed.map((entry) => filled(field.as, factsOf(entry)))
    : filled(field.as, factsOf(typed));
}

function coerced(value: unknown, type: Field['type']): unknown {
  switch (type) {
    case undefined:
      return value;
    case 'string':
      return String(value);
    case 'integer':
      return Math.round(Number(value));
    case 'number':
      return Number(value);
    default:
      return type satisfies never;
  }
}

function factsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value, value } : { value };
}

/** A text that is one placeholder keeps the fact's type; inside a longer text it becomes text. A plain default stays. */
function filled(template: unknown, facts: Readonly<Record<string, unknown>>): unknown {
  if (typeof template === 'string') {
    const whole = /^\{(\w+)\}$/.exec(template);
    if (whole) return facts[whole[1]!];
    const missing = [...template.matchAll(/\{(\w+)\}/g)].some(([, key]) => facts[key!] === undefined);
    return missing ? facts.value : template.replace(/\{(\w+)\}/g, (_, key: string) => String(facts[key]));
  }
  if (Array.isArray(template)) return template.map((part) => filled(part, facts));
  if (typeof template === 'object' && template !== null) {
    return Object.fromEntries(Object.entries(template).map(([key, part]) => [key, filled(part, facts)]));
  }
  return template;
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Where the operation is. The base URL may end in a slash or not, and may carry query fields of its own. */
export function urlOf(
  baseUrl: URL,
  operation: Pick<Operation, 'path' | 'query'>,
  values: Readonly<Record<string, string | undefined>>,
): URL {
  const { id } = values;
  // A URL's path resolves dots: such an id would lead elsewhere.
  if (id !== undefined && (id.trim() === '' || /^\.{1,2}$/.test(id))) {
    throw new SoraError({ code: 'not_found', message: `${JSON.stringify(id)} is no id` });
  }
  const url = new URL(baseUrl);
  const path = operation.path.replaceAll('{id}', encodeURIComponent(id ?? ''));
  url.pathname = `${url.pathname.replace(/\/+$/, '')}${path}`;
  for (const [name, template] of Object.entries(operation.query)) {
    const value = template.replace(/\{(\w+)\}/g, (_, key: string) => values[key] ?? '');
    if (value !== '') url.searchParams.set(name, value);
  }
  return url;
}

/** Dialects whose paths lie outside /v1 count from the host: a /v1 at the end is what the others need. */
export function rootOf(baseUrl: URL, pathsFrom: 'base' | 'host'): URL {
  if (pathsFrom === 'base') return baseUrl;
  const root = new URL(baseUrl);
  root.pathname = root.pathname.replace(/\/v1\/*$/, '/');
  return root;
}
