import type { Change } from './services.ts';

type Listener = (change: Change) => void;

/** Tells the listeners of a workspace what changed in it, and those who wait for one task that it moved. */
export class Changes {
  readonly #listeners = new Map<string, Set<Listener>>();
  /** Told of every change in every workspace. */
  onAny: () => void = () => {};

  publish(workspace: string, change: Change): void {
    this.onAny();
    for (const listener of [...(this.#listeners.get(workspace) ?? [])]) listener(change);
  }

  subscribe(workspace: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(workspace) ?? new Set();
    this.#listeners.set(workspace, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(workspace);
    };
  }

  /** Resolves at the next change, after `ms`, or when the signal is aborted: whichever is first. */
  next(
    workspace: string,
    ms: number,
    signal?: AbortSignal,
    isWanted: (change: Change) => boolean = () => true,
  ): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        unsubscribe();
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const unsubscribe = this.subscribe(workspace, (change) => {
        if (isWanted(change)) done();
      });
      const timer = setTimeout(done, ms);
      if (signal?.aborted) done();
      else signal?.addEventListener('abort', done, { once: true });
    });
  }
}

/** Says that a task is not what it was. */
export function changed(
  { changes }: { readonly changes: Changes },
  task: { readonly id: string; readonly workspace: string },
): void {
  changes.publish(task.workspace, { kind: 'task', taskId: task.id });
}
