import * as z from 'zod/v4';
import type { Character } from '../../domain/character.ts';
import type { BackendReport } from '../../services/services.ts';
import { characterShape } from '../outputs.ts';
import * as params from '../params.ts';
import { defineTool } from '../tool.ts';
import { characterView, madeNote } from '../views.ts';

export const createCharacter = defineTool({
  name: 'create_character',
  title: 'Create character',
  description:
    'Make a reusable character from a short clip, or bind a known handle to another backend; upstreams refuse real people.',
  kind: 'create',
  input: () =>
    z.object({
      name: params.name(),
      video_url: params.videoUrl(),
      file_path: params.filePath(),
      description: params.description(),
      handle: params.handle(),
      backend: params.backend(),
      start_seconds: params.startSeconds(),
      end_seconds: params.endSeconds(),
      rights_confirmed: params.rightsConfirmed(),
      confirm: params.confirmCharacter(),
    }),
  output: () => z.looseObject({ character: characterShape('bindings told') }),
  handler: async (input, { services, context }) => {
    const character = await services.characters.create(
      {
        name: input.name,
        videoUrl: input.video_url,
        filePath: input.file_path,
        description: input.description,
        handle: input.handle,
        backend: input.backend,
        startSeconds: input.start_seconds,
        endSeconds: input.end_seconds,
        rightsConfirmed: input.rights_confirmed,
        confirm: input.confirm,
      },
      context,
    );
    const note = madeNote(character) ?? standInNote(character, services.backends());
    return { data: { character: characterView(character), note } };
  },
});

/** Of a character that was made nowhere: what becomes of it, and where. */
function standInNote({ bindings, handle }: Character, backends: readonly BackendReport[]): string | undefined {
  if (bindings.length > 0) return undefined;
  const ids = backends.filter(({ profile }) => profile.capabilities.referenceVideo).map(({ profile }) => profile.id);
  return `No configured backend makes characters; mention @${handle} as usual, and its clip stands in for it on ${ids.join(', ')}. Nothing was sent or charged.`;
}
