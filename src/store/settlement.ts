import type { BindingRow } from './schema.ts';

/**
 * How a create ended, or how it stands. `submitting` (the upstream makes it by a task) and `unknown` keep the binding
 * unsettled; the rest of them says when to look again.
 */
export type Settlement =
  | {
      readonly state: 'ready';
      readonly remoteId: string;
      readonly mention?: string | undefined;
      readonly remoteName?: string | undefined;
    }
  | { readonly state: 'failed'; readonly error: string }
  | { readonly state: 'submitting'; readonly remoteTaskId: string; readonly nextCheckAt: number }
  | {
      readonly state: 'unknown';
      readonly error?: string | undefined;
      readonly nextCheckAt?: number | undefined;
      readonly remoteTaskId?: string | undefined;
    };

export function columnsOf(settlement: Settlement): Pick<BindingRow, 'state'> & Partial<BindingRow> {
  const { state } = settlement;
  switch (state) {
    case 'ready':
      return {
        state,
        remote_id: settlement.remoteId,
        mention: settlement.mention ?? null,
        remote_name: settlement.remoteName ?? null,
        error: null,
        next_check_at: null,
        source_json: null,
      };
    case 'failed':
      return { state, error: settlement.error, next_check_at: null };
    case 'submitting':
      return {
        state,
        remote_task_id: settlement.remoteTaskId,
        error: null,
        next_check_at: settlement.nextCheckAt,
      };
    case 'unknown':
      return {
        state,
        error: settlement.error ?? null,
        next_check_at: settlement.nextCheckAt ?? null,
        ...(settlement.remoteTaskId !== undefined && { remote_task_id: settlement.remoteTaskId }),
      };
    default:
      return settlement satisfies never;
  }
}
