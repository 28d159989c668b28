import { SoraError } from '../domain/errors.ts';
import { NOTHING } from '../domain/money.ts';
import { clean } from '../domain/text.ts';
import type { StoredStoryboard } from '../store/storyboards.ts';
import { boardReport, isBoardSettled, joinNotes, plannedReport } from './board-report.ts';
import { commission } from './commission.ts';
import type { Core, Workspace } from './core.ts';
import { foresee } from './coverage.ts';
import { draftOf } from './draft.ts';
import { clipsOf } from './films.ts';
import { persist } from './persist.ts';
import { hasten } from './poll-schedule.ts';
import { REPEATED, repeated } from './repeat.ts';
import { fetchLostClips, isThere } from './scene-files.ts';
import { quoteScenes } from './scene-quotes.ts';
import type {
  BoardWaitOptions,
  MakeStoryboardInput,
  RequestContext,
  StoryboardReport,
  StoryboardService,
} from './services.ts';
import { freedBy, lossesOf } from './withdrawal.ts';

const LONGEST_WAIT_SECONDS = 45;
/** Another process may be the one that makes it: its news is in the store only. */
const LOOK_EVERY_MS = 1_000;

/** Films of several scenes: planned, priced and made as one, scene by scene. */
export class Storyboards implements StoryboardService {
  readonly #core: Core;
  readonly #workspace: Workspace;

  constructor(core: Core, workspace: Workspace) {
    this.#core = core;
    this.#workspace = workspace;
  }

  async make(input: MakeStoryboardInput, context: RequestContext = {}): Promise<StoryboardReport> {
    const earlier = input.dryRun ? undefined : repeated(this.#core, this.#workspace, input);
    if (earlier) return { ...boardReport(this.#core, await this.#awake(earlier)), newCost: NOTHING, notes: [REPEATED] };
    const existing = input.storyboardId === undefined ? undefined : await this.#awake(this.#find(input.storyboardId));
    const draft = await draftOf(this.#core, this.#workspace, input, existing);
    const quote = quoteScenes(this.#core, this.#workspace, draft);
    const joining = joinNotes(this.#core, draft, quote);
    if (input.dryRun) {
      const wish = { maxCostUsd: input.maxCostUsd, partial: input.partial, freed: freedBy(this.#core, draft) };
      const { notes, refused } = foresee(this.#core, this.#workspace, quote, wish);
      const told = [...notes, ...lossesOf(this.#core, draft), ...joining];
      return { ...plannedReport(this.#core, draft, quote, told), refused };
    }
    const made = await commission(this.#core, this.#workspace, { draft, quote, input, context });
    this.#core.changes.publish(this.#workspace.name, { kind: 'storyboard', storyboardId: made.board.id });
    const report = boardReport(this.#core, made.board);
    return { ...report, newCost: made.cost, notes: [...made.notes, ...joining] };
  }

  async get(id: string, wait: BoardWaitOptions = {}, context: RequestContext = {}): Promise<StoryboardReport> {
    let report = this.#awaited(await this.#awake(this.#find(id)));
    const end = Date.now() + Math.min(LONGEST_WAIT_SECONDS, wait.waitSeconds ?? 0) * 1000;
    for (let told = ''; !isBoardSettled(report); ) {
      const left = end - Date.now();
      if (left <= 0 || context.signal?.aborted) break;
      const news = JSON.stringify(report.scenes.map((scene) => [scene.status, scene.task?.progress]));
      if (news !== told) wait.onProgress?.(report);
      told = news;
      await this.#core.changes.next(this.#workspace.name, Math.min(left, LOOK_EVERY_MS), context.signal);
      report = this.#awaited(this.#find(id));
    }
    return report;
  }

  list(limit: number, cursor?: string): { storyboards: readonly StoryboardReport[]; nextCursor?: string | undefined } {
    const page = this.#core.store.storyboards.page({ workspace: this.#workspace.name, limit, cursor });
    return { storyboards: page.items.map((board) => boardReport(this.#core, board)), nextCursor: page.nextCursor };
  }

  isStoryboardId(id: string): boolean {
    return id.trim().startsWith('board_');
  }

  ofTask(taskId: string): string | undefined {
    return this.#core.store.tasks.byId(taskId, this.#workspace.name)?.storyboardId;
  }

  #awaited(board: StoredStoryboard): StoryboardReport {
    const report = boardReport(this.#core, board);
    for (const task of report.scenes.flatMap((scene) => [scene.task ?? [], scene.revision ?? []].flat())) {
      hasten(this.#core, task);
    }
    return report;
  }

  /** What was given up may have turned up after all, and what was there be gone: whoever looks wants it again. */
  async #awake(board: StoredStoryboard): Promise<StoredStoryboard> {
    const { filmState, filmPath } = board;
    // A film that is pending is looked after.
    if (filmState === 'pending') return board;
    if (filmState === 'joined' && filmPath !== undefined && (await isThere(filmPath))) return board;
    const lost = await fetchLostClips(this.#core, board);
    const complete = filmState !== 'failed' && clipsOf(this.#core, board) !== undefined;
    if (!lost && !complete) return board;
    await persist(() => {
      this.#core.store.storyboards.updateStoryboard(board.id, { filmState: 'pending', filmError: undefined });
    });
    return this.#find(board.id);
  }

  #find(id: string): StoredStoryboard {
    const found = this.#core.store.storyboards.get(this.#workspace.name, id.trim());
    if (found) return found;
    const { items } = this.#core.store.storyboards.page({ workspace: this.#workspace.name, limit: 3 });
    throw new SoraError({
      code: 'not_found',
      field: 'storyboard_id',
      message: `there is no storyboard ${JSON.stringify(clean(id, 60))}`,
      hint:
        items.length > 0
          ? `Latest: ${items.map((board) => `${board.id} (${clean(board.title, 40)})`).join('; ')}.`
          : 'There are none yet: make_storyboard without storyboard_id makes one.',
    });
  }
}
