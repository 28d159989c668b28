import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  createRequestStateCodec,
  inputRequired,
  inputResponse,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server';
import * as z from 'zod/v4';

/** What travels with a question and comes back with its answer, sealed. */
interface State {
  readonly round: number;
}

export const stateCodec = createRequestStateCodec<State>({ key: 'a key for tests only, 32 bytes long' });

const say = (words: string) => ({ content: [{ type: 'text' as const, text: words }] });
const named = z.object({ name: z.string() });
const ask = <Schema extends z.ZodObject>(message: string, requestedSchema: Schema) =>
  inputRequired.elicit({ message, requestedSchema });
const sample = (text: string, maxTokens: number) =>
  inputRequired.createMessage({ messages: [{ role: 'user', content: { type: 'text', text } }], maxTokens });

/** The tools and the prompt of the suite whose result is a question. */
export function registerInputTools(server: McpServer): void {
  const tool = (name: string, handler: (ctx: ServerContext) => unknown) =>
    server.registerTool(`test_input_required_result_${name}`, { description: `Asks: ${name}` }, handler as never);

  tool('elicitation', (ctx) => {
    const answer = acceptedContent(ctx.mcpReq.inputResponses, 'user_name', named);
    if (answer !== undefined) return say(`Hello, ${answer.name}!`);
    return inputRequired({ inputRequests: { user_name: ask('What is your name?', named) } });
  });
  tool('sampling', (ctx) => {
    const answer = inputResponse(ctx.mcpReq.inputResponses, 'capital_question');
    if (answer.kind === 'sampling') return say(JSON.stringify(answer.result.content));
    return inputRequired({ inputRequests: { capital_question: sample('What is the capital of France?', 100) } });
  });
  tool('list_roots', (ctx) => {
    const answer = inputResponse(ctx.mcpReq.inputResponses, 'client_roots');
    if (answer.kind === 'roots') return say(`Roots: ${answer.roots.map(({ uri }) => uri).join(', ')}`);
    return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
  });
  const confirmed = z.object({ ok: z.boolean() });
  for (const name of ['request_state', 'tampered_state']) {
    tool(name, async (ctx) => {
      const answer = acceptedContent(ctx.mcpReq.inputResponses, 'confirm', confirmed);
      if (answer !== undefined && ctx.mcpReq.requestState<State>()?.round === 1) return say('state-ok');
      const requestState = await stateCodec.mint({ round: 1 });
      return inputRequired({ inputRequests: { confirm: ask('Please confirm', confirmed) }, requestState });
    });
  }
  tool('multiple_inputs', async (ctx) => {
    const responses = ctx.mcpReq.inputResponses;
    const name = acceptedContent(responses, 'user_name', named)?.name;
    const greeting = inputResponse(responses, 'greeting');
    const roots = inputResponse(responses, 'client_roots');
    if (name !== undefined && greeting.kind === 'sampling' && roots.kind === 'roots') return say(`All there, ${name}.`);
    const inputRequests = {
      user_name: ask('What is your name?', named),
      greeting: sample('Generate a greeting', 50),
      client_roots: inputRequired.listRoots(),
    };
    return inputRequired({ inputRequests, requestState: await stateCodec.mint({ round: 1 }) });
  });
  const coloured = z.object({ color: z.string() });
  tool('multi_round', async (ctx) => {
    const responses = ctx.mcpReq.inputResponses;
    const round = ctx.mcpReq.requestState<State>()?.round ?? 0;
    const color = acceptedContent(responses, 'step2', coloured)?.color;
    if (round === 2 && color !== undefined) return say(`It is ${color}.`);
    const second = round === 1 && acceptedContent(responses, 'step1', named) !== undefined;
    const requestState = await stateCodec.mint({ round: second ? 2 : 1 });
    if (second) {
      return inputRequired({
        inputRequests: { step2: ask('Step 2: What is your favorite color?', coloured) },
        requestState,
      });
    }
    return inputRequired({ inputRequests: { step1: ask('Step 1: What is your name?', named) }, requestState });
  });
  tool('capabilities', (ctx) => {
    const envelope = ctx.mcpReq.envelope as { [key: string]: ClientCapabilities } | undefined;
    const can = envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? {};
    const inputRequests = {
      ...(can.elicitation !== undefined && { user_name: ask('What is your name?', named) }),
      ...(can.sampling !== undefined && { greeting: sample('Generate a greeting', 50) }),
    };
    return Object.keys(inputRequests).length === 0 ? say('Nothing can be asked.') : inputRequired({ inputRequests });
  });
  const context = z.object({ context: z.string() });
  server.registerPrompt('test_input_required_result_prompt', { description: 'Asks first' }, (ctx) => {
    const answer = acceptedContent(ctx.mcpReq.inputResponses, 'user_context', context);
    if (answer === undefined) {
      return inputRequired({ inputRequests: { user_context: ask('What context should the prompt use?', context) } });
    }
    return { messages: [{ role: 'user', content: { type: 'text', text: `In the context of ${answer.context}.` } }] };
  });
}
