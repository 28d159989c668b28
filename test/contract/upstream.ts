import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request as it came over the wire. */
export interface Received {
  readonly method: string;
  /** Path and query, still encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface Reply {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object goes as JSON. */
  readonly body?: unknown;
}

export type Script = (request: Received, response: ServerResponse, incoming: IncomingMessage) => Reply | undefined;

/** A real server on a free port that counts and keeps what it gets. A script that returns nothing replies itself, or never. */
export interface Upstream {
  readonly origin: string;
  readonly requests: readonly Received[];
  reply(script: Script | Reply): void;
  close(): Promise<void>;
}

export async function startUpstream(first: Script | Reply = {}): Promise<Upstream> {
  const requests: Received[] = [];
  let script: Script | Reply = first;
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('error', () => {});
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const request: Received = {
        method: incoming.method ?? '',
        path: incoming.url ?? '',
        headers: incoming.headers,
        body: Buffer.concat(chunks),
      };
      requests.push(request);
      const reply = typeof script === 'function' ? script(request, response, incoming) : script;
      if (reply) send(response, reply);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    reply: (next) => {
      script = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, { status = 200, headers, body }: Reply): void {
  const raw = typeof body === 'string' || Buffer.isBuffer(body);
  response.writeHead(status, { ...(raw ? {} : { 'content-type': 'application/json' }), ...headers });
  response.end(body === undefined ? undefined : raw ? body : JSON.stringify(body));
}

/** A multipart body as the platform's own parser reads it: texts as they are, files as name, type and length. */
export async function formOf({ headers, body }: Received): Promise<Record<string, unknown>> {
  const response = new Response(new Uint8Array(body), { headers: { 'content-type': String(headers['content-type']) } });
  const fields: Record<string, unknown> = {};
  for (const [name, value] of await response.formData()) {
    fields[name] = typeof value === 'string' ? value : { file: value.name, type: value.type, bytes: value.size };
  }
  return fields;
}
