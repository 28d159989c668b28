import { SoraError } from '../domain/errors.ts';
import { clean } from '../domain/text.ts';
import type { StoredStoryboard } from '../store/storyboards.ts';
import { boardReport, isBoardSettled, plannedReport } from './board-report.ts';
import { commission, quoteScenes } from './commission.ts';
import type { Core, Workspace } from './core.ts';
import { draftOf } from './scenes.ts';
import type {
  BoardWaitOptions,
  MakeStoryboardInput,
  RequestContext,
  StoryboardReport,
  StoryboardService,
} from './services.ts';

const LONGEST_WAIT_SECONDS = 45;
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
    const existing = input.storyboardId === undefined ? undefined : this.#find(input.storyboardId);
    const draft = await draftOf(this.#core, this.#workspace, input, existing);
    const quote = await quoteScenes(this.#core, this.#workspace, draft);
    if (input.dryRun) return plannedReport(this.#core, draft, quote);
    const made = await commission(this.#core, this.#workspace, { draft, quote, input, context });
    this.#core.changes.publish(this.#workspace.name, { kind: 'storyboard', storyboardId: made.board.id });
    return { ...boardReport(this.#core, made.board), newCost: made.cost, notes: made.notes };
  }

  async get(id: string, wait: BoardWaitOptions = {}, context: RequestContext = {}): Promise<StoryboardReport> {
    let report = boardReport(this.#core, this.#find(id));
    const end = Date.now() + Math.min(LONGEST_WAIT_SECONDS, wait.waitSeconds ?? 0) * 1000;
    for (let told = ''; !isBoardSettled(report); ) {
      const left = end - Date.now();
      if (left <= 0 || context.signal?.aborted) break;
      const news = JSON.stringify(report.scenes.map((scene) => [scene.status, scene.task?.progress]));
      if (news !== told) wait.onProgress?.(report);
      told = news;
      await this.#core.changes.next(this.#workspace.name, Math.min(left, LOOK_EVERY_MS), context.signal);
      report = boardReport(this.#core, this.#find(id));
    }
    return report;
  }

  list(limit: number, cursor?: string): { storyboards: readonly StoryboardReport[]; nextCursor?: string | undefined } {
    const page = this.#core.store.storyboards.page({ workspace: this.#workspace.name, limit, cursor });
    return { storyboards: page.items.map((board) => boardReport(this.#core, board)), nextCursor: page.nextCursor };
  }

  isStoryboardId(id: string): boolean {
    return id.startsWith('board_');
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
