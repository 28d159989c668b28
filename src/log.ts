import type { LogFormat } from './config.ts';

/** Takes one line for the operator; `facts` take its place where machines read the log. */
export type Log = (line: string, facts?: LogFacts) => void;

export interface LogFacts {
  /** What the line is about: `http` for a request that was answered. */
  readonly kind: string;
  readonly [fact: string]: unknown;
}

/**
 * As text a line is what was said; as JSON it is one object, whatever was said, line breaks and all.
 *
 * @param now unix milliseconds
 */
export function writeLog(write: (text: string) => void, format: LogFormat, now: () => number): Log {
  if (format === 'text') return (line) => write(`sora-mcp: ${line}\n`);
  return (message, facts = { kind: 'log', message }) => {
    write(`${JSON.stringify({ time: new Date(now()).toISOString(), ...facts })}\n`);
  };
}
