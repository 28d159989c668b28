import type { Screen } from './session.ts';

interface Output {
  write(text: string): unknown;
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
  readonly isTTY?: boolean | undefined;
}

/** A screen on a terminal, or on a file or pipe, where what is still changing is not printed. */
export function terminal(output: Output): Screen {
  const closing = new AbortController();
  // `| head` has read enough: what follows has no reader, and that is no failure.
  output.on('error', () => closing.abort());
  let unfinished = 0;
  const write = (text: string): void => {
    if (!closing.signal.aborted) output.write(text);
  };
  const clear = (): void => {
    // To the first of the unfinished lines, and everything below it away.
    if (unfinished > 0) write(`${unfinished > 1 ? `\u001b[${unfinished - 1}A` : ''}\r\u001b[J`);
    unfinished = 0;
  };
  return {
    closed: closing.signal,
    line: (text) => {
      clear();
      write(`${text}\n`);
    },
    redraw: (text) => {
      if (text.endsWith('\n')) {
        clear();
        write(text);
      } else if (output.isTTY) {
        clear();
        write(text);
        unfinished = text.split('\n').length;
      }
    },
  };
}
