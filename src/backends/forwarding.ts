import type { CreateVideo } from './backend.ts';
import { characterParts, type DialectBackend, jobParts } from './engine.ts';
import type { Wire } from './wire.ts';

/** The OpenAI Videos protocol: a character is an id in `characters` and its name, word for word, in the prompt. */
export function forwardingBackend(wire: Wire): DialectBackend {
  const jobs = jobParts(wire);
  return {
    ...jobs,
    ...characterParts(wire),
    createVideo: (request, context) => jobs.createVideo({ ...request, prompt: promptWithNames(request) }, context),
  };
}

/** Without its name in the prompt an upstream ignores a character, and the money is spent all the same. */
export function promptWithNames({ prompt, characters }: Pick<CreateVideo, 'prompt' | 'characters'>): string {
  const missing = characters.map(({ name }) => name).filter((name) => !prompt.includes(name));
  return missing.length === 0 ? prompt : `Featuring ${[...new Set(missing)].join(', ')}. ${prompt}`;
}
