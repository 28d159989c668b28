import type { Client } from '@modelcontextprotocol/client';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SoraError } from '../../src/domain/errors.ts';
import { aReport, type ConnectOptions, call, connectMcp, ERAS, type Era } from '../helpers/mcp.ts';
import { aMoment, until } from '../helpers/promptly.ts';

async function connect(options: ConnectOptions = {}) {
  const connection = await connectMcp(options);
  onTestFinished(() => connection.close());
  return connection;
}

describe('waiting', () => {
  test.each(ERAS)('sends progress that only rises, to a caller that asked for it (%s)', async (era) => {
    const heard: unknown[] = [];
    const connection = await connect({
      era,
      get: async (_id, wait) => {
        for (const progress of [10, 10, 55, 40, 90]) wait?.onProgress?.(aReport({ progress }));
        wait?.onProgress?.(aReport({ state: 'completed', progress: 90 }));
        // A client forgets whose progress it is as soon as it has the answer.
        await until(() => heard.length >= 4);
        return aReport({ state: 'completed' });
      },
    });
    const request = { name: 'get_task', arguments: { task_id: 't', wait_seconds: 30 } };
    const options = { onprogress: (progress: unknown) => heard.push(progress) };
    // The older client has a parameter more.
    if (era === 'v1') await (connection.client as unknown as OlderCall).callTool(request, undefined, options);
    else await connection.client.callTool(request, options);
    expect(heard).toMatchObject([10, 55, 90, 100].map((progress) => ({ progress, total: 100 })));
    expect(heard[0]).toMatchObject({ message: 'task_0123456789abcdefghij in_progress on sandbox-reverse' });
    expect(connection.services.calls.get).toMatchObject([{ reference: 't', waitSeconds: 30 }]);
  });

  test('sends none to a caller that did not', async () => {
    const connection = await connect({
      get: async (_id, wait) => {
        expect(wait?.onProgress).toBeUndefined();
        return aReport();
      },
    });
    expect((await call(connection, 'get_task', { task_id: 't', wait_seconds: 1 })).isError).toBe(false);
  });

  test.each(ERAS)('stops when the caller cancels, without a word in the log (%s)', async (era) => {
    let stopped = false;
    const connection = await connect({
      era,
      get: (_id, _wait, context) =>
        new Promise((_resolve, reject) => {
          context?.signal?.addEventListener('abort', () => {
            stopped = true;
            reject(new SoraError({ code: 'cancelled', message: 'the caller left', cause: new Error('x') }));
          });
        }),
    });
    const caller = new AbortController();
    const request = { name: 'get_task', arguments: { task_id: 't', wait_seconds: 45 } };
    const options = { signal: caller.signal };
    const answer =
      era === 'v1'
        ? (connection.client as unknown as OlderCall).callTool(request, undefined, options)
        : connection.client.callTool(request, options);
    answer.catch(() => {});
    await until(() => connection.services.calls.get?.length === 1);
    caller.abort();
    await expect(answer).rejects.toThrow();
    await until(() => stopped);
    await call(connection, 'list_characters');
    expect(connection.logged).toEqual([]);
  });

  test('stops when the connection closes', async () => {
    let stopped = false;
    const connection = await connect({
      get: (_id, _wait, context) =>
        new Promise((_resolve, reject) => {
          context?.signal?.addEventListener('abort', () => {
            stopped = true;
            reject(new Error('aborted'));
          });
        }),
    });
    const answer = call(connection, 'get_task', { task_id: 't', wait_seconds: 45 }).catch(() => 'gone');
    await until(() => connection.services.calls.get?.length === 1);
    await connection.close();
    expect(await answer).toBe('gone');
    await until(() => stopped);
    await aMoment();
    expect(connection.logged).toEqual([]);
  });
});

interface OlderCall {
  callTool(request: unknown, schema: undefined, options: unknown): Promise<unknown>;
}

type Reply = { action: 'accept' | 'decline' | 'cancel'; content?: Record<string, unknown> };

/** A client whose person gives this reply; it remembers the questions. */
function person(era: Era, reply: () => Reply | Promise<Reply>) {
  const questions: string[] = [];
  const answer = async (request: { params: { message?: unknown } }) => {
    questions.push(String(request.params.message));
    return reply();
  };
  const prepare = (client: Client) => {
    if (era === 'v1') (client as unknown as OlderHandlers).setRequestHandler(ElicitRequestSchema, answer);
    else client.setRequestHandler('elicitation/create', answer as never);
  };
  return { questions, prepare };
}

