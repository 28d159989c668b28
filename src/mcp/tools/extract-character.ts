import * as z from 'zod/v4';
import { characterShape } from '../outputs.ts';
import * as params from '../params.ts';
import { defineTool } from '../tool.ts';
import { characterView, madeNote } from '../views.ts';

export const extractCharacter = defineTool({
  name: 'extract_character',
  title: 'Extract character',
  description: 'Make a reusable character from a finished video task; upstreams refuse real people.',
  kind: 'create',
  input: () =>
    z.object({
      task_id: params.taskId(),
      name: params.name(),
      description: params.description(),
      handle: params.handle(),
      start_seconds: params.startSeconds(),
      end_seconds: params.endSeconds(),
      rights_confirmed: params.rightsConfirmed(),
      confirm: params.confirmCharacter(),
    }),
  output: () => z.looseObject({ character: characterShape('bindings named') }),
  handler: async (input, { services, context }) => {
    const character = await services.characters.extract(
      {
        taskId: input.task_id,
        name: input.name,
        description: input.description,
        handle: input.handle,
        startSeconds: input.start_seconds,
        endSeconds: input.end_seconds,
        rightsConfirmed: input.rights_confirmed,
        confirm: input.confirm,
      },
      context,
    );
    return { data: { character: characterView(character), note: madeNote(character) } };
  },
});
