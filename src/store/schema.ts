import type { ColumnType, Generated, Selectable } from 'kysely';
import type { BindingState } from '../domain/character.ts';
import type { Charged } from '../domain/errors.ts';
import type { SaveState, TaskKind, TaskState } from '../domain/task.ts';
import type { Priority, Route } from '../domain/video.ts';

/** Rows as they lie in the file. Times are unix milliseconds, money is micro-dollars, `_json` columns hold JSON text. */
export interface Schema {
  migrations: { name: string; applied_at: number };
  counts: { name: string; workspace: string; count: number };
  characters: CharacterRow;
  characters_search: { rowid: number; text: string };
  bindings: BindingRow;
  tasks: TaskRow;
  ledger: LedgerRow;
  holds: HoldRow;
  spending: SpendingRow;
  storyboards: StoryboardRow;
  scenes: SceneRow;
  storyboard_requests: StoryboardRequestRow;
  observations: ObservationRow;
  upstreams: { id: string; name: string; host: string };
}

export interface CharacterRow {
  /** Newest first is highest first; also the keyset of pages. */
  seq: Generated<number>;
  id: string;
  workspace: string;
  handle: string;
  name: string;
  description: string;
  source_json: string;
  search_text: string;
  created_at: number;
  updated_at: number;
}

/** A row as it is read. */
export type StoredCharacterRow = Selectable<CharacterRow>;

export interface BindingRow {
  id: string;
  character_seq: number;
  workspace: string;
  backend: string;
  route: Route;
  state: BindingState;
  remote_id: string | null;
  mention: string | null;
  remote_name: string | null;
  error: string | null;
  send_key: string | null;
  quoted: number | null;
  created_at: number;
  updated_at: number;
  next_check_at: number | null;
  lease_owner: string | null;
  lease_until: number | null;
  remote_task_id: string | null;
  source_json: string | null;
}

export interface TaskRow {
  seq: Generated<number>;
  id: string;
  workspace: string;
  kind: TaskKind;
  parent_id: string | null;
  storyboard_id: string | null;
  state: TaskState;
  backend: string;
  route: Route;
  model: string;
  seconds: number;
  size: string | null;
  request_json: string;
  sent_prompt: string;
  fingerprint: string;
  idempotency_key: string | null;
  send_key: string;
  remote_id: string | null;
  progress: number;
  reasons_json: string;
  quoted: number | null;
  spent: number | null;
  charged: Charged;
  error_json: string | null;
  video_url: string | null;
  video_url_expires_at: number | null;
  file_path: string | null;
  file_bytes: number | null;
  save_state: SaveState;
  save_attempts: number;
  save_error: string | null;
  still_path: string | null;
  send_after: number | null;
  created_at: number;
  submitted_at: number | null;
  completed_at: number | null;
  updated_at: number;
  heard_at: number | null;
  next_poll_at: number | null;
  poll_not_before: number | null;
  polls: number;
  poll_failures: number;
  lease_owner: string | null;
  lease_until: number | null;
  /** Computed by SQLite; null when nothing more is to be done. */
  due_at: ColumnType<number | null, never, never>;
}

export interface HoldRow {
  ref: string;
  workspace: string;
  backend: string;
  project: string;
  what: 'video' | 'character';
  amount: number;
  source: string;
  created_at: number;
}

export interface LedgerRow extends HoldRow {
  seq: Generated<number>;
  kind: 'reserve' | 'settle' | 'release';
  /** UTC day. */
  day: string;
}

/** The settled ledger rows added up, kept by a trigger. */
export interface SpendingRow {
  workspace: string;
  day: string;
  backend: string;
  project: string;
  amount: number;
  videos: number;
}

export interface StoryboardRow {
  seq: Generated<number>;
  id: string;
  workspace: string;
  title: string;
  style: string | null;
  characters_json: string;
  priority: Priority | null;
  max_cost: number | null;
  partial: number;
  film_path: string | null;
  film_state: string;
  film_error: string | null;
  created_at: number;
  updated_at: number;
}

export interface SceneRow {
  id: string;
  storyboard_id: string;
  position: number;
  prompt: string;
  characters_json: string;
  duration: number | null;
  size: string | null;
  task_id: string | null;
  fingerprint: string | null;
  state_json: string | null;
}

export interface StoryboardRequestRow {
  workspace: string;
  idempotency_key: string;
  fingerprint: string;
  storyboard_id: string;
  created_at: number;
}

export interface ObservationRow {
  backend: string;
  subject: string;
  status: string;
  until: number | null;
  note: string | null;
  observed_at: number;
}
