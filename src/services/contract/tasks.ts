import type { TaskState } from '../../domain/task.ts';
import type { RequestContext } from './request.ts';
import type { TaskReport } from './videos.ts';

export interface WaitOptions {
  /** 0 to 45; default 0. */
  readonly waitSeconds?: number | undefined;
  readonly onProgress?: ((report: TaskReport) => void) | undefined;
}

export interface ListTasksInput {
  readonly status?: TaskState | undefined;
  /** 1 to 100; default 10. */
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

export interface TaskPage {
  readonly tasks: readonly TaskReport[];
  readonly nextCursor?: string | undefined;
}

export interface TaskService {
  /** By our id or a remote id. Throws `not_found` with the latest tasks. */
  get(reference: string, wait?: WaitOptions, context?: RequestContext): Promise<TaskReport>;
  list(input: ListTasksInput): TaskPage;
  /** A small picture of a finished task, at most 60 KB; undefined when the upstream has none. */
  still(reference: string, context?: RequestContext): Promise<Still | undefined>;
}

export interface Still {
  readonly mimeType: string;
  readonly data: Uint8Array;
}
