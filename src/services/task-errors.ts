import type { RemoteVideo } from '../backends/backend.ts';
import type { SoraError } from '../domain/errors.ts';
import { formatUsd } from '../domain/money.ts';
import type { Task, TaskError } from '../domain/task.ts';
import { clean } from '../domain/text.ts';

/**
 * Of a create whose answer was lost: nobody knows whether there is a job, so it is never shown as a failure. `lookedFor`
 * where its backend can be asked what jobs it has.
 */
export function unknownError(message: string, lookedFor: boolean): TaskError {
  const next = lookedFor
    ? 'Do not submit it again: it is being looked for; ask get_task later.'
    : 'Nobody can look for it here. Do not submit it again unless the user, who may see it at the provider, wants that.';
  return {
    code: 'answer_lost',
    message,
    hint: `The job may exist and may be paid for. ${next}`,
    retryable: false,
    charged: 'unknown',
  };
}

export function neverSentError(): TaskError {
  return {
    code: 'cancelled',
    message: 'the server stopped before this was sent',
    hint: 'Nothing was sent and nothing was charged. Ask again, with the same idempotency_key if it had one.',
    retryable: true,
    charged: 'no',
  };
}

export function neverArrivedError(): TaskError {
  return {
    code: 'upstream_error',
    message: 'the create never reached the upstream: it lists no such job',
    hint: 'Nothing was charged. It is safe to ask again.',
    retryable: true,
    charged: 'no',
  };
}

/** The upstream, or the network, surely did not take it. */
export function refusedError(failure: SoraError): TaskError {
  return {
    code: failure.code,
    message: failure.message,
    hint: failure.hint,
    retryable: failure.retryable,
    charged: 'no',
  };
}

/** The job itself failed. */
export function jobError(remote: RemoteVideo): TaskError {
  const message = clean(remote.error?.message ?? 'the upstream gave no reason', 500);
  const blocked = /moderation|sentinel|policy|blocked/i.test(`${remote.error?.code ?? ''} ${message}`);
  return {
    code: blocked ? 'moderation_blocked' : 'job_failed',
    message,
    hint: blocked
      ? 'Change the prompt, or the reference if there is one: no real people, no protected characters, nothing explicit.'
      : 'Nothing was charged. Try again, or change the prompt or the backend.',
    retryable: !blocked,
    charged: 'no',
  };
}

/** It was made and paid for, and its bytes are gone. */
export function expiredError(task: Pick<Task, 'kind' | 'spent' | 'quoted'>): TaskError {
  const price = task.spent ?? task.quoted;
  const cost = price === undefined || price === 0 ? '' : `, which costs ${formatUsd(price)} anew`;
  return {
    code: 'link_expired',
    message: `the ${task.kind === 'video' ? 'video' : task.kind} is no longer kept upstream, and there is no file of it here`,
    hint: `It cannot be fetched any more. What can still be done: make it again with the same request${cost}.`,
    retryable: false,
    charged: 'yes',
  };
}

/** The upstream says that it knows no such job; it is asked again for a while. */
export function notFoundError(backend: string): TaskError {
  return {
    code: 'not_found',
    message: `${backend} does not find this job at the moment; it is asked again`,
    retryable: true,
    charged: 'unknown',
  };
}

export function vanishedError(): TaskError {
  return {
    code: 'link_expired',
    message: 'the upstream does not know this job any more',
    hint: "Whether it was paid for is not known. Look at the upstream's own account before making it again.",
    retryable: false,
    charged: 'unknown',
  };
}
