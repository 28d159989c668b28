import { pathToFileURL } from 'node:url';
import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/server';
import type { SoraError } from '../domain/errors.ts';
import { errorView } from './errors.ts';
import type { FileLink, Picture, ToolAnswer } from './tool.ts';

const told = new WeakSet<object>();

/** Marks a list that the answer is about: it is told even when it is empty. */
export function evenEmpty<Entry>(list: readonly Entry[]): Entry[] {
  const marked = [...list];
  told.add(marked);
  return marked;
}

/** Drops null, undefined, empty strings, empty lists and objects that have nothing left, at every depth. */
export function compact(value: unknown): unknown {
  if (value === null || value === '') return undefined;
  if (Array.isArray(value)) {
    const kept = value.map(compact).filter((entry) => entry !== undefined);
    return kept.length === 0 && !told.has(value) ? undefined : kept;
  }
  if (typeof value !== 'object') return value;
  const kept: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value)) {
    const small = compact(part);
    if (small !== undefined) kept[key] = small;
  }
  return Object.keys(kept).length === 0 ? undefined : kept;
}

/** Where a task's or a storyboard's file can be fetched; absent where the caller shares this machine's disk. */
export type LinkToFile = ((id: string) => string | undefined) | undefined;

/** Addresses that mean nothing to a caller elsewhere: of this disk, or of the sandbox. */
const HERE_ALONE = /^(file:|http:\/\/(127\.|localhost[:/]|\[::1\]))/;

/** Each task and storyboard that has a file, with the address where a caller elsewhere gets it beside the path. */
export function withFileUrls(value: unknown, linkTo: LinkToFile): unknown {
  if (linkTo === undefined || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const entries = value.map((entry) => withFileUrls(entry, linkTo));
    return told.has(value) ? evenEmpty(entries) : entries;
  }
  const parts = Object.entries(value).map(([key, part]) => [key, withFileUrls(part, linkTo)]);
  const { file_path, video_url, task_id, film_path, storyboard_id } = value as Partial<Record<string, string>>;
  const owner = film_path ? storyboard_id : file_path && task_id;
  const file_url = owner && linkTo(owner);
  const there = owner && HERE_ALONE.test(video_url ?? '') && { video_url: file_url };
  return { ...Object.fromEntries(parts), ...(owner && { file_url }), ...there };
}

export interface AnswerOptions {
  /** The client knows what a link to a resource is. */
  readonly links: boolean;
  readonly fileLink?: LinkToFile;
}

/** An answer as the protocol carries it: the facts once structured, once as text, then what can be looked at. */
export function answerResult(answer: ToolAnswer<unknown>, options: AnswerOptions): CallToolResult {
  const structuredContent = compact(withFileUrls(answer.data, options.fileLink)) ?? {};
  const content: ContentBlock[] = [{ type: 'text', text: JSON.stringify(structuredContent) }];
  for (const picture of answer.pictures ?? []) content.push(image(picture));
  if (options.links) for (const file of answer.files ?? []) content.push(link(file, options.fileLink?.(file.id)));
  return { content, structuredContent: structuredContent as Record<string, unknown> };
}

/** An error as the protocol carries it. */
export function errorResult(error: SoraError): CallToolResult {
  const structuredContent = { error: compact(errorView(error)) };
  return { content: [{ type: 'text', text: JSON.stringify(structuredContent) }], structuredContent, isError: true };
}

function link(file: FileLink, url: string | undefined): ContentBlock {
  return {
    type: 'resource_link',
    uri: url ?? pathToFileURL(file.path).href,
    name: file.name,
    mimeType: file.mimeType,
    ...(file.bytes !== undefined && { size: file.bytes }),
  };
}

function image(picture: Picture): ContentBlock {
  return { type: 'image', mimeType: picture.mimeType, data: Buffer.from(picture.data).toString('base64') };
}
