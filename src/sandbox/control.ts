import type { Context } from './context.ts';
import { FAULT_KINDS, type FaultQueue, OPERATIONS, parseFault } from './faults.ts';
import { phaseOf } from './job.ts';
import type { Journal } from './journal.ts';
import { type Call, Refusal, type Reply, refusalReply } from './wire.ts';

/** `/__sandbox/…`: faults, requests and jobs for a test in another process. */
export function controlReply(context: Context, faults: FaultQueue, journal: Journal, call: Call): Reply {
  switch (`${call.method} ${call.path}`) {
    case 'POST /__sandbox/faults': {
      const fault = parseFault(call.fields);
      if (!fault)
        return refusalReply(
          new Refusal(400, `'on' is one of any, ${OPERATIONS.join(', ')}; 'kind' one of ${FAULT_KINDS.join(', ')}.`),
        );
      faults.add(fault);
      return { status: 201, json: fault };
    }
    case 'DELETE /__sandbox/faults':
      faults.clear();
      return { status: 200, json: {} };
    case 'GET /__sandbox/requests':
      return { status: 200, json: { requests: journal.entries() } };
    case 'GET /__sandbox/jobs': {
      const jobs = context.state.jobs().map((job) => ({ ...job, phase: phaseOf(job, context.settings.clock) }));
      return { status: 200, json: { jobs } };
    }
    default:
      return refusalReply(new Refusal(404, `Invalid URL (${call.method} ${call.path.slice(0, 120)})`, 'unknown_url'));
  }
}
