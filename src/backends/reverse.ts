import { characterParts, type DialectBackend, jobParts } from './engine.ts';
import type { Wire } from './wire.ts';

/** Gateway protocols with reusable character ids: a character is a mention in the prompt. */
export function reverseBackend(wire: Wire): DialectBackend {
  const jobs = jobParts(wire);
  const endsInSpace = wire.dialect.mention === '@{username}';
  return {
    ...jobs,
    ...characterParts(wire),
    createVideo: (request, context) =>
      jobs.createVideo(endsInSpace ? { ...request, prompt: setApart(request.prompt) } : request, context),
  };
}

/** `@ab12.name, hello`: these handles hold dots, so that what follows one at once would be read as a part of it. */
export function setApart(prompt: string): string {
  return prompt.replace(/(?<![\p{L}\p{N}_.@-])@[a-z0-9_]+(?:\.[a-z0-9_]+)+/giu, (handle, at: number) =>
    /^\S/.test(prompt.slice(at + handle.length)) ? `${handle} ` : handle,
  );
}
