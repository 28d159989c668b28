import type { Client } from '@modelcontextprotocol/client';
import { onTestFinished } from 'vitest';
import { startHttp, type TestServer, type TestServerOptions } from '../helpers/http.ts';

/** A server until the test ends. */
export async function start(options?: TestServerOptions): Promise<TestServer> {
  const server = await startHttp(options);
  onTestFinished(() => server.close());
  return server;
}

/** Its client until the test ends, which leaves before the server does. */
export async function connect(server: TestServer, ...how: Parameters<TestServer['connect']>): Promise<Client> {
  const client = await server.connect(...how);
  onTestFinished(() => client.close());
  return client;
}
