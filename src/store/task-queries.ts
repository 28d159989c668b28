import { type SqlBool, sql } from 'kysely';
import type { TASK_STATES } from '../domain/task.ts';
import { type Database, slot } from './database.ts';
import { TASK_COLUMNS } from './task-row.ts';

/** Partial indexes are used only where the states stand in the SQL itself, not as parameters. */
const RUNNING = sql<SqlBool>`state in ('submitting', 'queued', 'in_progress', 'unknown')`;
const COMPLETED = sql<SqlBool>`state = 'completed'`;

/** The queries that read whole tasks; prepared once. */
export function taskQueries({ build }: Database) {
  const tasks = build.selectFrom('tasks').select(TASK_COLUMNS);
  const page = tasks
    .where('workspace', '=', slot<string>('workspace'))
    .where('seq', '<', slot<number>('before'))
    .orderBy('seq', 'desc')
    .limit(slot<number>('limit'));
  return {
    byId: tasks.where('id', '=', slot<string>('id')),
    byRemoteId: tasks
      .where('workspace', '=', slot<string>('workspace'))
      .where('remote_id', '=', slot<string>('remoteId'))
      .where('backend', '=', sql<string>`coalesce(${slot<string | null>('backend')}, backend)`)
      .orderBy('seq', 'desc')
      .limit(1),
    ownerOf: tasks
      .where('remote_id', '=', slot<string>('remoteId'))
      .where('backend', '=', slot<string>('backend'))
      .limit(1),
    byLink: tasks.where('video_url', '=', slot<string>('url')).where('video_url', 'is not', null).limit(1),
    byIdempotencyKey: tasks
      .where('workspace', '=', slot<string>('workspace'))
      .where('idempotency_key', '=', slot<string>('key')),
    page,
    pageByState: page.where('state', '=', slot<(typeof TASK_STATES)[number]>('state')),
    children: tasks.where('parent_id', '=', slot<string>('parentId')).orderBy('seq'),
    ofStoryboard: tasks.where('storyboard_id', '=', slot<string>('storyboardId')).orderBy('seq'),
    nextInLine: tasks
      .where('backend', '=', slot<string>('backend'))
      .where(sql<SqlBool>`due_at is not null and state = 'reserved'`)
      .where('send_after', 'is not', null)
      .orderBy('due_at')
      .limit(1),
    running: tasks
      .where('backend', '=', slot<string>('backend'))
      .where(RUNNING)
      .orderBy('seq')
      .limit(slot<number>('limit')),
  };
}

/** The queries that read numbers. */
export function taskNumbers({ build }: Database) {
  return {
    runningCount: build
      .selectFrom('tasks')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('backend', '=', slot<string>('backend'))
      .where(RUNNING)
      .where((eb) =>
        eb.or([
          eb('state', '!=', 'unknown'),
          eb(eb.fn.coalesce('submitted_at', 'created_at'), '>=', slot<number>('unknownSince')),
        ]),
      ),
    durations: build
      .selectFrom('tasks')
      .select(sql<number>`completed_at - submitted_at`.as('ms'))
      .where('backend', '=', slot<string>('backend'))
      .where('model', '=', slot<string>('model'))
      .where(COMPLETED)
      .where('completed_at', 'is not', null)
      .where('submitted_at', 'is not', null)
      .orderBy('completed_at', 'desc')
      .limit(slot<number>('limit')),
  };
}
