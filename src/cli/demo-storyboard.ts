import type { DemoOptions } from './demo.ts';
import { type CallOutcome, progressBar, type Screen, Session } from './session.ts';

const HANDLE = 'coffee_girl';
const BACKEND = 'sandbox-forwarding';
const SIZE = '1280x720';
const LABEL = 18;
const BAR_WIDTH = 24;

const SCENES = [
  { prompt: `@${HANDLE} opens the café at dawn, wide shot`, duration: 4, size: SIZE },
  { prompt: `@${HANDLE} pours the first coffee, close-up`, duration: 4 },
  { prompt: `@${HANDLE} waves from the door, evening light`, duration: 8 },
];

interface SceneView {
  readonly scene: number;
  readonly status: string;
  readonly prompt: string;
  readonly task_id?: string;
  readonly progress?: number;
  readonly seconds?: number;
  readonly mode?: string;
  readonly error?: { readonly message: string };
  readonly revision?: { readonly progress?: number; readonly status: string; readonly mode: string };
}

/** A film of three scenes with one character, one of them revised, through a real client over stdio. */
export async function runStoryboardDemo(options: DemoOptions): Promise<void> {
  const { screen } = options;
  const session = await Session.open(options);
  try {
    say(screen, 'sora-mcp', `${options.version} over stdio, ${session.toolCount} tools, no key: the sandbox answers.`);
    await cast(session, screen);
    const film = { title: 'First Coffee', scenes: SCENES, style: 'Warm light, hand-drawn.' };
    const plan = await session.call('make_storyboard', { ...film, dry_run: true });
    const { scenes, seconds, backend, new_cost_usd } = plan;
    say(screen, 'make_storyboard', `quote: ${count(scenes)} scenes, ${seconds} s on ${backend}, $${new_cost_usd}`);
    const made = await session.call('make_storyboard', { ...film, max_cost_usd: Number(new_cost_usd) });
    const id = String(made.storyboard_id);
    say(screen, '', `making ${id}`);
    const first = await follow(session, screen, id);
    const second = scenesOf(first)[1]!;
    await look(session, screen, second);
    const prompt = `The same, but @${HANDLE} spills a little`;
    const revised = await session.call('revise_video', { task_id: second.task_id, mode: 'remix', prompt });
    say(screen, 'revise_video', `scene 2, remix: ${revised.task_id} from ${revised.parent_id}`);
    const done = await follow(session, screen, id);
    say(screen, 'film', String(done.film_path));
    say(screen, '', `${done.seconds} s, ${count(done.scenes)} scenes, $${done.cost_usd}`);
  } finally {
    await session.close();
  }
}

/** The forwarding route takes a clip of 2 to 4 s for a character: the sandbox makes that, too. */
async function cast(session: Session, screen: Screen): Promise<void> {
  const { characters = [] } = (await session.call('list_characters', { query: HANDLE, backend: BACKEND })) as {
    characters?: { handle: string; created_at?: string }[];
  };
  const known = characters.find((each) => each.handle === HANDLE);
  if (known) {
    say(screen, 'list_characters', `@${HANDLE} is in the catalog since ${known.created_at ?? 'an earlier run'}`);
    return;
  }
  const clip = await session.call('generate_video', {
    prompt: 'A girl with a coffee cup turns slowly, plain background',
    duration: 4,
    size: SIZE,
    backend: BACKEND,
  });
  const task = await finish(session, screen, String(clip.task_id));
  await session.call('create_character', {
    name: 'Coffee Girl',
    handle: HANDLE,
    file_path: task.file_path,
    backend: BACKEND,
    description: 'A drawn girl in a white dress with a coffee cup',
    rights_confirmed: true,
  });
  say(screen, 'create_character', `@${HANDLE} from that clip, on ${BACKEND}`);
}

async function finish(session: Session, screen: Screen, taskId: string): Promise<CallOutcome> {
  for (;;) {
    const task = await session.call('get_task', { task_id: taskId, wait_seconds: 20 }, (percent) =>
      screen.redraw(row('generate_video', `${progressBar(percent, BAR_WIDTH)} a clip of the character`)),
    );
    if (task.file_path) {
      screen.redraw(`${row('generate_video', `${progressBar(100, BAR_WIDTH)} a clip of the character`)}\n`);
      return task;
    }
    if (task.error) throw new Error(`the clip is ${task.status}: ${JSON.stringify(task.error)}`);
  }
}

/** One bar a scene, until the film is joined. */
async function follow(session: Session, screen: Screen, id: string): Promise<CallOutcome> {
  for (;;) {
    const board = await session.call('get_task', { task_id: id, wait_seconds: 0.3 });
    const rows = scenesOf(board).map((scene) => row(`  scene ${scene.scene}`, bar(scene)));
    if (board.status === 'making') {
      screen.redraw(rows.join('\n'));
      continue;
    }
    screen.redraw(`${rows.join('\n')}\n`);
    if (board.status === 'completed') return board;
    throw new Error(`the storyboard needs attention: ${String(board.film_error ?? board.hint)}`);
  }
}

function bar({ status, progress, prompt, revision, mode, error }: SceneView): string {
  const percent = revision?.progress ?? progress ?? (status === 'completed' ? 100 : 0);
  const what = error?.message ?? (revision ? `${revision.mode} ${revision.status}` : (mode ?? status));
  return `${progressBar(percent, BAR_WIDTH)} ${what.padEnd(11)} ${prompt.slice(0, 36)}`;
}

async function look(session: Session, screen: Screen, scene: SceneView): Promise<void> {
  const image = await session.look('get_task', { task_id: scene.task_id, include_still: true });
  const told = image ? `${image.mimeType}, ${Math.ceil(image.bytes / 1024)} KB` : 'none from this upstream';
  say(screen, 'get_task', `still of scene ${scene.scene}: ${told}`);
}

function scenesOf(board: CallOutcome): readonly SceneView[] {
  return (board.scenes as SceneView[] | undefined) ?? [];
}

function count(list: unknown): number {
  return Array.isArray(list) ? list.length : 0;
}

function say(screen: Screen, label: string, text: string): void {
  screen.line(row(label, text));
}

function row(label: string, text: string): string {
  return `${label.padEnd(LABEL)}${text}`;
}
