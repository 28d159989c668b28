import { type CallOutcome, progressBar, type Screen, Session } from './session.ts';

export { runStoryboardDemo } from './demo-storyboard.ts';

export interface DemoOptions {
  /** How the server is started; the demo is a client like any other. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly screen: Screen;
  readonly version: string;
}

const HANDLE = 'coffee_girl';

/** One clip with one character, through a real client over stdio. Throws when anything on the way fails. */
export async function runDemo(options: DemoOptions): Promise<void> {
  const { screen } = options;
  const session = await Session.open(options);
  try {
    screen.line(`sora-mcp ${options.version} over stdio, ${session.toolCount} tools, no key: the sandbox answers.`);
    await cast(session, screen);
    await quote(session, screen);
    const made = await session.call('generate_video', {
      prompt: `@${HANDLE} walks along the sea at sunset`,
      duration: 8,
    });
    screen.line(`generate_video  ${made.task_id} on ${made.backend} (${made.route}), $${made.cost_usd ?? 0}`);
    for (const reason of (made.reasons as string[]) ?? []) screen.line(`                why: ${reason}`);
    const done = await follow(session, screen, String(made.task_id));
    screen.line(`saved           ${done.file_path}`);
    screen.line(`cost            $${done.cost_usd ?? 0} (${done.backend})`);
    screen.line('');
    screen.line('Paste this into your client (mcp.json):');
    screen.line(clientEntry(options));
  } finally {
    await session.close();
  }
}

async function cast(session: Session, screen: Screen): Promise<void> {
  const { characters = [] } = (await session.call('list_characters', { query: HANDLE })) as {
    characters?: { handle: string; created_at?: string }[];
  };
  const known = characters.find((each) => each.handle === HANDLE);
  if (known) {
    screen.line(`list_characters @${HANDLE} is in the catalog since ${known.created_at ?? 'an earlier run'}`);
    return;
  }
  const answer = await session.call('create_character', {
    name: 'Coffee Girl',
    handle: HANDLE,
    // The sandbox draws her without looking. A host that answered would be asked for the clip, and say that there is none.
    video_url: 'https://example.invalid/coffee-girl.mp4',
    description: 'A drawn girl in a white dress with a coffee cup',
    rights_confirmed: true,
  });
  const { bindings = [] } = answer.character as { bindings?: { backend: string; mention: string }[] };
  screen.line(`create_character @${HANDLE} is now ${bindings[0]?.mention} on ${bindings[0]?.backend}`);
}

async function quote(session: Session, screen: Screen): Promise<void> {
  const { quotes = [] } = (await session.call('estimate_cost', { duration: 8, with_character: true })) as {
    quotes?: { backend: string; model: string; per_video_usd?: number }[];
  };
  const prices = quotes.map((each) => `${each.backend} ${each.model} $${each.per_video_usd ?? '?'}`);
  screen.line(`estimate_cost   8 s: ${prices.slice(0, 4).join(' · ')}`);
}

async function follow(session: Session, screen: Screen, taskId: string): Promise<CallOutcome> {
  for (;;) {
    const task = await session.call('get_task', { task_id: taskId, wait_seconds: 20 }, (progress) =>
      screen.redraw(`get_task        ${progressBar(progress)}`),
    );
    if (task.status === 'completed' && task.file_path) {
      screen.redraw(`get_task        ${progressBar(100)} completed\n`);
      return task;
    }
    if (['failed', 'expired', 'unknown'].includes(String(task.status))) {
      throw new Error(`the video is ${task.status}: ${JSON.stringify(task.error ?? {})}`);
    }
  }
}

/** What a client's `mcp.json` needs to start this very server. */
export function clientEntry({ command, args }: Pick<DemoOptions, 'command' | 'args'>): string {
  return JSON.stringify({ mcpServers: { sora: { command, args } } }, null, 2);
}
