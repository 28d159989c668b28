import { parseArgs } from 'node:util';
import { nearest } from './domain/text.ts';

/** What the process was asked to do. */
export type Command =
  | { readonly name: 'stdio' }
  | {
      readonly name: 'http';
      /** Address to listen on. Default `127.0.0.1`. */
      readonly host: string;
      /** 0 to 65535; 0: any free one. Default 3333. */
      readonly port: number;
    }
  /** `subject` is absent for the plain demo. */
  | { readonly name: 'demo'; readonly subject?: 'storyboard' | undefined }
  | { readonly name: 'doctor'; readonly json: boolean }
  | { readonly name: 'config' }
  | { readonly name: 'tokens' }
  | { readonly name: 'help' }
  | { readonly name: 'version' };

export type LogFormat = 'text' | 'json';

export interface CommandLine {
  readonly command: Command;
  /** Default `text`. */
  readonly logFormat: LogFormat;
}

export const USAGE = `sora-mcp: an MCP server that makes AI video

usage:
  sora-mcp                            serve MCP over stdio
  sora-mcp http [--host H] [--port P] serve MCP over HTTP and SSE (127.0.0.1, 3333)
  sora-mcp demo [storyboard]          make a video, or a short film, through a real client
  sora-mcp doctor [--json]            check each backend; exit code 1 if none is usable
  sora-mcp config --print-schema      print the JSON Schema of the SORA_CONFIG file
  sora-mcp tokens                     print what the tools cost a conversation
  --log-format text|json   --help   --version

environment (with none of it: the built-in sandbox):
  SORA_BASE_URL, SORA_API_KEY         one gateway, one key, both routes
  SORA_REVERSE_BASE_URL, SORA_REVERSE_API_KEY, SORA_REVERSE_DIALECT (seed)
  SORA_FORWARDING_BASE_URL, SORA_FORWARDING_API_KEY, SORA_FORWARDING_DIALECT (openai)
  SORA_CONFIG                         JSON file with any number of backends
  SORA_DATA_DIR, SORA_INPUT_DIRS, SORA_PROJECT
  SORA_BUDGET_USD_DAY, SORA_BUDGET_USD_MONTH, SORA_MAX_USD_PER_VIDEO, SORA_CONFIRM_USD
  SORA_HTTP_TOKEN, SORA_HTTP_ALLOWED_HOSTS, SORA_HTTP_PUBLIC_URL, SORA_FETCH_HOSTS
`;

const OPTIONS = {
  host: { type: 'string' },
  port: { type: 'string' },
  json: { type: 'boolean' },
  'print-schema': { type: 'boolean' },
  'log-format': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

type Flag = keyof typeof OPTIONS;

const COMMANDS: Readonly<Record<string, readonly Flag[]>> = {
  stdio: [],
  http: ['host', 'port'],
  demo: [],
  doctor: ['json'],
  config: ['print-schema'],
  tokens: [],
};

/** Reads the arguments (without the program itself). On anything unknown: sentences that say what would be right. */
export function parseCommand(argv: readonly string[]): CommandLine | { readonly wrong: readonly string[] } {
  // How every client starts it; Node's parser would be loaded for nothing.
  if (argv.length === 0) return { command: { name: 'stdio' }, logFormat: 'text' };
  const { values, positionals, tokens } = parseArgs({
    args: [...argv],
    options: OPTIONS,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const flags = tokens.flatMap((token) => (token.kind === 'option' ? [token] : []));
  const text = (flag: Flag) => (typeof values[flag] === 'string' ? values[flag] : undefined);
  const wrong: string[] = [];
  const [name = 'stdio', subject, ...rest] = positionals;
  const allowed = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (allowed === undefined) {
    const [near] = nearest(name, Object.keys(COMMANDS), 1);
    wrong.push(`unknown command ${JSON.stringify(name)}${near ? `: did you mean ${near}?` : ''}`);
  }
  for (const { name: flag, rawName, value } of flags) {
    if (!Object.hasOwn(OPTIONS, flag)) {
      const [near] = nearest(flag, Object.keys(OPTIONS), 1);
      wrong.push(`unknown option ${rawName}${near ? `: did you mean --${near}?` : ''}`);
      continue;
    }
    const { type } = OPTIONS[flag as Flag];
    if (type === 'string' && (value === undefined || value === '')) wrong.push(`${rawName} needs a value`);
    if (type === 'boolean' && value !== undefined) wrong.push(`${rawName} takes no value`);
    const everywhere = flag === 'help' || flag === 'version' || flag === 'log-format';
    if (allowed && !everywhere && !allowed.includes(flag as Flag)) {
      const owners = Object.keys(COMMANDS).filter((each) => COMMANDS[each]?.includes(flag as Flag));
      wrong.push(`${rawName} belongs to ${owners.join(', ')}, not to ${name}`);
    }
  }
  const extra = name === 'demo' && subject === 'storyboard' ? rest : positionals.slice(1);
  if (allowed && extra.length > 0) wrong.push(`unexpected argument ${JSON.stringify(extra[0])}`);
  const logFormat = text('log-format') ?? 'text';
  if (logFormat !== 'text' && logFormat !== 'json') wrong.push('--log-format is text or json');
  if (wrong.length > 0) return { wrong };
  const command = commandOf(name, subject, values.help === true, values.version === true, text, values);
  return typeof command === 'string' ? { wrong: [command] } : { command, logFormat: logFormat as LogFormat };
}

function commandOf(
  name: string,
  subject: string | undefined,
  help: boolean,
  version: boolean,
  text: (flag: Flag) => string | undefined,
  values: Readonly<Record<string, unknown>>,
): Command | string {
  if (help) return { name: 'help' };
  if (version) return { name: 'version' };
  switch (name) {
    case 'http': {
      const port = text('port') ?? '3333';
      if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) return `--port is a number from 0 to 65535, not ${port}`;
      return { name: 'http', host: text('host') ?? '127.0.0.1', port: Number(port) };
    }
    case 'demo':
      return subject === 'storyboard' ? { name: 'demo', subject } : { name: 'demo' };
    case 'doctor':
      return { name: 'doctor', json: values.json === true };
    case 'config':
      return values['print-schema'] === true ? { name: 'config' } : 'config needs --print-schema';
    case 'tokens':
      return { name: 'tokens' };
    default:
      return { name: 'stdio' };
  }
}
