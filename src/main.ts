import { fileURLToPath } from 'node:url';
import { type Config, configPath, DIALECT_NAMES, describeProblems, loadConfig, USAGE } from './config.ts';
import type { LogFormat } from './config-command.ts';
import { type Log, openLog } from './log.ts';

declare const __VERSION__: string;
const VERSION = typeof __VERSION__ === 'string' ? __VERSION__ : '0.0.0-dev';

declare const keepCode: (() => void) | undefined;
/** Given by dist/main.js at a start whose code V8 had to make. */
const KEEP_CODE = typeof keepCode === 'function' ? keepCode : undefined;

/** A mistake in the configuration; the same code as a shell gives for wrong usage. */
const EXIT_USAGE = 2;

/** What runs at the end is given so long. The client that started a server over stdio kills it not much later. */
const STDIO_END_MS = 2_800;
const HTTP_END_MS = 5_000;

/** A client that starts its server early may be slow to speak; its first answer must not wait for the store. */
const SILENCE_MS = 5_000;

let log: Log;

void main();

async function main(): Promise<void> {
  const place = { env: process.env, platform: process.platform, home: await homeFolder(), cwd: process.cwd() };
  const path = configPath(place);
  const loaded = await loadConfig({
    ...place,
    argv: process.argv.slice(2),
    now: Date.now(),
    file: path === undefined ? undefined : await readText(path),
    dialectIssues: async (document, route) =>
      (await import('./backends/dialects/catalog.ts')).inlineDialectIssues(document, route),
  });
  useFormat(loaded.ok ? loaded.config.logFormat : askedFormat(process.argv));
  if (!loaded.ok) {
    const { problems, usage } = loaded;
    const text = `configuration:\n${describeProblems(problems)}${usage ? `\n${USAGE.trimEnd()}` : ''}`;
    log(text, { kind: 'configuration', message: 'the configuration is wrong', problems });
    process.exitCode = EXIT_USAGE;
    return;
  }
  await run(loaded.config);
}

/** Node's own module for it, which costs a start something, looks at the variable first as well. */
async function homeFolder(): Promise<string> {
  const { HOME } = process.env;
  if (HOME && process.platform !== 'win32') return HOME;
  const { homedir } = await import('node:os');
  return homedir();
}

async function run(config: Config): Promise<void> {
  for (const note of config.notes) log(note);
  // Whoever reads the output may have seen enough (`| head`).
  if (config.command.name !== 'stdio') process.stdout.on('error', () => process.exit());
  const { command } = config;
  switch (command.name) {
    case 'help':
      process.stdout.write(USAGE);
      return;
    case 'version':
      process.stdout.write(`${VERSION}\n`);
      return;
    case 'stdio':
      return await serveOverStdio(config);
    case 'http':
      return await serveOverHttp(config);
    case 'demo':
      return await demo(command.subject);
    case 'doctor':
      return await doctor(config, command.json);
    case 'config':
      return await printSchema();
    case 'tokens':
      return await printTokens();
    default:
      command satisfies never;
  }
}

async function serveOverStdio(config: Config): Promise<void> {
  const [{ createMcpServer }, { serveStdioTransport, endWaits }] = await Promise.all([
    import('./mcp/server.ts'),
    import('./transports/stdio.ts'),
  ]);
  const { appFor } = await import('./running.ts');
  const running = appFor(config, { log, version: VERSION, beforeOpening: KEEP_CODE });
  const ending = new AbortController();
  const left = countdown(STDIO_END_MS);
  const connection = serveStdioTransport({
    stdin: process.stdin,
    stdout: process.stdout,
    log,
    factory: () => {
      // Counted from when what the client says now is answered, as most of it is within this turn.
      setImmediate(() => running.trackSoon());
      return createMcpServer({
        facts: running.facts,
        services: async () => endWaits(await running.services('local'), ending.signal),
        log,
      });
    },
    onEnding: () => {
      left();
      ending.abort();
      running.untrack();
    },
    onClose: () => void leave(running.close, left()),
  });
  onSignal(() => connection.close());
  running.trackSoon(SILENCE_MS);
}

/** Ends the process once everything is put away; nothing can stretch it much beyond the patience with creates. */
async function leave(close: (patienceMs: number) => Promise<void>, patienceMs: number): Promise<void> {
  setTimeout(() => process.exit(0), Math.max(1_500, patienceMs + 700)).unref();
  await close(patienceMs).catch((error: unknown) =>
    log(`closing: ${error instanceof Error ? error.message : String(error)}`),
  );
  process.exit(0);
}

/** Tells how much is left, in milliseconds, of the time that begins when it is first asked. */
function countdown(ms: number): () => number {
  let end: number | undefined;
  return () => {
    end ??= performance.now() + ms;
    return Math.max(0, end - performance.now());
  };
}

