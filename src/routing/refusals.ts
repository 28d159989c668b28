import { type ErrorCode, SoraError } from '../domain/errors.ts';
import type { Candidate, Refusal } from './decision.ts';
import type { Fit } from './fit.ts';
import { lowerFirst } from './reasons.ts';

// Which refusal is the one to act on, when backends refuse for different reasons: the nearest to a success first.
const NEAREST: readonly ErrorCode[] = [
  'backend_unavailable',
  'backend_gone',
  'model_retired',
  'limit_exceeded',
  'character_not_ready',
  'not_supported',
];

/** The error of a request that nobody can make. `able`: those that could, were another one not asked for. */
export function refusalError(
  refused: readonly Refusal[],
  able: readonly Fit[],
  pinned: Candidate | undefined,
  now: number,
): SoraError {
  const named = pinned && refused.find((each) => each.backend === pinned.profile.id);
  const told = named ? [named] : [...refused].sort((a, b) => NEAREST.indexOf(a.code) - NEAREST.indexOf(b.code));
  const first = told[0]!;
  const sameKind = told.filter((each) => each.code === first.code);
  const untils = sameKind.flatMap((each) => (each.until === undefined ? [] : [each.until]));
  const down = first.code === 'backend_unavailable';
  const others = able.map((each) => each.candidate.profile.id);
  const hints = [
    first.hint,
    others.length > 0 ? `${others.join(', ')} can make it: leave backend out or name one of those.` : undefined,
    down ? 'Nothing was sent; try again later.' : undefined,
  ].filter((hint) => hint !== undefined);
  return new SoraError({
    code: first.code,
    field: first.field,
    message: told.map((each) => `${each.backend}: ${lowerFirst(each.reason).replace(/\.$/, '')}`).join('; '),
    hint: hints.length > 0 ? hints.join(' ') : undefined,
    retryable: down,
    retryAfterSeconds:
      down && untils.length > 0 ? Math.max(1, Math.ceil((Math.min(...untils) - now) / 1000)) : undefined,
    details: {
      ...first.details,
      refused: told.map(({ backend, code, reason }) => ({ backend, code, reason })),
      ...(others.length > 0 ? { able: others } : {}),
    },
  });
}
