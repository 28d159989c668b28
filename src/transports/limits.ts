/** What one HTTP server gives away at most. Times are milliseconds, sizes bytes. */
export interface HttpLimits {
  /** A request body. @default 1 MiB */
  readonly bodyBytes: number;
  /** Messages in one JSON-RPC batch. @default 20 */
  readonly batch: number;
  /** Values in one body, counted before it is parsed. @default 10_000 */
  readonly elements: number;
  /** Nesting of one body. @default 64 */
  readonly depth: number;
  /** All headers of a request together. @default 16 KiB */
  readonly headerBytes: number;
  /** Open 2025 sessions, and open SSE connections, of one token. @default 64 */
  readonly sessions: number;
  /** Open event streams of one token. @default 64 */
  readonly streams: number;
  /** Downloads of one token at a time. @default 16 */
  readonly downloads: number;
  /** Unanswered requests of one token. @default 256 */
  readonly running: number;
  /** JSON-RPC messages and other requests of one token. @default 1_200 */
  readonly requestsPerMinute: number;
  /** Requests from one address that show no valid token. @default 120 */
  readonly strangerRequestsPerMinute: number;
  /** Until a request's headers are complete. @default 10_000 */
  readonly headersMs: number;
  /** Until a whole request has arrived. @default 30_000 */
  readonly requestMs: number;
  /** A session without a request or an open stream is closed after this. @default 1_800_000 */
  readonly idleSessionMs: number;
  /** What a slow reader may leave unread before it is cut off. @default 1 MiB */
  readonly unreadBytes: number;
  /** A download that does not move is cut off after this. @default 30_000 */
  readonly stallMs: number;
  /** Between the comments that keep an event stream open. @default 15_000 */
  readonly keepAliveMs: number;
  /** What running requests are given at the end. @default 5_000 */
  readonly drainMs: number;
  /** Open connections. @default 4_096 */
  readonly connections: number;
  /** Connections that have not yet shown a token; the oldest goes when there are more. @default 512 */
  readonly strangerConnections: number;
  /** How long a signed link to a file lives. @default 900_000 */
  readonly linkMs: number;
}

export const DEFAULT_LIMITS: HttpLimits = {
  bodyBytes: 1024 * 1024,
  batch: 20,
  elements: 10_000,
  depth: 64,
  headerBytes: 16 * 1024,
  sessions: 64,
  streams: 64,
  downloads: 16,
  running: 256,
  requestsPerMinute: 1_200,
  strangerRequestsPerMinute: 120,
  headersMs: 10_000,
  requestMs: 30_000,
  idleSessionMs: 30 * 60_000,
  unreadBytes: 1024 * 1024,
  stallMs: 30_000,
  keepAliveMs: 15_000,
  drainMs: 5_000,
  connections: 4_096,
  strangerConnections: 512,
  linkMs: 15 * 60_000,
};
