import type { Character, CharacterSource } from '../domain/character.ts';
import { isoTime } from '../domain/ids.ts';
import { type MicroUsd, times, toUsd } from '../domain/money.ts';
import type { MadeCharacter } from '../services/character-likeness.ts';
import type { Estimate, Quote, SpendRow, SpendSummary, SpendWindow } from '../services/services.ts';
import { evenEmpty } from './answer.ts';

// Views turn the domain's words into answers: snake_case, ISO times, dollars. Absent facts stay undefined and are dropped.

/** Dollars, when the amount is known. */
export function usd(amount: MicroUsd | undefined): number | undefined {
  return amount === undefined ? undefined : toUsd(amount);
}

/** ISO 8601 UTC, when the time is known. */
export function iso(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : isoTime(ms);
}

export function characterView(character: Character) {
  return {
    id: character.id,
    handle: character.handle,
    name: character.name,
    description: character.description,
    source: sourceView(character.source),
    // Of a character whose clip stands in for it: none.
    bindings: evenEmpty(
      character.bindings.map((binding) => ({
        backend: binding.backend,
        route: binding.route,
        remote_id: binding.remoteId,
        mention: binding.mention,
        // Only what is out of the ordinary.
        state: binding.state === 'ready' ? undefined : binding.state,
        error: binding.error,
      })),
    ),
    created_at: isoTime(character.createdAt),
  };
}

/** What a caller should know of a character that it has just made. */
export function madeNote(character: MadeCharacter): string | undefined {
  const notes = [unfinishedNote(character), otherClipNote(character)].filter((note) => note !== undefined);
  return notes.length > 0 ? notes.join(' ') : undefined;
}

function otherClipNote({ handle, otherClip }: MadeCharacter): string | undefined {
  return (
    otherClip &&
    `On ${otherClip.on} @${handle} is made from another clip than on ${otherClip.than.join(', ')}, and may look different there. create_character without video_url and file_path uses the kept clip, which is this one from now on.`
  );
}

/** Of a character whose create takes longer than a caller waits: what to do next. */
function unfinishedNote({ bindings, handle }: Character): string | undefined {
  const open = bindings.find(({ state }) => state === 'submitting');
  return (
    open &&
    `@${handle} is still being made on ${open.backend}, and that goes on by itself: list_characters tells how it ended. Do not create it again.`
  );
}

function sourceView(source: CharacterSource) {
  switch (source.kind) {
    case 'video_url':
      return { video_url: source.url, start_seconds: source.startSeconds, end_seconds: source.endSeconds };
    case 'file':
      return { file_path: source.path };
    case 'task':
      return { task_id: source.taskId };
    case 'adopted':
      return { adopted_from: source.backend };
    default:
      return source satisfies never;
  }
}

const MONTHS = 12;

export function quoteView(quote: Quote, count: number) {
  const monthly = quote.perVideo === undefined ? undefined : times(quote.perVideo, count);
  return {
    backend: quote.backend,
    route: quote.route,
    model: quote.model,
    size_class: quote.sizeClass,
    per_video_usd: usd(quote.perVideo),
    total_usd: usd(monthly),
    monthly_usd: usd(monthly),
    yearly_usd: monthly === undefined ? undefined : toUsd(times(monthly, MONTHS)),
    source: quote.source,
    as_of: quote.asOf,
    confidence: quote.confidence,
    makes_seconds: quote.makesSeconds,
    configured: quote.configured ? undefined : false,
    notes: quote.notes,
  };
}

export function estimateView(estimate: Estimate) {
  return {
    quotes: estimate.quotes.map((quote) => quoteView(quote, estimate.count)),
    recommended: estimate.recommended,
    budget: budgetView(estimate.spend),
  };
}

/** What is left to spend; nothing when the operator has set no limit. */
export function budgetView(spend: SpendSummary) {
  const limited = [spend.day.limit, spend.month.limit, spend.maxPerVideo].some((limit) => limit !== undefined);
  return limited ? spendView(spend) : undefined;
}

export function spendView(spend: SpendSummary) {
  return {
    day: windowView(spend.day),
    month: windowView(spend.month),
    max_per_video_usd: usd(spend.maxPerVideo),
    reserved_usd: toUsd(spend.reserved),
  };
}

function windowView(window: SpendWindow) {
  return {
    used_usd: toUsd(window.used),
    limit_usd: usd(window.limit),
    left_usd: usd(window.left),
    renews_at: window.renewsAt,
  };
}

export function spendRowView(row: SpendRow) {
  return {
    day: row.day,
    backend: row.backend,
    project: row.project,
    videos: row.videos,
    spent_usd: toUsd(row.spent),
  };
}
