import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { breaches } from './imports-rules.ts';

const ROOT = fileURLToPath(new URL('../../src', import.meta.url));
const files = readdirSync(ROOT, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));

test('there is something to check', () => {
  expect(files.length).toBeGreaterThan(20);
  expect(files).toContain('domain/errors.ts');
});

test.each(files)('%s keeps the directions', (file) => {
  expect(breaches(file, readFileSync(join(ROOT, file), 'utf8'))).toEqual([]);
});

describe('the rules', () => {
  test.each<[string, string, RegExp]>([
    ['domain/task.ts', "import { x } from '../store/tasks.ts';", /domain may not import store/],
    ['domain/task.ts', "import type { x } from '../backends/backend.ts';", /domain may not import backends/],
    ['domain/task.ts', "export { x } from '../routing/router.ts';", /domain may not import routing/],
    ['backends/forwarding.ts', "import { x } from '../store/tasks.ts';", /backends may not import store/],
    ['routing/router.ts', "import { x } from '../services/services.ts';", /routing may not import services/],
    ['store/tasks.ts', "import { x } from '../backends/backend.ts';", /store may not import backends/],
    ['services/tasks.ts', "import { x } from '../mcp/tool.ts';", /services may not import mcp/],
    [
      'services/tasks.ts',
      "import { x } from '@modelcontextprotocol/server';",
      /services may not import @modelcontextprotocol/,
    ],
    [
      'services/tasks.ts',
      "import type { x } from '@modelcontextprotocol/server';",
      /services may not import @modelcontextprotocol/,
    ],
    ['mcp/tools/get-task.ts', "import { x } from '../../store/tasks.ts';", /mcp may not import store/],
    ['mcp/tool.ts', "const x = await import('../backends/http.ts');", /mcp may not import backends/],
    ['mcp/tool.ts', "import { x } from '../transports/http.ts';", /mcp may not import transports/],
    ['transports/http.ts', "import { x } from '../app.ts';", /transports may not import app/],
    ['transports/http.ts', "import { x } from '../store/tasks.ts';", /transports may not import store/],
    ['app.ts', "import { x } from './main.ts';", /app may not import main/],
    ['config.ts', "import { x } from './app.ts';", /config may not import app/],
    ['sandbox/server.ts', "import { x } from '../services/services.ts';", /sandbox may not import services/],
    ['domain/x.ts', "import {\n  a,\n  b,\n} from '../mcp/tool.ts';", /domain may not import mcp/],
    ['domain/x.ts', "import x from '../domain/y';", /\.ts ending/],
    ['services/x.ts', 'if (process.env.X) y();', /line 1: only main\.ts touches process/],
    ['config.ts', '\n  const cwd = process.cwd();', /line 2: only main\.ts touches process/],
    ['services/x.ts', "import process from 'node:process';", /only main\.ts touches process/],
    ['backends/forwarding.ts', "import { request } from 'undici';", /undici belongs to backends\/http\.ts/],
    ['services/x.ts', "import { createServer } from 'node:http';", /node:http belongs to/],
    ['store/x.ts', "import net from 'node:net';", /node:net belongs to/],
    ['services/x.ts', "const x = require('http');", /http belongs to/],
    ['services/x.ts', "const a = await fetch('https://x');", /fetch/],
    ['services/x.ts', "import Database from 'better-sqlite3';", /better-sqlite3 belongs to/],
    ['services/x.ts', 'console.log(1);', /console\.log/],
    ['services/x.ts', 'x();\n'.repeat(301), /301 lines/],
  ])('%s: %j breaks them', (file, source, message) => {
    expect(breaches(file, source).join('\n')).toMatch(message);
  });

  test.each<[string, string]>([
    ['services/tasks.ts', "import type { x } from '../store/tasks.ts';\nimport { y } from '../routing/router.ts';"],
    ['mcp/tool.ts', "import { x } from '../services/services.ts';\nimport { z } from 'zod';"],
    ['mcp/tool.ts', "import { x } from '../domain/errors.ts';\nimport { y } from '@modelcontextprotocol/server';"],
    ['main.ts', 'process.exit(2);'],
    ['backends/http.ts', "import { Agent } from 'undici';\nimport dns from 'node:dns';"],
    ['transports/http.ts', "import { createServer } from 'node:http';"],
    ['sandbox/server.ts', "import { createServer } from 'node:http';\nimport Database from 'better-sqlite3';"],
    ['store/database.ts', "import Database from 'better-sqlite3';"],
    ['app.ts', "import { x } from './transports/stdio.ts';\nimport { y } from './store/database.ts';"],
    ['cli/demo.ts', "import { x } from '../app.ts';"],
    ['services/x.ts', '// the process. Or a console.log in a comment\nconst subprocess = { processed: 1 };'],
    ['services/x.ts', 'const words = \'no import from "../mcp/tool.ts" here, console.log(1) nor process.env\';'],
    ['services/x.ts', 'x();\n'.repeat(300)],
  ])('%s: %j keeps them', (file, source) => {
    expect(breaches(file, source)).toEqual([]);
  });
});
