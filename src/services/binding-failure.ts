import { type SoraError, withFacts } from '../domain/errors.ts';
import type { BindingIntent } from '../store/bindings.ts';

/** What sends a create speaks of jobs that are paid for; a character may cost nothing, and is looked for elsewhere. */
export function inWordsOfCharacters(failure: SoraError, { quoted }: Pick<BindingIntent, 'quoted'>): SoraError {
  if (failure.code !== 'answer_lost') return failure;
  const exists = quoted === 0 ? 'The character may exist.' : 'The character may exist and may be paid for.';
  const search = 'Do not create it again; list_characters with refresh: true looks for it where the backend can list.';
  const advice = failure.hint?.match(/\bcheck that .*$/i)?.[0];
  return withFacts(failure, {
    message: failure.message.replace(' to a paid request', ''),
    hint: [exists, search, advice?.replace(/^c/, 'C')].filter((part) => part !== undefined).join(' '),
  });
}
