import {
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { Question, RequestContext } from '../services/services.ts';
import type { CallerFacts } from './client.ts';

const KEY = 'confirm';
/** No call blocks longer than this, and most clients give up at 60 s. */
const ANSWER_WITHIN_MS = 45_000;

const FORM = {
  type: 'object' as const,
  properties: { confirm: { type: 'boolean' as const, title: 'Yes, go on' } },
  required: ['confirm'],
};

/** Ends a handler whose question travels back as the result of its call; thrown and caught by this layer only. */
class QuestionPending extends Error {
  override readonly name = 'QuestionPending';
}

/** The way to ask the person behind one call, in whichever form the caller's protocol has. */
export interface Confirmation {
  /** Absent when the caller cannot be asked. */
  readonly confirm: RequestContext['confirm'];
  /** The question to send back when the handler ended without an answer to it. */
  pending(): InputRequiredResult | undefined;
}

export function confirmationFor(ctx: ServerContext, caller: CallerFacts): Confirmation {
  if (!caller.canBeAsked) return { confirm: undefined, pending: () => undefined };
  return caller.modern ? askByResult(ctx) : askByRequest(ctx);
}

/** Up to 2025: the server asks while the call is open. */
function askByRequest(ctx: ServerContext): Confirmation {
  const confirm = async ({ text }: Question): Promise<boolean | undefined> => {
    try {
      const answer = await ctx.mcpReq.elicitInput(
        { mode: 'form', message: text, requestedSchema: FORM },
        // Without the related id the question would go to a stream that an HTTP client may not have open.
        { timeout: ANSWER_WITHIN_MS, signal: ctx.mcpReq.signal, relatedRequestId: ctx.mcpReq.id },
      );
      return meaning(answer.action, answer.content);
    } catch {
      return undefined;
    }
  };
  return { confirm, pending: () => undefined };
}

/** From 2026: the call ends with the question, and comes again with the answer. */
function askByResult(ctx: ServerContext): Confirmation {
  let open: Question | undefined;
  const confirm = async (question: Question): Promise<boolean | undefined> => {
    const answer = inputResponse(ctx.mcpReq.inputResponses, KEY);
    const state = ctx.mcpReq.requestState();
    // An answer to another question (the price has changed), or one that was given before, does not count.
    if (answer.kind === 'elicit' && typeof state === 'string' && question.accepts(state)) {
      return meaning(answer.action, answer.content);
    }
    open = question;
    throw new QuestionPending(question.text);
  };
  const pending = (): InputRequiredResult | undefined => {
    if (open === undefined) return undefined;
    const request = inputRequired.elicit({ message: open.text, requestedSchema: FORM });
    return inputRequired({ inputRequests: { [KEY]: request }, requestState: open.mark });
  };
  return { confirm, pending };
}

function meaning(action: 'accept' | 'decline' | 'cancel', content: unknown): boolean | undefined {
  switch (action) {
    case 'accept':
      return (content as { confirm?: unknown } | undefined)?.confirm === true;
    case 'decline':
      return false;
    case 'cancel':
      return undefined;
    default:
      return action satisfies never;
  }
}