interface OlderHandlers {
  setRequestHandler(schema: unknown, handler: unknown): void;
}

/** One that knows its answers by its own words. */
const aQuestion = (text: string) => ({ text, mark: text, accepts: (mark: string) => mark === text });

/** A generation that wants a yes, and says what it heard. */
function asking(question = () => 'Spend $2?') {
  const heard: unknown[] = [];
  const generate: ConnectOptions['generate'] = async (_input, context) => {
    if (context?.confirm === undefined) {
      throw new SoraError({ code: 'confirmation_required', message: 'ask', details: { confirm: 'token' } });
    }
    const yes = await context.confirm(aQuestion(question()));
    heard.push(yes);
    if (yes !== true) throw new SoraError({ code: 'confirmation_declined', message: 'no' });
    return aReport();
  };
  return { heard, generate };
}

const FORMS = [{ elicitation: {} }, { elicitation: { form: {} } }];

describe('asking the person', () => {
  const replies: readonly [Reply, unknown, boolean][] = [
    [{ action: 'accept', content: { confirm: true } }, true, false],
    [{ action: 'accept', content: { confirm: false } }, false, true],
    [{ action: 'decline' }, false, true],
    [{ action: 'cancel' }, undefined, true],
  ];
  const cases = ERAS.flatMap((era) => FORMS.flatMap((form) => replies.map((reply) => [era, form, ...reply] as const)));

  test.each(cases)('%s client with %j: %j means %s', async (era, capabilities, reply, meaning, refused) => {
    const { questions, prepare } = person(era, () => reply);
    const { heard, generate } = asking();
    const connection = await connect({ era, capabilities, prepare, generate });
    const answer = await call(connection, 'generate_video', { prompt: 'a' });
    expect(questions).toEqual(['Spend $2?']);
    expect(heard).toEqual([meaning]);
    expect(answer.isError).toBe(refused);
    expect(connection.logged).toEqual([]);
  });

  test.each(
    ERAS.flatMap((era) => [{}, { elicitation: { url: {} } }].map((capabilities) => [era, capabilities] as const)),
  )('%s client with %j cannot be asked, and is refused', async (era, capabilities) => {
    const { generate } = asking();
    const connection = await connect({ era, capabilities, generate });
    const answer = await call(connection, 'generate_video', { prompt: 'a' });
    expect(answer.error).toMatchObject({ code: 'confirmation_required', confirm: 'token' });
  });

  test('a yes to another question does not count (2026)', async () => {
    let price = 1;
    const { questions, prepare } = person('2026', () => ({ action: 'accept', content: { confirm: true } }));
    // The price rises once, between question and answer.
    const { heard, generate } = asking(() => `Spend $${price < 3 ? price++ : price}?`);
    const connection = await connect({ era: '2026', capabilities: { elicitation: {} }, prepare, generate });
    await call(connection, 'generate_video', { prompt: 'a' });
    expect(questions).toEqual(['Spend $1?', 'Spend $2?', 'Spend $3?']);
    expect(heard).toEqual([true]);
  });

  test('a service that wraps the interruption still gets its question asked (2026)', async () => {
    const { questions, prepare } = person('2026', () => ({ action: 'decline' }));
    const generate: ConnectOptions['generate'] = async (_input, context) => {
      const yes = await context?.confirm?.(aQuestion('Spend $2?')).catch(() => {
        throw new Error('something went wrong');
      });
      throw new SoraError({ code: 'confirmation_declined', message: String(yes) });
    };
    const connection = await connect({ era: '2026', capabilities: { elicitation: {} }, prepare, generate });
    const answer = await call(connection, 'generate_video', { prompt: 'a' });
    expect(questions).toEqual(['Spend $2?']);
    expect(answer.error).toMatchObject({ code: 'confirmation_declined', message: 'false' });
  });

  test.each(['2025', 'v1'] as const)('a client that fails to ask counts as no answer (%s)', async (era) => {
    const { prepare } = person(era, () => Promise.reject(new Error('no window')));
    const { heard, generate } = asking();
    const connection = await connect({ era, capabilities: { elicitation: {} }, prepare, generate });
    expect((await call(connection, 'generate_video', { prompt: 'a' })).isError).toBe(true);
    expect(heard).toEqual([undefined]);
  });
});
