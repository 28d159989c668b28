import { join } from 'node:path';
import type { Compilable } from 'kysely';
import { expect, test } from 'vitest';
import { TASK_STATES } from '../../src/domain/task.ts';
import { Database } from '../../src/store/database.ts';
import { migrate } from '../../src/store/migrations.ts';
import { type Store, storeOn } from '../../src/store/store.ts';
import { aCharacter, aTask, NOON, tempDir } from './fixtures.ts';

/** Knows each statement that may be run one day. */
class Noted extends Database {
  readonly statements = new Set<string>();

  override prepare<Row>(query: Compilable<Row>) {
    this.statements.add(query.compile().sql);
    return super.prepare(query);
  }
}

/** The repositories, and which of their methods were not called. */
function watched(store: Store): { readonly store: Store; readonly unasked: Set<string> } {
  const unasked = new Set<string>();
  const watch = (name: string, repository: object) => {
    const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(repository));
    for (const method of methods) if (method !== 'constructor') unasked.add(`${name}.${method}`);
    return new Proxy(repository, {
      get(target, method) {
        const value = Reflect.get(target, method);
        unasked.delete(`${name}.${String(method)}`);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  };
  const entries = Object.entries(store).map(([name, part]) => [
    name,
    typeof part === 'object' ? watch(name, part) : part,
  ]);
  return { store: Object.fromEntries(entries), unasked };
}

/** Asks everything that the store can be asked, so that each statement has been prepared. Gives what it did not ask. */
function askEverything(database: Database): Set<string> {
  const { store, unasked } = watched(storeOn(database, '/', () => NOON));
  const { characters, bindings, tasks, ledger, storyboards, observations, recall, news } = store;
  const workspace = 'local';
  const fox = characters.insert(aCharacter({ handle: 'fox' }));
  characters.insert(aCharacter({ workspace: 'other' }));
  characters.update(workspace, fox.id, { name: 'Vixen' });
  characters.byIds(workspace, [fox.id]);
  characters.byId(workspace, fox.id);
  characters.byHandle(workspace, 'fox');
  characters.count(workspace);
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
  const stored = bindings.byId('b')!;
  bindings.on(fox.id, 'reverse');
  bindings.hasRival(stored, 'Fox');
  bindings.someoneMakes('reverse', workspace, NOON);
  bindings.withdraw('b');
  bindings.adopt({ ...intent, characterId: 'chr_x', bindingId: 'b2', name: 'Hen', remoteId: 'r', mention: '@r' });
  bindings.takeIn(
    { ...intent, characterId: 'chr_y', bindingId: 'b3', name: 'Hen' },
    { state: 'submitting', remoteTaskId: 't', nextCheckAt: NOON },
  );
  bindings.isTaken('reverse', 'r');
  bindings.othersIn('with @r', 'reverse', 'other');
  store.transaction(() => {
    for (let n = 0; n < 201; n++) {
      const { id } = characters.insert(aCharacter());
      bindings.insertIntent({ ...intent, id: `more${n}`, characterId: id });
    }
  });
  for (const backend of [undefined, 'reverse']) characters.page({ workspace, query: 'fox', backend, limit: 20 });
  characters.remove(workspace, fox.id);

  const task = tasks.insert(aTask({ state: 'queued', nextPollAt: 1 }));
  tasks.byId(task.id);
  tasks.byRemoteId(workspace, 'v');
  tasks.isLink('https://example.com/v.mp4');
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
  ledger.held(task.id);
  ledger.lost(NOON);
  ledger.settle(task.id, task.quoted!, NOON);
  ledger.refund(task.id, NOON);
  ledger.release(task.id, NOON);
  ledger.summary(workspace, NOON);
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
  storyboards.pendingFilms();
  for (const host of ['a.example', 'b.example']) store.upstreams.idOf('reverse', host);
  store.upstreams.find('reverse', 'a.example');
  store.searchIndex.parts();
  store.searchIndex.merge(true);
  observations.set({ backend: 'x', subject: '*', status: 'gone', observedAt: NOON });
  observations.of('x');
  observations.clear('x', '*');
  recall.get('x', () => news.version());
  news.since(NOON);
  return unasked;
}

test('there is nothing that the store is not asked here', () => {
  const database = new Noted(join(tempDir(), 'sora.db'));
  migrate(database, NOON);
  expect([...askEverything(database)]).toEqual([]);
  const plans = database.plans();
  expect([...database.statements].filter((sql) => !plans.has(sql))).toEqual([]);
  database.close();
});

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
        /^SCAN (?!bindings USING INDEX bindings_unsettled$|json_each|CONSTANT|candidates$|characters_search VIRTUAL TABLE INDEX \d+:.*M)/.test(
          line,
        ),
      )
      // Walking an index that holds unfinished tasks or films only is what it is there for.
      .filter((line) => !/^SCAN tasks USING (COVERING )?INDEX tasks_(due|leased)$/.test(line))
      .filter((line) => line !== 'SCAN storyboards USING INDEX storyboards_pending')
      // It has one row for each page of the search index, and is asked every ten minutes.
      .filter((line) => line !== 'SCAN characters_search_idx')
      .filter((line) => !/sqlite_schema|migrations/.test(line))
      .map((line) => `${line}: ${sql}`),
  );
  expect(scans).toEqual([]);
  const walks = plans.flatMap(([sql, lines]) =>
    lines
      // All of a workspace, or of a backend, may be everything there is; of what is under way there is little.
      .filter((line) => /INDEX (?!holds_workspace |tasks_running )\w+ \((workspace|backend)=\?\)/.test(line))
      .filter(() => !/order by .* limit/.test(sql))
      .map((line) => `${line}: ${sql}`),
  );
  expect(walks).toEqual([]);
  const lookups = (part: string) =>
    plans.filter(([sql]) => sql.startsWith('select') && sql.includes(part)).map(([, lines]) => lines.join('; '));
  const called = (column: string) => `lower(rtrim(ltrim("${column}", '@{ '), '}'))`;
  expect(lookups('"video_url" = ?')).toEqual(['SEARCH tasks USING INDEX tasks_link (video_url=?)']);
  expect(lookups(`${called('remote_id')} <= ?`)).toEqual([
    'SEARCH bindings USING INDEX bindings_called_by_id (backend=? AND <expr><?)',
  ]);
  expect(lookups(`${called('mention')} = ?`)).toEqual([
    'SEARCH bindings USING INDEX bindings_called_by_mention (backend=? AND <expr>=?)',
  ]);
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