async function serveOverHttp(config: Config): Promise<void> {
  if (config.command.name !== 'http') return;
  const [{ startHttp }, { appFor }] = await Promise.all([import('./http-server.ts'), import('./running.ts')]);
  const running = appFor(config, { log, version: VERSION });
  try {
    const server = await startHttp(config, config.command, running, log);
    running.trackSoon();
    const left = countdown(HTTP_END_MS);
    const end = async (): Promise<void> => {
      left();
      running.untrack();
      await server.close();
      await leave(running.close, left());
    };
    onSignal(end);
  } catch (error) {
    const { hint } = error as { hint?: string };
    log(`http: ${error instanceof Error ? error.message : String(error)}${hint ? `. ${hint}` : ''}`);
    process.exitCode = 1;
  }
}

/** Once for all signals: npm and an impatient Ctrl-C send several, and a further one would cut short what still runs. */
function onSignal(end: () => Promise<void>): void {
  let ending = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (!ending) void end();
      ending = true;
    });
  }
}

async function demo(subject: 'storyboard' | undefined): Promise<void> {
  const [{ terminal }, { runDemo, runStoryboardDemo }] = await Promise.all([
    import('./cli/terminal.ts'),
    import('./cli/demo.ts'),
  ]);
  const run = subject === 'storyboard' ? runStoryboardDemo : runDemo;
  const screen = terminal(process.stdout);
  const env = Object.fromEntries(
    // The demo is free by definition: whatever backends are configured stay out of it.
    Object.entries(process.env).filter(
      ([name, value]) => value !== undefined && (!name.startsWith('SORA_') || name === 'SORA_DATA_DIR'),
    ),
  ) as Record<string, string>;
  try {
    const args = [fileURLToPath(import.meta.url)];
    await run({ command: process.execPath, args, env, screen, version: VERSION });
  } catch (error) {
    // Whoever closed the pipe has seen enough.
    if (screen.closed.aborted) return;
    log(`demo: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

async function doctor(config: Config, json: boolean): Promise<void> {
  const [{ withBackends, dataDirProblem }, { examine }, { terminal }] = await Promise.all([
    import('./app.ts'),
    import('./cli/doctor.ts'),
    import('./cli/terminal.ts'),
  ]);
  const usable = await withBackends(config, (backends) => examine(backends, terminal(process.stdout), json));
  const problem = dataDirProblem(config.dataDir);
  if (problem) log(`data directory: ${problem}`);
  process.exitCode = usable && !problem ? 0 : 1;
}

async function printSchema(): Promise<void> {
  const [{ configFileJsonSchema }, { inlineDialectSchema }] = await Promise.all([
    import('./config-file.ts'),
    import('./backends/dialects/schema.ts'),
  ]);
  const schema = configFileJsonSchema(inlineDialectSchema(Object.values(DIALECT_NAMES).flat()));
  process.stdout.write(`${JSON.stringify(schema, null, 2)}\n`);
}

async function printTokens(): Promise<void> {
  const { FIRST_SIX, toolBytes } = await import('./mcp/tokens.ts');
  const { tools, total } = toolBytes();
  const six = toolBytes(FIRST_SIX).total;
  const rows = [
    ...tools.map(({ name, bytes }) => [name, bytes] as const),
    ['the six', six] as const,
    ['tools/list', total] as const,
  ];
  for (const [name, bytes] of rows) process.stdout.write(`${name.padEnd(20)} ${String(bytes).padStart(6)} bytes\n`);
}

async function readText(path: string): Promise<{ text: string } | { error: string }> {
  try {
    // Few have a file, and every start would pay for Node's module.
    const { readFile } = await import('node:fs/promises');
    return { text: await readFile(path, 'utf8') };
  } catch (error) {
    return { error: (error as NodeJS.ErrnoException).code ?? String(error) };
  }
}

/** Where the arguments are wrong, nobody has read this one. */
function askedFormat(argv: readonly string[]): LogFormat {
  return /--log-format[= ]json\b/.test(argv.join(' ')) ? 'json' : 'text';
}

function writeToStderr(text: string): void {
  // Whoever read the log may have gone; that ends no server.
  if (process.stderr.listenerCount('error') === 0) process.stderr.on('error', () => {});
  process.stderr.write(text);
}

function useFormat(format: LogFormat): void {
  const writer = openLog(writeToStderr, format, Date.now);
  log = writer.log;
  process.on('exit', writer.flush);
  if (format === 'text') return;
  // Node's own lines would be text.
  process.removeAllListeners('warning').on('warning', ({ name, message }) => log(`${name}: ${message}`));
  process.on('uncaughtException', (error) => {
    log(error.stack ?? error.message);
    process.exit(1);
  });
}
