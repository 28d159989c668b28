import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Secret } from '../domain/secret.ts';
import { refuse } from './refusal.ts';

/** A way in: who shows the token works in the workspace. */
export interface HttpToken {
  /** The workspace. */
  readonly name: string;
  readonly secret: Secret;
}

/** Whoever showed one valid token. Compared by identity: what one has opened is not another's. */
export interface Caller {
  readonly workspace: string;
}

export interface TokenCheck {
  /** The caller behind a request; undefined without a valid token. */
  callerOf(req: IncomingMessage): Caller | undefined;
  /** The caller of a workspace, for links that name it. */
  callerIn(workspace: string): Caller | undefined;
}

const MAX_HEADER = 1_024;
/** Addresses end up in logs, histories and Referer headers. */
const TOKEN_PARAMETERS = new Set([
  'token',
  'access_token',
  'api_key',
  'apikey',
  'key',
  'auth',
  'authorization',
  'bearer',
]);

export function checkTokens(tokens: readonly HttpToken[]): TokenCheck {
  const known = tokens.map(({ name, secret }) => ({ caller: { workspace: name }, token: padded(secret.reveal()) }));

  const shownToken = Buffer.alloc(MAX_HEADER);
  const callerOf = (req: IncomingMessage): Caller | undefined => {
    const header = req.headers.authorization;
    if (header === undefined || header.length > MAX_HEADER) return undefined;
    const shown = /^bearer +([\x21-\x7e]+)$/i.exec(header)?.[1];
    if (shown === undefined) return undefined;
    padded(shown, shownToken);
    let found: Caller | undefined;
    for (const each of known) if (timingSafeEqual(each.token, shownToken)) found = each.caller;
    return found;
  };
  const callerIn = (workspace: string) => known.find(({ caller }) => caller.workspace === workspace)?.caller;
  return { callerOf, callerIn };
}

/** Equal lengths whatever is shown, so that the time of a comparison tells nothing. A token has no zero in it. */
function padded(token: string, bytes = Buffer.alloc(MAX_HEADER)): Buffer {
  bytes.fill(0).write(token);
  return bytes;
}

export function refuseTokenInQuery(query: URLSearchParams): void {
  for (const name of query.keys()) {
    if (!TOKEN_PARAMETERS.has(name.toLowerCase())) continue;
    throw refuse(400, 'A token in the address is not accepted; send it as "Authorization: Bearer …"');
  }
}
