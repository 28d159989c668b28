import * as z from 'zod/v4';
import { evenEmpty } from '../answer.ts';
import { characterShape } from '../outputs.ts';
import * as params from '../params.ts';
import { defineTool } from '../tool.ts';
import { characterView } from '../views.ts';

export const listCharacters = defineTool({
  name: 'list_characters',
  title: 'List characters',
  description: 'Find characters in the catalog and the backends that know them.',
  kind: 'read',
  input: () =>
    z.object({
      query: z.string().max(200).describe('Words to find').optional(),
      backend: z.string().min(1).max(200).optional(),
      limit: params.limit(20),
      cursor: params.cursor(),
      refresh: z.boolean().describe('Also adopt what backends list').optional(),
    }),
  output: () =>
    z.looseObject({ characters: z.array(characterShape('bindings named')), next_cursor: z.string().optional() }),
  handler: async (input, { services, context }) => {
    const page = await services.characters.list(input, context);
    return {
      data: {
        characters: evenEmpty(page.characters.map(characterView)),
        next_cursor: page.nextCursor,
        notes: page.notes,
        hint: page.characters.length === 0 ? emptyHint(input) : undefined,
      },
    };
  },
});

function emptyHint(input: { readonly query?: string | undefined; readonly backend?: string | undefined }): string {
  if (input.query || input.backend) return 'No character matches; try fewer words, or refresh: true.';
  return 'The catalog is empty; create_character or extract_character adds to it.';
}
