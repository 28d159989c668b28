import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server';

/** The first protocol without sessions, in which a server cannot send requests of its own. */
const FIRST_MODERN = '2026-07-28';
const FIRST_WITH_LINKS = '2025-06-18';

interface Envelope {
  readonly [CLIENT_CAPABILITIES_META_KEY]?: ClientCapabilities;
}

/** What the layer needs to know about whoever calls. */
export interface CallerFacts {
  readonly modern: boolean;
  /** Understands `resource_link`; older clients refuse a whole answer that has one. */
  readonly links: boolean;
  /** Can put a question to a person. */
  readonly canBeAsked: boolean;
}

export function callerOf(server: McpServer, ctx: ServerContext): CallerFacts {
  // Protocol versions are dates, so they compare as text. Unknown only where nobody ever said hello.
  const version = server.server.getNegotiatedProtocolVersion() ?? FIRST_WITH_LINKS;
  const modern = version >= FIRST_MODERN;
  const capabilities = modern
    ? (ctx.mcpReq.envelope as Envelope | undefined)?.[CLIENT_CAPABILITIES_META_KEY]
    : server.server.getClientCapabilities();
  return { modern, links: version >= FIRST_WITH_LINKS, canBeAsked: takesForms(capabilities?.elicitation) };
}

/** `{}` means forms, as it did before there were modes. */
function takesForms(elicitation: { readonly form?: unknown; readonly url?: unknown } | undefined): boolean {
  if (elicitation === undefined || elicitation === null) return false;
  return elicitation.form !== undefined || elicitation.url === undefined;
}
