import { describe, expect, it } from 'vitest';
import { findError } from '../../src/backends/envelope.ts';
import { addressOf, progressOf, secondsOf, stateOf, timeOf } from '../../src/backends/forms.ts';
import { promptWithNames } from '../../src/backends/forwarding.ts';
import { encodeForm } from '../../src/backends/multipart.ts';
import { networkFailure } from '../../src/backends/network-failure.ts';
import { pick, valueAt } from '../../src/backends/pick.ts';
import { setApart } from '../../src/backends/reverse.ts';
import { SoraError } from '../../src/domain/errors.ts';

describe('what the network threw', () => {
  const coded = (code: string) => Object.assign(new Error(code), { code });
  const attempt = { host: 'gw.example', paid: true, written: false, cancelled: false };

  it.each([
    ['ECONNREFUSED', /refused/, /Nothing listens/],
    ['ENOTFOUND', /resolve/, /spelling/],
    ['EAI_AGAIN', /resolve/, /DNS/],
    ['UND_ERR_CONNECT_TIMEOUT', /no connection/, /firewall/],
    ['CERT_HAS_EXPIRED', /expired/, /renew/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', /another name/, /host name/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', /not trusted/, /NODE_EXTRA_CA_CERTS/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /not trusted/, /NODE_EXTRA_CA_CERTS/],
    ['EPROTO', /TLS/, /http:\/\//],
    ['ESOMETHING', /ESOMETHING/, /try again/],
  ])('%s before anything was written: not charged', (code, message, hint) => {
    const error = networkFailure(new Error('outer', { cause: coded(code) }), attempt);
    expect(error).toMatchObject({ code: 'backend_unavailable', retryable: true, charged: 'no' });
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });

  it('the same after it was written: nobody knows', () => {
    const error = networkFailure(coded('ECONNRESET'), { ...attempt, written: true });
    expect(error).toMatchObject({ code: 'answer_lost', retryable: false, charged: 'unknown' });
  });

  it('looks into the attempts at several addresses', () => {
    expect(networkFailure(new AggregateError([coded('ECONNREFUSED')]), attempt).message).toContain('refused');
  });

  it("passes a guard's refusal on", () => {
    const refusal = new SoraError({ code: 'address_not_allowed', message: 'no' });
    expect(networkFailure(new Error('connect', { cause: refusal }), attempt)).toBe(refusal);
  });
});

describe('an error inside an answer', () => {
  it.each([
    [{ error: 'x' }, 'x'],
    [{ error: { message: 'x' } }, 'x'],
    [{ error: { type: 'x' } }, 'x'],
    [{ errors: [{ message: 'x' }, { message: 'y' }] }, 'x; y'],
    [{ detail: 'x' }, undefined],
    [{ detail: 'x', code: 400 }, 'x'],
    [{ detail: [{ loc: ['body', 'size'], msg: 'bad' }], status: 422 }, 'size: bad'],
    [{ error: { code: 0, message: '' } }, undefined],
    [{ error: { code: 'success', message: 'OK' } }, undefined],
    [{ error: { code: 200, message: 'OK' } }, undefined],
    [{ error: { code: 0, message: 'x' } }, 'x'],
    [{ error: { code: 'x', message: 'null' } }, 'x'],
    [{ code: 10_000, message: 'Success' }, undefined],
    [{ code: 'get_channel_failed', message: 'x', data: null }, 'x'],
    [{ code: 500, msg: 'x' }, 'x'],
    [{ success: false, message: 'x' }, 'x'],
    [{ error: { error: { message: 'x' } } }, 'x'],
    [{ code: 200, message: 'ok', data: {} }, undefined],
    [{ code: 'success', message: '', data: {} }, undefined],
    [{ code: 0, msg: 'ok' }, undefined],
    [{ error: null, status: 'queued' }, undefined],
    [{ error: '' }, undefined],
    [{ message: 'hello' }, undefined],
    [[], undefined],
    [undefined, undefined],
    ['text', undefined],
  ])('%j says %j', (body, message) => {
    expect(findError(body, true)?.message).toBe(message);
  });

  it('of a failed answer may be anything', () => {
    expect(findError({ message: 'hello' }, false)?.message).toBe('hello');
    expect(findError('text', false)?.message).toBe('text');
    expect(findError({ detail: { code: 'x', message: 'y' } }, false)).toMatchObject({ code: 'x', message: 'y' });
  });
});

describe('forms', () => {
  it('of time', () => {
    expect(timeOf(1_758_000_000)).toBe(1_758_000_000_000);
    expect(timeOf(1_764_347_090_922)).toBe(1_764_347_090_922);
    expect(timeOf('1758000000')).toBe(1_758_000_000_000);
    expect(timeOf('2026-01-01T00:00:00Z')).toBe(Date.UTC(2026, 0, 1));
    for (const none of [0, -1, null, undefined, 'soon', {}, Number.NaN, true]) expect(timeOf(none)).toBeUndefined();
  });

  it('of length', () => {
    expect([secondsOf('8'), secondsOf(8), secondsOf('8s'), secondsOf('10 seconds')]).toEqual([8, 8, 8, 10]);
    for (const none of ['', null, undefined, -1, 'x', {}]) expect(secondsOf(none)).toBeUndefined();
  });

  it('of progress on a scale that is known', () => {
    expect(progressOf(1, 'fraction')).toBe(100);
    expect(progressOf(0.4, 'percent')).toBe(0);
    expect(progressOf('40%', 'fraction')).toBe(40);
  });

  it('of a status that is no word', () => {
    for (const word of [3, null, undefined, {}, '']) expect(stateOf(word)).toBe('in_progress');
  });

  it('of an address', () => {
    const base = new URL('https://gw.example/v1');
    expect(addressOf('/files/a b.mp4', base)).toBe('https://gw.example/files/a%20b.mp4');
    expect(addressOf('//cdn.example/v.mp4', base)).toBe('https://cdn.example/v.mp4');
    for (const none of ['data:video/mp4;base64,AA', 'file:///x', 3, null])
      expect(addressOf(none, base)).toBeUndefined();
  });
});

describe('a path', () => {
  const root = { a: { b: [{ c: 1 }] }, json: '{"x":[2]}', nothing: null };
  it.each([
    ['a.b[0].c', 1],
    ['json.x[0]', 2],
    ['a.b[1].c', undefined],
    ['nothing', undefined],
    ['nothing.x', undefined],
    ['__proto__', undefined],
    ['constructor.name', undefined],
    ['', root],
  ])('%j leads to %j', (path, value) => {
    expect(valueAt(root, path)).toEqual(value);
  });

  it('the first envelope with a fact wins', () => {
    expect(pick([{ id: '' }, { task_id: 'b' }, { id: 'c' }], ['id', 'task_id'])).toBe('b');
  });
});

it('names with quotes and line breaks cannot break out of a form', async () => {
  const { contentType, contentLength, body } = encodeForm([{ name: 'a"\r\nb', value: 'é\r\n--x' }], 'x-boundary');
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  expect(bytes.length).toBe(contentLength);
  const form = await new Response(bytes, { headers: { 'content-type': contentType } }).formData();
  expect([...form]).toEqual([['a"\r\nb', 'é\r\n--x']]);
});

it('names stand in the prompt of the forwarding route', () => {
  const characters = [
    { remoteId: 'a', name: 'Luna' },
    { remoteId: 'b', name: 'Max' },
  ];
  expect(promptWithNames({ prompt: 'Luna meets Max', characters })).toBe('Luna meets Max');
  expect(promptWithNames({ prompt: 'They meet', characters })).toBe('Featuring Luna, Max. They meet');
});

it('handles with dots end in a space', () => {
  expect(setApart('@ab12.name, hello')).toBe('@ab12.name , hello');
  expect(setApart('hi @ab12.name. Then @cd.ef')).toBe('hi @ab12.name . Then @cd.ef');
  expect(setApart('@ab.cd.ef')).toBe('@ab.cd.ef');
  expect(setApart('@ab12.name走')).toBe('@ab12.name 走');
  expect(setApart('@ab12.name walks')).toBe('@ab12.name walks');
  expect(setApart('write to a@b.com, now')).toBe('write to a@b.com, now');
});
