import type { ServerResponse } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { dialectNamed } from '../../src/backends/registry.ts';
import { startUpstream } from '../contract/upstream.ts';
import { failure } from '../helpers/app.ts';
import { openStudio } from '../helpers/studio.ts';

const EVE = { name: 'Eve Roe', videoUrl: 'https://example.com/eve.mp4', rightsConfirmed: true } as const;
const SEARCH = 'Do not create it again; list_characters with refresh: true looks for it where the backend can list.';

/** The error of a character whose create is answered so, where making one costs so much; and what is kept of it. */
async function lostBy(answer: (response: ServerResponse) => void, characterUsd = 0) {
  const upstream = await startUpstream({});
  onTestFinished(() => upstream.close());
  upstream.reply((_, response) => {
    answer(response);
    return undefined;
  });
  const baseUrl = new URL(`${upstream.origin}/v1`);
  const { core, characters } = await openStudio({
    backends: { reverse: { dialect: dialectNamed('seed'), baseUrl, characterUsd } },
  });
  const error = await failure(characters.create({ ...EVE, backend: 'reverse' }));
  const [binding] = core.store.characters.byHandle('local', 'eve_roe')?.bindings ?? [];
  return { error, binding, host: baseUrl.host };
}

const says = (status: number, message: string) => (response: ServerResponse) =>
  void response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(JSON.stringify({ error: { message, type: 'server_error' } }));

test('a character whose create got a 500 is spoken of as one, in whole sentences', async () => {
  const { error, binding, host } = await lostBy(says(500, 'The server had an error while processing your request.'));
  expect(error).toMatchObject({
    code: 'answer_lost',
    message: `${host} answered 500: The server had an error while processing your request, which does not tell whether the character was made`,
    hint: `The character may exist. ${SEARCH}`,
  });
  expect(binding).toMatchObject({ state: 'unknown', error: error.message });
});

test('as is one whose create got no answer', async () => {
  const { error, host } = await lostBy((response) => response.destroy());
  expect(error).toMatchObject({
    code: 'answer_lost',
    message: `the answer of ${host} was lost: the connection broke off`,
    hint: `The character may exist. ${SEARCH}`,
  });
});

test('and one whose answer is no character, with what to check', async () => {
  const page = (response: ServerResponse) =>
    void response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Hi</title>');
  const { error } = await lostBy(page);
  expect(error.hint).toBe(`The character may exist. ${SEARCH} Check that the base URL is that of the API.`);
  const nothing = (response: ServerResponse) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  expect((await lostBy(nothing)).error.hint).toBe(
    `The character may exist. ${SEARCH} Check that the dialect fits this server.`,
  );
});

test('that it may be paid for is told where it costs something', async () => {
  const { error } = await lostBy(says(500, 'oops'), 0.01);
  expect(error.hint).toBe(`The character may exist and may be paid for. ${SEARCH}`);
});
