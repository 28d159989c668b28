import * as z from 'zod/v4';
import { invalid } from '../../domain/errors.ts';
import { TASK_STATES } from '../../domain/task.ts';
import type { WaitOptions } from '../../services/services.ts';
import * as params from '../params.ts';
import { fileOf, progressMessage, progressOf, statusView, taskLineView } from '../task-views.ts';
import { defineTool, type ToolCall } from '../tool.ts';

const LONGEST_WAIT = 45;

interface GetTaskInput {
  readonly task_id?: string | undefined;
  readonly wait_seconds?: number | undefined;
  readonly status?: (typeof TASK_STATES)[number] | undefined;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

export const getTask = defineTool({
  name: 'get_task',
  title: 'Get task',
  description: 'Follow one video job to its file, or without task_id list running and recent ones.',
  kind: 'read',
  input: () =>
    z.object({
      task_id: params.taskId().optional(),
      wait_seconds: z.number().min(0).max(LONGEST_WAIT).describe('Wait for the end at most').optional(),
      status: z.enum(TASK_STATES).optional(),
      limit: params.limit(10),
      cursor: params.cursor(),
    }),
  output: () =>
    z
      .looseObject({
        task_id: z.string(),
        status: z.string(),
        progress: z.number(),
        route: z.string(),
        backend: z.string(),
        video_url: z.string(),
        file_path: z.string(),
        error: z.looseObject({}),
        cost_usd: z.number(),
        next_poll_seconds: z.number(),
        tasks: z.array(z.looseObject({})),
        next_cursor: z.string(),
      })
      .partial(),
  handler: async (input, call) =>
    input.task_id === undefined ? list(input, call) : follow(input.task_id, input, call),
});

async function follow(taskId: string, input: GetTaskInput, { services, context, progress }: ToolCall) {
  for (const field of ['status', 'limit', 'cursor'] as const) {
    if (input[field] !== undefined) throw invalid(field, `${field} is for the list`, `Leave out task_id, or ${field}.`);
  }
  const wait: WaitOptions = {
    waitSeconds: input.wait_seconds,
    onProgress: progress && (({ task }) => progress(progressOf(task), progressMessage(task))),
  };
  const report = await services.tasks.get(taskId, wait, context);
  return { data: statusView(report), files: fileOf(report.task) };
}

async function list(input: GetTaskInput, { services }: ToolCall) {
  if (input.wait_seconds) {
    throw invalid('task_id', 'task_id is required to wait', 'Give task_id, or leave out wait_seconds.');
  }
  const page = services.tasks.list({ status: input.status, limit: input.limit, cursor: input.cursor });
  const none = input.status === undefined ? 'No videos yet; generate_video starts one.' : `No task is ${input.status}.`;
  return {
    data: {
      tasks: page.tasks.map(taskLineView),
      next_cursor: page.nextCursor,
      hint: page.tasks.length === 0 ? none : undefined,
    },
  };
}
