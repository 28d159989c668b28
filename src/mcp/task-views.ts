import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isFinal, type Task, type TaskError } from '../domain/task.ts';
import { clean } from '../domain/text.ts';
import type { TaskReport } from '../services/services.ts';
import type { FileLink } from './tool.ts';
import { iso, usd } from './views.ts';

const MAX_ERROR = 300;
const MAX_PROMPT_EXCERPT = 80;
const MAX_CHILDREN = 3;
const UNFOLLOWED = 'Its upstream is not configured here; a server that has it goes on with it.';

/** The short answer to "how is it going": at most 250 bytes beyond its addresses and an error's own words. */
export function statusView(report: TaskReport) {
  const { task } = report;
  return {
    task_id: task.id,
    status: task.state,
    progress: progressOf(task),
    route: task.route,
    backend: task.backend,
    video_url: task.videoUrl ?? (task.filePath && pathToFileURL(task.filePath).href),
    video_url_expires_at: task.filePath === undefined && task.videoUrl ? iso(task.videoUrlExpiresAt) : undefined,
    file_path: task.filePath,
    error: task.error && taskErrorView(task.error),
    cost_usd: costOf(task),
    charged: chargedUnlessObvious(task),
    hint: report.unfollowed ? UNFOLLOWED : hintFor(task),
    waiting: report.waiting && clean(report.waiting, MAX_ERROR),
    save_error: task.filePath === undefined && task.saveError ? clean(task.saveError, MAX_ERROR) : undefined,
    parent_id: task.parentId,
    total_seconds: report.totalSeconds,
    children: report.children?.slice(-MAX_CHILDREN),
    stale_seconds: report.staleSeconds,
    next_poll_seconds: report.nextPollSeconds,
  };
}

/** One line of the list of recent tasks. */
export function taskLineView(report: TaskReport) {
  const { parent_id: _parent, children: _children, stale_seconds: _stale, ...status } = statusView(report);
  return {
    ...status,
    video_url: report.task.videoUrl,
    prompt: clean(report.task.request.prompt, MAX_PROMPT_EXCERPT),
    storyboard_id: report.task.storyboardId,
    created_at: iso(report.task.createdAt),
  };
}

/** What a new job's caller needs to know. */
export function startView(report: TaskReport) {
  const { task } = report;
  return {
    task_id: task.id,
    status: task.state,
    backend: task.backend,
    route: task.route,
    model: task.model,
    seconds: task.seconds,
    total_seconds: report.totalSeconds,
    size: task.size,
    cost_usd: costOf(task),
    reasons: task.reasons,
    error: task.error && taskErrorView(task.error),
    charged: chargedUnlessObvious(task),
    hint: hintFor(task),
    parent_id: task.parentId,
    storyboard_id: task.storyboardId,
    next_poll_seconds: report.nextPollSeconds,
  };
}

/** Everything that is known about a task, for its resource. */
export function fullTaskView(report: TaskReport) {
  const { task } = report;
  const { children: _children, ...status } = statusView(report);
  return {
    ...status,
    kind: task.kind,
    model: task.model,
    seconds: task.seconds,
    size: task.size,
    prompt: task.request.prompt,
    sent_prompt: task.sentPrompt === task.request.prompt ? undefined : task.sentPrompt,
    character_ids: task.request.characterIds,
    reasons: task.reasons,
    remote_id: task.remoteId,
    storyboard_id: task.storyboardId,
    children: report.children,
    quoted_usd: usd(task.quoted),
    charged: task.charged,
    file_bytes: task.fileBytes,
    created_at: iso(task.createdAt),
    submitted_at: iso(task.submittedAt),
    completed_at: iso(task.completedAt),
    heard_at: iso(task.heardAt),
  };
}

/** The saved video, when there is one. */
export function fileOf(task: Task): readonly FileLink[] {
  if (task.filePath === undefined) return [];
  return [
    { id: task.id, path: task.filePath, name: basename(task.filePath), mimeType: 'video/mp4', bytes: task.fileBytes },
  ];
}

/** One short sentence for a progress bar. */
export function progressMessage(task: Task): string {
  return `${task.id} ${task.state} on ${task.backend}`;
}

export function progressOf(task: Task): number {
  return task.state === 'completed' ? 100 : Math.round(task.progress);
}

/** What was spent, or will be as far as is known; 0 for what failed and was not charged. */
function costOf(task: Task): number | undefined {
  if (task.state === 'failed' && task.charged === 'no') return 0;
  return usd(task.spent ?? task.quoted);
}

export function taskErrorView(error: TaskError) {
  return {
    code: error.code,
    message: clean(error.message, MAX_ERROR),
    hint: error.hint && clean(error.hint, MAX_ERROR),
    retryable: error.retryable || undefined,
  };
}

function chargedUnlessObvious(task: Task): Task['charged'] | undefined {
  // While it runs, nobody would expect more.
  const told = isFinal(task.state) || task.state === 'unknown';
  if (task.charged === 'unknown') return told ? 'unknown' : undefined;
  if (task.state === 'failed') return task.charged === 'yes' ? 'yes' : undefined;
  return undefined;
}

function hintFor(task: Task): string | undefined {
  if (task.state === 'expired' && task.filePath === undefined) return 'The link lapsed before it was saved.';
  return undefined;
}
