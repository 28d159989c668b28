import type { ServerFacts } from '../services/services.ts';

/**
 * The workflow, once, under 1 KB. Clients that search their tools search this text, so it begins with the words people
 * use. `caller`: whether it shares this machine's disk.
 */
export function instructionsFor(facts: ServerFacts, caller: 'here' | 'elsewhere'): string {
  const [clip, film] = caller === 'here' ? ['file_path', 'film_path'] : ['file_url', 'file_url'];
  const lines = [
    'AI video generation, reusable characters, storyboards: make clips and short films, keep a cast consistent, know the price first.',
    `Clip: list_characters (or create_character, extract_character) → estimate_cost → generate_video, cast as @handle in the prompt → get_task with wait_seconds until completed; ${clip} is the saved video.`,
    `Film: make_storyboard with dry_run → tell the price → make_storyboard → get_task with the storyboard_id; include_still shows a scene; revise_video, or make_storyboard with storyboard_id, changes scenes; ${film} is the joined film.`,
    'get_task without id: where you were. Jobs go on when a wait ends: poll again, never generate twice. Status unknown is looked for: do not resubmit.',
    'Tell the price before spending. confirmation_required, budget_exceeded: ask the user. Errors say what to change and what was charged.',
    'rights_confirmed: only fictional people or with consent; upstreams refuse real people.',
  ];
  if (facts.sandbox) {
    lines.push('SANDBOX: no upstream configured; clips are free test pictures.');
  }
  return lines.join('\n');
}
