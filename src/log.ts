import type { LogFormat } from './config.ts';

/** Takes one line for the operator; `facts` take its place where machines read the log. */
export type Log = (line: string, facts?: LogFacts) => void;

export interface LogFacts {
  /** What the line is about: `http` for a request that was answered. */
  readonly kind: string;
  readonly [fact: string]: unknown;
}

export interface LogWriter {
  readonly log: Log;
  /** Writes what still waits for the turn of the event loop to end. */
  flush(): void;
}

/**
 * As text a line is what was said; as JSON it is one object, whatever was said, line breaks and all. Requests, of which
 * there may be thousands a second, are written in one piece a turn of the event loop; anything else at once, after them.
 *
 * @param now unix milliseconds
 */
export function openLog(write: (text: string) => void, format: LogFormat, now: () => number): LogWriter {
  let waiting = '';
  const flush = (): void => {
    const text = waiting;
    waiting = '';
    if (text !== '') write(text);
  };
  const textOf = (message: string, facts: LogFacts = { kind: 'log', message }): string =>
    format === 'text'
      ? `sora-mcp: ${message}\n`
      : `${JSON.stringify({ time: new Date(now()).toISOString(), ...facts })}\n`;
  const log: Log = (line, facts) => {
    if (waiting === '' && facts?.kind === 'http') setImmediate(flush);
    waiting += textOf(line, facts);
    if (facts?.kind !== 'http') flush();
  };
  return { log, flush };
}
