import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Links to saved videos that work without the token, for a while: a browser sends none. */
export interface FileLinks {
  /** Path and query. */
  mint(workspace: string, taskId: string): string;
  /** The workspace that a link opens, or undefined when it is forged, lapsed or of an earlier process. */
  open(taskId: string, query: URLSearchParams): string | undefined;
}

/** @param now unix milliseconds */
export function signFileLinks(lifeMs: number, now: () => number): FileLinks {
  // Of this process alone: a restart ends all links.
  const key = randomBytes(32);
  const sign = (workspace: string, taskId: string, expires: string) =>
    createHmac('sha256', key)
      .update(JSON.stringify([workspace, taskId, expires]))
      .digest();

  return {
    mint(workspace, taskId) {
      const expires = String(Math.floor((now() + lifeMs) / 1_000));
      const signature = sign(workspace, taskId, expires).toString('base64url');
      return `/files/${taskId}?${new URLSearchParams({ workspace, expires, signature })}`;
    },
    open(taskId, query) {
      const [workspace, expires, signature] = [query.get('workspace'), query.get('expires'), query.get('signature')];
      if (workspace === null || expires === null || signature === null) return undefined;
      const shown = Buffer.from(signature, 'base64url');
      const right = sign(workspace, taskId, expires);
      if (shown.length !== right.length || !timingSafeEqual(shown, right)) return undefined;
      return Number(expires) * 1_000 > now() ? workspace : undefined;
    },
  };
}
