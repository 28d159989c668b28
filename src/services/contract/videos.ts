import type { Task } from '../../domain/task.ts';
import type { AspectRatio, Priority } from '../../domain/video.ts';
import type { RequestContext } from './request.ts';

export interface GenerateInput {
  readonly prompt: string;
  /** Handles, our ids or remote ids; the same as mentioning them. */
  readonly characters?: readonly string[] | undefined;
  readonly duration?: number | undefined;
  readonly size?: string | undefined;
  readonly aspectRatio?: AspectRatio | undefined;
  readonly model?: string | undefined;
  readonly priority?: Priority | undefined;
  readonly backend?: string | undefined;
  /** URL or file path. */
  readonly referenceImage?: string | undefined;
  readonly referenceVideo?: string | undefined;
  readonly influenceStrength?: number | undefined;
  readonly maxCostUsd?: number | undefined;
  readonly idempotencyKey?: string | undefined;
  /** The token of an earlier `confirmation_required`, valid for that request and price only. */
  readonly confirm?: string | undefined;
}

export interface ReviseInput {
  readonly taskId: string;
  readonly mode: 'remix' | 'edit' | 'extend';
  readonly prompt: string;
  readonly seconds?: number | undefined;
  readonly maxCostUsd?: number | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly confirm?: string | undefined;
}

/** A task, and when to look again. */
export interface TaskReport {
  readonly task: Task;
  /** Why it was not sent yet. */
  readonly waiting?: string | undefined;
  /** Absent when nothing more is to come. */
  readonly nextPollSeconds?: number | undefined;
  /** Its backend is not configured here, so it is not followed. */
  readonly unfollowed?: boolean | undefined;
  /** How old the upstream's last word is, in seconds; present when it is older than it should be. */
  readonly staleSeconds?: number | undefined;
  /** How long an extended video plays, in seconds: its task's own are those that it adds. */
  readonly totalSeconds?: number | undefined;
  /** Ids of tasks made from this one. */
  readonly children?: readonly string[] | undefined;
}

export interface VideoService {
  generate(input: GenerateInput, context?: RequestContext): Promise<TaskReport>;
  revise(input: ReviseInput, context?: RequestContext): Promise<TaskReport>;
}
