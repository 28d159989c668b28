import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import { terminal } from '../../src/cli/terminal.ts';

function output(isTTY: boolean) {
  let written = '';
  const events = new EventEmitter();
  const write = (text: string) => {
    written += text;
  };
  const on = (event: 'error', listener: (error: NodeJS.ErrnoException) => void) => events.on(event, listener);
  return { isTTY, write, on, events, written: () => written };
}

describe('a screen', () => {
  test('draws over its unfinished lines on a terminal, however many', () => {
    const out = output(true);
    const screen = terminal(out);
    screen.redraw('a 10%\nb 20%');
    screen.redraw('a 30%\nb 40%');
    screen.redraw('done\n');
    screen.line('end');
    expect(out.written()).toBe('a 10%\nb 20%\u001b[1A\r\u001b[Ja 30%\nb 40%\u001b[1A\r\u001b[Jdone\nend\n');
  });

  test('prints finished lines only where there is none', () => {
    const out = output(false);
    const screen = terminal(out);
    screen.redraw('10%');
    screen.redraw('100%\n');
    screen.line('end');
    expect(out.written()).toBe('100%\nend\n');
  });

  test('falls silent when nobody reads on', () => {
    const out = output(true);
    const screen = terminal(out);
    screen.line('one');
    out.events.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    expect(screen.closed.aborted).toBe(true);
    screen.line('two');
    screen.redraw('three');
    expect(out.written()).toBe('one\n');
  });
});
