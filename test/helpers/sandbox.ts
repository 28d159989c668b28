import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts';

/** A clock that stands still until it is moved. */
export interface ManualClock {
  (): number;
  advance(ms: number): void;
}

export function manualClock(start = Date.UTC(2026, 10, 22, 12)): ManualClock {
  let now = start;
  return Object.assign(() => now, {
    advance: (ms: number) => {
      now += ms;
    },
  });
}

export const TEST_KEY = 'sk-test-key-0123456789';

/** A sandbox in memory on a clock that tests move; jobs take 1000 ms of it. */
export interface TestSandbox extends Sandbox {
  readonly clock: ManualClock;
  /** Fetches a path of this sandbox with a key; `body` is sent as JSON unless it is a form. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** The same, read as JSON. */
  json(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at whatever came
  readonly body: any;
}

export async function startTestSandbox(options: SandboxOptions = {}): Promise<TestSandbox> {
  const clock = manualClock();
  const sandbox = await startSandbox({ clock, jobMs: 1_000, ...options });
  const call: TestSandbox['call'] = (method, path, body, headers) =>
    fetch(new URL(path, sandbox.origin), {
      method,
      headers: {
        authorization: `Bearer ${TEST_KEY}`,
        ...(body === undefined || body instanceof FormData ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
    });
  return {
    ...sandbox,
    clock,
    call,
    json: async (...request) => {
      const response = await call(...request);
      return { status: response.status, headers: response.headers, body: await response.json() };
    },
  };
}
