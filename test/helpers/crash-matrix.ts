import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { checkMp4 } from '../../src/store/mp4.ts';
import type { AppProcess, Facts } from './app-process.ts';
import { type CrashSpec, eventually, openScene, type Scene } from './crash.ts';

/** One thing that a server does, in which it is killed at every step. */
export interface Flow {
  readonly sandbox?: SandboxOptions | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly spec?: CrashSpec | undefined;
  /** Before the server that is killed starts: faults, or tasks by a server before it. */
  readonly prepare?: ((scene: Scene) => Promise<void> | void) | undefined;
  /** What the agent wants. It is asked for again, word for word, of the server after the one that was killed. */
  readonly ask: (app: AppProcess, scene: Scene) => Promise<void>;
  /** Steps at which this flow is not killed, because another flow is. */
  readonly known?: ReadonlySet<string> | undefined;
  /** Where given, it is killed at these only. */
  readonly only?: readonly string[] | undefined;
  /** Throws when the end is not what it must be. */
  readonly judge: (scene: Scene, step: string | undefined) => Promise<void> | void;
}

export interface Verdict {
  readonly steps: readonly string[];
  /** `step: what was wrong`. Empty when all is well. */
  readonly wrong: readonly string[];
}

const AT_ONCE = 4;

/** Runs the flow once to learn its steps, then once for each step, with a death at it and a server after that. */
export async function killAtEveryStep(file: string, flow: Flow): Promise<Verdict> {
  const wrong: string[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'sora-steps-'));
  try {
    const stepsFile = join(folder, 'steps');
    await play(file, flow, undefined, stepsFile).catch((error: unknown) => wrong.push(`undisturbed: ${error}`));
    const reached = existsSync(stepsFile) ? readFileSync(stepsFile, 'utf8').trim().split('\n') : [];
    const steps = [...new Set(reached)];
    const queue = steps.filter((step) => !flow.known?.has(step) && (flow.only?.includes(step) ?? true));
    const worker = async () => {
      for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
        await play(file, flow, step).catch((error: unknown) => wrong.push(`${step}: ${error}`));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return { steps, wrong };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function play(file: string, flow: Flow, killAt: string | undefined, stepsFile?: string): Promise<void> {
  const scene = await openScene(file, { idempotency: false, ...flow.sandbox });
  try {
    await flow.prepare?.(scene);
    const first = await scene.start({ ...flow.spec, killAt, stepsFile }, flow.env).catch(() => undefined);
    const asked =
      first &&
      flow.ask(first, scene).then(
        () => true,
        () => false,
      );
    if (killAt === undefined) {
      if (!(await asked)) throw new Error(`it could not be asked\n${first?.stderr()}`);
    } else {
      const signal = await first?.ended;
      if (first && signal !== 'SIGKILL') throw new Error(`it did not die there but ended with ${signal}`);
      await wholeFilesOnly(scene);
      const second = await scene.start(flow.spec, flow.env);
      await flow.ask(second, scene);
    }
    await flow.judge(scene, killAt);
    await wholeFilesOnly(scene);
    noneTwice(scene);
  } finally {
    await scene.close();
  }
}

/** Whatever has the name of a video is one, to its last byte. */
async function wholeFilesOnly(scene: Scene): Promise<void> {
  for (const name of scene.files().filter((each) => each.endsWith('.mp4'))) {
    await checkMp4(join(scene.dataDir, 'videos', name));
  }
}

function noneTwice(scene: Scene): void {
  const keys = scene.sandbox.jobs().map((job) => job.idempotencyKey);
  if (new Set(keys).size !== keys.length) throw new Error(`created twice: ${keys.join(', ')}`);
}

/** Asks for a video with a key, again and again as an agent would, until its task is at an end. */
export async function wantVideo(app: AppProcess, args: Facts): Promise<Facts> {
  const taskId = await eventually(async () => {
    const told = await app.call('generate_video', args);
    return (told.data.task_id ?? told.error.task_id) as string | undefined;
  });
  return await eventually(async () => {
    const { data } = await app.call('get_task', { task_id: taskId });
    if (data.status === 'completed') return data.file_path !== undefined && data;
    const error = data.error as { message: string; retryable?: boolean } | undefined;
    if (data.status === 'unknown')
      return /not listed yet|cannot list|of another time/.test(error?.message ?? '') && data;
    if (data.status !== 'failed') return undefined;
    if (!error?.retryable) return data;
    await app.call('generate_video', args);
    return undefined;
  });
}
