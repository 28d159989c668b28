import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TASK_STATES } from '../../src/domain/task.ts';
import { Database } from '../../src/store/database.ts';
import { migrate } from '../../src/store/migrations.ts';
import { storeOn } from '../../src/store/store.ts';
import { aCharacter, aTask, NOON, tempDir } from './fixtures.ts';

/** Asks everything that the store can be asked, so that each statement has been prepared. */
function askEverything(database: Database): void {
  const store = storeOn(database, '/', () => NOON);
  const { characters, bindings, tasks, ledger, storyboards, observations } = store;
  const workspace = 'local';
  const fox = characters.insert(aCharacter({ handle: 'fox' }));
  characters.insert(aCharacter({ workspace: 'other' }));
  characters.update(workspace, fox.id, { name: 'Vixen' });
  characters.byIds(workspace, [fox.id]);
  characters.byRemoteId(workspace, 'x');
  characters.byRemoteId(workspace, 'x', 'reverse');
  for (const query of [undefined, 'f', 'fo', 'fox', 'brave foxes in rain']) {
    for (const backend of [undefined, 'reverse']) characters.page({ workspace, query, backend, limit: 20 });
  }
  characters.handlesLike(workspace, 'zebra crossing', 5);
  characters.similarHandles(workspace, 'foxes', 5);
  characters.freeHandle(workspace, 'Fox');
  const intent = {
    id: 'b',
    workspace,
    characterId: fox.id,
    backend: 'reverse',
    route: 'reverse',
    sendKey: 's',
  } as const;
  bindings.insertIntent(intent);
  bindings.claimDue({ owner: 'a', now: NOON, leaseMs: 1, limit: 5 });
  bindings.settle('b', { state: 'failed', error: 'x' });
  bindings.insertIntent(intent);
  bindings.adopt({ ...intent, characterId: 'chr_x', bindingId: 'b2', name: 'Hen', remoteId: 'r' });

  const task = tasks.insert(aTask({ state: 'queued', nextPollAt: 1 }));
  tasks.byRemoteId(workspace, 'v');
  tasks.byIdempotencyKey(workspace, 'k');
  tasks.latest(workspace, 5);
  for (const state of TASK_STATES) tasks.page({ workspace, state, limit: 5 });
  tasks.children('x');
  tasks.ofStoryboard('x');
  tasks.running('reverse', 5);
  tasks.unfinishedCount('reverse');
  tasks.ownerOf('reverse', 'v');
  tasks.nextInLine('reverse');
  tasks.claimDue({ owner: 'a', now: NOON, leaseMs: 1_000, limit: 5 });
  tasks.renewLease(task.id, 'a', NOON);
  tasks.nextDueAt('a', NOON);
  tasks.move(task.id, { from: ['queued', 'in_progress'], to: 'completed', leaseOwner: 'a' });
  tasks.releaseLease(task.id, 'a');
  tasks.update(task.id, { polls: 4 });
  tasks.durations({ backend: 'reverse', model: 'sora-2', limit: 5 });

  const held = {
    ref: task.id,
    workspace,
    backend: 'reverse',
    project: 'p',
    amount: task.quoted!,
    source: 's',
    limits: {},
    now: NOON,
  };
  ledger.reserve({ ...held, limits: { day: task.quoted! } });
  ledger.moveHold(task.id, { ...held, backend: 'x' });
  ledger.settle(task.id, task.quoted!, NOON);
  ledger.rows(workspace, '2026-01-01');
  ledger.entries(task.id);
  const times = { createdAt: NOON, updatedAt: NOON };
  const board = {
    id: 'sb',
    workspace,
    title: 't',
    characters: [],
    partial: false,
    filmState: 'none',
    scenes: [],
    ...times,
  } as const;
  storyboards.insert(board);
  storyboards.replaceScenes('sb', [{ id: 'sc', prompt: 'p', characters: [] }]);
  storyboards.updateScene('sc', { taskId: task.id });
  storyboards.updateStoryboard('sb', { title: 'u' });
  storyboards.get(workspace, 'sb');
  storyboards.page({ workspace, limit: 5 });
  storyboards.insertRequest({ workspace, idempotencyKey: 'k', fingerprint: 'f', storyboardId: 'sb' });
  storyboards.request(workspace, 'k');
  characters.byMention(workspace, '@x');
  storyboards.idOfTask(task.id);
  observations.of('x');
}

test('every statement finds its rows by an index', () => {
  const database = new Database(join(tempDir(), 'sora.db'));
  migrate(database, NOON);
  askEverything(database);
  const plans = [...database.plans()];
  expect(plans.length).toBeGreaterThan(50);
  const scans = plans.flatMap(([sql, lines]) =>
    lines
      // SCAN of bindings by their partial index walks what is unsettled, and there is little of it.
      .filter((line) =>
        /^SCAN (?!bindings USING INDEX bindings_unsettled$|json_each|CONSTANT|characters_search VIRTUAL TABLE INDEX \d+:.*M)/.test(
          line,
        ),
      )
      // Walking an index that holds unfinished tasks only is what it is there for.
      .filter((line) => !/^SCAN tasks USING (COVERING )?INDEX tasks_(due|leased)$/.test(line))
      .filter((line) => !/sqlite_schema|migrations/.test(line))
      .map((line) => `${line}: ${sql}`),
  );
  expect(scans).toEqual([]);
  database.close();
});

test('listings and claims are walked in the order of their index', () => {
  const database = new Database(join(tempDir(), 'sora.db'));
  migrate(database, NOON);
  askEverything(database);
  const sorted = [...database.plans()].filter(
    ([sql, lines]) => /limit/.test(sql) && lines.some((line) => /TEMP B-TREE FOR ORDER BY/.test(line)),
  );
  expect(sorted.map(([sql]) => sql)).toEqual([]);
  database.close();
});

test('the tracker’s questions read the indexes of unfinished tasks', () => {
  const database = new Database(join(tempDir(), 'sora.db'));
  migrate(database, NOON);
  askEverything(database);
  const unsettled = [...database.plans()].filter(([sql]) => sql.includes('"next_check_at" is null'));
  for (const [, lines] of unsettled) expect(lines.join('; ')).toContain('INDEX bindings_unsettled');
  const used = (part: string) =>
    [...database.plans()].filter(([sql]) => sql.includes(part)).map(([, lines]) => lines.join('; '));
  expect(used('"due_at" <= ?')).toEqual([expect.stringContaining('INDEX tasks_due (due_at<?)')]);
  expect(used('"updated_at" > ?')).toEqual([expect.stringContaining('INDEX tasks_from_the_future (updated_at>?)')]);
  expect(used('"lease_owner" != ?')).toEqual([expect.stringContaining('INDEX tasks_leased (lease_until>?)')]);
  expect(used('count(*)')).toEqual([expect.stringContaining('INDEX tasks_running (backend=?)')]);
  database.close();
});
