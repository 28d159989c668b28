import type { Screen } from './session.ts';

interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
}

/** A screen on a terminal, or on a file or pipe, where a line that is still changing is not printed. */
export function terminal(output: Output): Screen {
  let unfinished = false;
  const clear = (): void => {
    if (unfinished) output.write('\r\u001b[2K');
    unfinished = false;
  };
  return {
    line: (text) => {
      clear();
      output.write(`${text}\n`);
    },
    redraw: (text) => {
      if (text.endsWith('\n')) {
        clear();
        output.write(text);
      } else if (output.isTTY) {
        clear();
        output.write(text);
        unfinished = true;
      }
    },
  };
}
