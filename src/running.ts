import type { App, Host } from './app.ts';
import type { Config } from './config.ts';
import type { ServerFacts, Services } from './services/services.ts';

/** The app of a server that answers before the app is there: opened at its first use, once. */
export interface Running {
  readonly facts: ServerFacts;
  services(workspace: string): Promise<Services>;
  /**
   * Opens the app, so that unfinished tasks are followed unasked: after so many milliseconds of the last such call.
   * Default: a moment, in which what is being answered goes out.
   */
  trackSoon(afterMs?: number): void;
  /** Follows nothing any more; what is under way is put back. */
  untrack(): void;
  /** Creates that are out are given `patienceMs` to be answered. */
  close(patienceMs?: number): Promise<void>;
}

export interface RunningHost extends Host {
  readonly version: string;
  /** Called when the start is over, before anything of the app is loaded. */
  readonly beforeOpening?: (() => void) | undefined;
}

const SOON_MS = 250;
/** A store that is locked or a disk that is full now may not be later, and there may be tasks to follow. */
const AGAIN_MS = 5_000;

export function appFor(config: Config, host: RunningHost): Running {
  let opening: Promise<App> | undefined;
  let closed = false;
  let waiting: NodeJS.Timeout | undefined;
  const open = (): Promise<App> => {
    if (opening !== undefined) return opening;
    host.beforeOpening?.();
    opening = import('./app.ts').then(async ({ openApp }) => {
      const app = await openApp(config, host);
      app.track();
      return app;
    });
    // A directory that cannot be used now may be usable at the next call.
    opening.catch(() => {
      opening = undefined;
    });
    return opening;
  };
  let told = '';
  const tryOpening = (): void => {
    if (closed) return;
    open().catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== told) host.log(message);
      told = message;
      waiting = setTimeout(tryOpening, AGAIN_MS).unref();
    });
  };
  return {
    facts: {
      version: host.version,
      sandbox: config.sandbox,
      backendIds: config.sandbox ? ['sandbox-forwarding', 'sandbox-reverse'] : config.backends.map(({ id }) => id),
    },
    services: async (workspace) => (await open()).services(workspace),
    trackSoon: (afterMs = SOON_MS) => {
      clearTimeout(waiting);
      waiting = setTimeout(tryOpening, afterMs);
    },
    untrack: () => {
      closed = true;
      opening?.then((app) => app.untrack()).catch(() => {});
    },
    close: async (patienceMs) => {
      closed = true;
      const app = await opening?.catch(() => undefined);
      await app?.close(patienceMs);
    },
  };
}
