import * as z from 'zod/v4';
import { invalid } from '../../domain/errors.ts';
import { isFinal, TASK_STATES } from '../../domain/task.ts';
import type { TaskReport, WaitOptions } from '../../services/services.ts';
import { evenEmpty } from '../answer.ts';
import { boardLineView, boardMessage, boardProgress, boardView, filmOf } from '../board-views.ts';
import * as params from '../params.ts';
import { fileOf, progressMessage, progressOf, statusView, taskLineView } from '../task-views.ts';
import { defineTool, type ToolCall } from '../tool.ts';

const LONGEST_WAIT = 45;
/** Storyboards that the list of tasks names beside them. */
const LISTED_STORYBOARDS = 3;

interface GetTaskInput {
  readonly task_id?: string | undefined;
  readonly wait_seconds?: number | undefined;
  readonly include_still?: boolean | undefined;
  readonly status?: (typeof TASK_STATES)[number] | undefined;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

export const getTask = defineTool({
  name: 'get_task',
  title: 'Get task',
  description: 'Follow one video job or storyboard to its file, or without task_id list running and recent ones.',
  kind: 'read',
  input: () =>
    z.object({
      task_id: params.taskId().describe('Ours, remote, or a storyboard_id').optional(),
      wait_seconds: z.number().min(0).max(LONGEST_WAIT).describe('Wait for the end at most').optional(),
      include_still: z.boolean().describe('Also a picture').optional(),
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
        scenes: z.array(z.looseObject({})),
        film_path: z.string(),
      })
      .partial(),
  handler: async (input, call) => {
    if (input.task_id === undefined) return list(input, call);
    for (const field of ['status', 'limit', 'cursor'] as const) {
      if (input[field] === undefined) continue;
      throw invalid(field, `${field} is for the list`, `Leave out task_id, or ${field}.`);
    }
    const isBoard = call.services.storyboards.isStoryboardId(input.task_id);
    return isBoard ? followBoard(input.task_id, input, call) : follow(input.task_id, input, call);
  },
});

async function follow(taskId: string, input: GetTaskInput, call: ToolCall) {
  const { services, context, progress } = call;
  const wait: WaitOptions = {
    waitSeconds: input.wait_seconds,
    onProgress: progress && (({ task }) => progress(progressOf(task), progressMessage(task))),
  };
  const report = await services.tasks.get(taskId, wait, context);
  const status = { data: statusView(report), files: fileOf(report.task) };
  return input.include_still ? withStill(status, report, call) : status;
}

/** The picture, or why there is none. */
async function withStill<Status extends { readonly data: object }>(
  status: Status,
  { task }: TaskReport,
  { services, context }: ToolCall,
) {
  if (task.state !== 'completed') {
    const none = isFinal(task.state) ? 'none' : 'none yet';
    return { ...status, data: { ...status.data, still: `${none}: the task is ${task.state}` } };
  }
  const still = await services.tasks.still(task.id, context);
  if (still) return { ...status, pictures: [still] };
  return { ...status, data: { ...status.data, still: `none: ${task.backend} gives no picture of it` } };
}

async function followBoard(id: string, input: GetTaskInput, { services, context, progress }: ToolCall) {
  if (input.include_still) {
    throw invalid('include_still', 'a still is of one scene', "Give the scene's task_id.");
  }
  const wait = {
    waitSeconds: input.wait_seconds,
    onProgress:
      progress && ((board: Parameters<typeof boardMessage>[0]) => progress(boardProgress(board), boardMessage(board))),
  };
  const report = await services.storyboards.get(id, wait, context);
  return { data: boardView(report), files: filmOf(report) };
}

async function list(input: GetTaskInput, { services }: ToolCall) {
  const alone = input.wait_seconds ? 'wait_seconds' : input.include_still ? 'include_still' : undefined;
  if (alone !== undefined) {
    const use = alone === 'wait_seconds' ? 'to wait' : 'for a still';
    throw invalid('task_id', `task_id is required ${use}`, `Give task_id, or leave out ${alone}.`);
  }
  const page = services.tasks.list({ status: input.status, limit: input.limit, cursor: input.cursor });
  const first = input.status === undefined && input.cursor === undefined;
  const none = input.status === undefined ? 'No videos yet; generate_video starts one.' : `No task is ${input.status}.`;
  return {
    data: {
      tasks: evenEmpty(page.tasks.map(taskLineView)),
      next_cursor: page.nextCursor,
      storyboards: first ? services.storyboards.list(LISTED_STORYBOARDS).storyboards.map(boardLineView) : undefined,
      hint: page.tasks.length === 0 ? none : undefined,
    },
  };
}
