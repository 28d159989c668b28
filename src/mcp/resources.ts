import {
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type ReadResourceResult,
  ResourceNotFoundError,
  ResourceTemplate,
} from '@modelcontextprotocol/server';
import { SoraError } from '../domain/errors.ts';
import type { Services } from '../services/services.ts';
import { compact, type LinkToFile, withFileUrls } from './answer.ts';
import { backendView } from './backend-view.ts';
import { boardLineView, fullBoardView } from './board-views.ts';
import { type LogLine, lineOf } from './errors.ts';
import { fullTaskView } from './task-views.ts';
import * as uris from './uris.ts';
import { characterView, estimateView, spendRowView, spendView } from './views.ts';

const JSON_TYPE = 'application/json';
/** How many characters `resources/list` names, and storyboards their resource: what is recent. */
const LISTED = 10;
const COMPLETIONS = 100;
/** Fewer, because each is read with all its scenes. */
const STORYBOARD_COMPLETIONS = 20;
const PRICED_SECONDS = 10;
const LONGEST_REFERENCE = 500;

interface ResourceDeps {
  readonly services: () => Promise<Services>;
  readonly log: LogLine;
  readonly fileLink?: LinkToFile;
}

/** A resource with one address. */
interface Page {
  readonly name: string;
  readonly uri: string;
  readonly title: string;
  readonly description: string;
  readonly read: (services: Services) => unknown;
}

const PAGES: readonly Page[] = [
  {
    name: 'characters',
    uri: uris.CHARACTERS_URI,
    title: 'Character catalog',
    description: 'The first page of the cast; list_characters has the others.',
    read: async (services) => {
      const page = await services.characters.list({});
      const more = page.nextCursor && `Call list_characters with cursor ${page.nextCursor} for the next page.`;
      const hint = page.characters.length === 0 ? 'The catalog is empty; create_character adds to it.' : more;
      return { characters: page.characters.map(characterView), next_cursor: page.nextCursor, hint };
    },
  },
  {
    name: 'storyboards',
    uri: uris.STORYBOARDS_URI,
    title: 'Storyboards',
    description: `The latest ${LISTED} films of several scenes.`,
    read: (services) => {
      const { storyboards } = services.storyboards.list(LISTED);
      const hint = storyboards.length === 0 ? 'There are none yet; make_storyboard makes one.' : undefined;
      return { storyboards: storyboards.map(boardLineView), hint };
    },
  },
  {
    name: 'pricing',
    uri: uris.PRICING_URI,
    title: 'Prices',
    description: `What ${PRICED_SECONDS} seconds cost on each backend, and what is left to spend.`,
    read: (services) => {
      const estimate = services.estimates.estimate({ duration: PRICED_SECONDS });
      return { duration: PRICED_SECONDS, ...estimateView(estimate), budget: spendView(estimate.spend) };
    },
  },
  {
    name: 'backends',
    uri: uris.BACKENDS_URI,
    title: 'Backends',
    description: 'What is configured, what it can do, and whether it is up.',
    read: (services) => ({ backends: services.backends().map(backendView) }),
  },
  {
    name: 'spend',
    uri: uris.SPEND_URI,
    title: 'Spending',
    description: 'Money by day, backend and project, and the limits.',
    read: (services) => {
      const { summary, rows } = services.estimates.spend();
      return { ...spendView(summary), by_day: rows.map(spendRowView) };
    },
  },
];

export function registerResources(server: McpServer, deps: ResourceDeps): void {
  for (const { name, uri, title, description, read } of PAGES) {
    server.registerResource(name, uri, { title, description, mimeType: JSON_TYPE }, async (url) =>
      answer(url.href, deps, read),
    );
  }
  server.registerResource(
    'character',
    new ResourceTemplate(uris.CHARACTER_TEMPLATE, {
      list: async () => ({ resources: await quietly(deps, [], listCharacters) }),
      complete: {
        handle: (text) =>
          quietly(deps, [], (services) => [...services.characters.complete(text.replace(/^@/, ''), COMPLETIONS)]),
      },
    }),
    { title: 'Character', description: 'One character and where it is bound.', mimeType: JSON_TYPE },
    (url, { handle }) =>
      answer(url.href, deps, (services) => characterView(services.characters.find(plainText(url.href, handle)))),
  );
  server.registerResource(
    'task',
    new ResourceTemplate(uris.TASK_TEMPLATE, {
      list: undefined,
      complete: {
        id: (text) =>
          quietly(deps, [], ({ tasks }) =>
            tasks
              .list({ limit: COMPLETIONS })
              .tasks.map(({ task }) => task.id)
              .filter((id) => id.startsWith(text)),
          ),
      },
    }),
    { title: 'Video task', description: 'Everything known about one job.', mimeType: JSON_TYPE },
    (url, { id }) =>
      answer(url.href, deps, async ({ tasks }) => fullTaskView(await tasks.get(plainText(url.href, id)))),
  );
  registerStoryboard(server, deps);
}

function registerStoryboard(server: McpServer, deps: ResourceDeps): void {
  server.registerResource(
    'storyboard',
    new ResourceTemplate(uris.STORYBOARD_TEMPLATE, {
      list: undefined,
      complete: {
        id: (text) =>
          quietly(deps, [], ({ storyboards }) =>
            storyboards
              .list(STORYBOARD_COMPLETIONS)
              .storyboards.flatMap(({ id }) => id ?? [])
              .filter((id) => id.startsWith(text)),
          ),
      },
    }),
    { title: 'Storyboard', description: 'All scenes of one film and where it stands.', mimeType: JSON_TYPE },
    (url, { id }) =>
      answer(url.href, deps, async ({ storyboards }) => fullBoardView(await storyboards.get(plainText(url.href, id)))),
  );
}

async function listCharacters(services: Services) {
  const page = await services.characters.list({ limit: LISTED });
  return page.characters.map((character) => ({
    uri: uris.characterUri(character.handle),
    name: character.handle,
    title: character.name,
  }));
}

async function answer(
  uri: string,
  deps: ResourceDeps,
  read: (services: Services) => unknown,
): Promise<ReadResourceResult> {
  try {
    const view = compact(withFileUrls(await read(await deps.services()), deps.fileLink)) ?? {};
    return { contents: [{ uri, mimeType: JSON_TYPE, text: JSON.stringify(view) }] };
  } catch (error) {
    if (error instanceof SoraError && error.code === 'not_found') throw new ResourceNotFoundError(uri, error.message);
    if (error instanceof SoraError) throw new ProtocolError(ProtocolErrorCode.InternalError, error.message);
    if (error instanceof ProtocolError) throw error;
    deps.log(`${uri}: ${lineOf(error)}`);
    throw new ProtocolError(ProtocolErrorCode.InternalError, "It cannot be read; the operator's log says why.");
  }
}

/** For what must not fail because the store does: listings and completions. */
async function quietly<Value>(
  deps: ResourceDeps,
  fallback: Value,
  read: (services: Services) => Value | Promise<Value>,
) {
  try {
    return await read(await deps.services());
  } catch (error) {
    deps.log(`resources: ${lineOf(error)}`);
    return fallback;
  }
}

/** A template's variable as it was meant. */
function plainText(uri: string, value: string | string[] | undefined): string {
  try {
    const text = decodeURIComponent(String(value));
    if (text.length <= LONGEST_REFERENCE) return text;
  } catch {
    // Falls through: what cannot be decoded names nothing.
  }
  throw new ResourceNotFoundError(uri.slice(0, LONGEST_REFERENCE));
}
