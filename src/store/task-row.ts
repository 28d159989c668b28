import type { Task } from '../domain/task.ts';
import type { TaskRow } from './schema.ts';

type TaskColumn = Exclude<keyof TaskRow, 'seq' | 'due_at'>;

/** Where each field of a task lies; `_json` columns hold JSON text. */
const COLUMNS = {
  id: 'id',
  workspace: 'workspace',
  kind: 'kind',
  parentId: 'parent_id',
  storyboardId: 'storyboard_id',
  state: 'state',
  backend: 'backend',
  route: 'route',
  model: 'model',
  seconds: 'seconds',
  size: 'size',
  request: 'request_json',
  sentPrompt: 'sent_prompt',
  fingerprint: 'fingerprint',
  idempotencyKey: 'idempotency_key',
  sendKey: 'send_key',
  remoteId: 'remote_id',
  progress: 'progress',
  reasons: 'reasons_json',
  quoted: 'quoted',
  spent: 'spent',
  charged: 'charged',
  error: 'error_json',
  videoUrl: 'video_url',
  videoUrlExpiresAt: 'video_url_expires_at',
  filePath: 'file_path',
  fileBytes: 'file_bytes',
  saveState: 'save_state',
  saveAttempts: 'save_attempts',
  saveError: 'save_error',
  stillPath: 'still_path',
  sendAfter: 'send_after',
  createdAt: 'created_at',
  submittedAt: 'submitted_at',
  completedAt: 'completed_at',
  updatedAt: 'updated_at',
  heardAt: 'heard_at',
  nextPollAt: 'next_poll_at',
  pollNotBefore: 'poll_not_before',
  polls: 'polls',
  pollFailures: 'poll_failures',
  leaseOwner: 'lease_owner',
  leaseUntil: 'lease_until',
} as const satisfies { readonly [field in keyof Required<Task>]: TaskColumn };

const FIELDS = Object.entries(COLUMNS) as readonly [keyof Task, TaskColumn][];

/** What selects read: every column but the computed one. */
export const TASK_COLUMNS: readonly (TaskColumn | 'seq')[] = ['seq', ...Object.values(COLUMNS)];

export type StoredTaskRow = Omit<TaskRow, 'seq' | 'due_at'> & { readonly seq: number };

export function taskOf(row: StoredTaskRow): Task {
  const task: Record<string, unknown> = {};
  for (const [field, column] of FIELDS) {
    const value = row[column];
    if (value !== null) task[field] = column.endsWith('_json') ? JSON.parse(value as string) : value;
  }
  return task as unknown as Task;
}

/** The columns of the fields that are present; one that is present and undefined is emptied. */
export function columnsOf(patch: Partial<Task>): Partial<Record<TaskColumn, string | number | null>> {
  const columns: Partial<Record<TaskColumn, string | number | null>> = {};
  for (const [field, column] of FIELDS) {
    if (!(field in patch)) continue;
    const value = patch[field];
    columns[column] =
      value === undefined ? null : column.endsWith('_json') ? JSON.stringify(value) : (value as string | number);
  }
  return columns;
}
