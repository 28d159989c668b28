import type { ServerFacts } from '../services/services.ts';

/**
 * The workflow, once, under 1 KB. Clients that search their tools search this text, so it begins with the words people
 * use.
 */
export function instructionsFor(facts: ServerFacts): string {
  const lines = [
    'AI video generation, reusable characters, storyboards: make clips (Sora and compatible backends), keep a cast consistent over scenes, know the price first.',
    'Workflow: list_characters (or create_character, extract_character) → estimate_cost → generate_video, with cast as @handle in the prompt → get_task with wait_seconds (up to 45) until completed; file_path is the saved video.',
    'get_task without an id shows where you were. Jobs go on when a wait ends: poll again, never generate twice. Status unknown means the answer was lost and is looked for: do not resubmit.',
    'Tell the user the price before spending. confirmation_required or budget_exceeded: ask the user. Errors say what to change and what was charged.',
    'rights_confirmed: only fictional people or with consent; upstreams refuse real people.',
  ];
  if (facts.sandbox) {
    lines.push('SANDBOX: no upstream is configured; clips are free test pictures, not real video.');
  }
  return lines.join('\n');
}
