import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Tenant } from './tenants.ts';

/** One HTTP request of a known caller, on its way through a route. */
export interface Call {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly query: URLSearchParams;
  readonly tenant: Tenant;
  /** For the access log. */
  rpc?: string | undefined;
  tool?: string | undefined;
}

export type Route = (call: Call) => Promise<void>;
