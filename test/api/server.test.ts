import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import express from 'express';
import { GatewayError } from '../../api/gateway-error.ts';
import { inTime } from '../../api/in-time.ts';
import { problemOf } from '../../api/problem.ts';
import { listen } from '../../api/server.ts';
import { serve } from './support/served.ts';

const HOST = '127.0.0.1';

test('a taken port is an error that names the port and what to do', async (t) => {
  const { server } = await serve(t);
  const port = Number(new URL(server.url).port);
  await assert.rejects(
    listen({ app: express(), end: () => undefined, giveUp: () => undefined }, { port, host: HOST }),
    (error: Error) => error.message.includes(String(port)) && /set PORT to a free port/.test(error.message),
  );
});

test('what cannot be read as a request is told so as a problem, and its connection closed', async (t) => {
  const { server } = await serve(t);
  const port = Number(new URL(server.url).port);
  for (const [request, expected] of [
    [`GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, '431 header_too_large'],
    ['FOO / HTTP/1.1\r\nHost: a\r\n\r\n', '400 bad_request'],
    ['no request at all\r\n\r\n', '400 bad_request'],
  ] as const) {
    const socket = connect(port, HOST);
    socket.write(request);
    // It ends only because the server closes the connection.
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
    const { status, type, detail } = JSON.parse(body) as Record<string, unknown>;
    assert.equal(`${status} ${type}`, expected);
    assert.match(
      head,
      new RegExp(`^HTTP/1.1 ${status} [A-Z][\\s\\S]*application/problem\\+json[\\s\\S]*Connection: close$`),
    );
    assert.match(String(detail), /\.$/);
  }
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
});

test('a call that is open when all ends is told that nothing is sure, and not cut off', async (t) => {
  const over = new AbortController();
  const late = () => new GatewayError({ kind: 'unavailable' }, new Error('it ends'));
  const app = express().get('/', async (_req, res) => {
    const problem = problemOf(
      await inTime(60_000, new Promise(() => undefined), late, over.signal).catch((e: unknown) => e),
    );
    res.status(problem.status).end();
  });
  const listening = await listen({ app, end: () => undefined, giveUp: () => over.abort() }, { port: 0, host: HOST });
  t.after(() => listening.close());
  const answer = fetch(listening.url);
  await new Promise((resume) => setTimeout(resume, 100));
  await listening.close();
  assert.equal((await answer).status, 503);
});

test('closing ends event streams and waiting replies, and lets open requests finish', async (t) => {
  const { call, open, server, keys } = await serve(t);
  const id = await open();
  const stream = await fetch(`${server.url}/v1/conversations/${id}/events`, {
    headers: { authorization: `Bearer ${keys.customer}` },
  });
  assert.ok(stream.body);
  const reader = stream.body.getReader();
  await reader.read();
  const waiting = call('customer', 'POST', `/v1/conversations/${id}/messages?wait=reply`, { text: 'hello' });
  while ((await call('customer', 'GET', `/v1/conversations/${id}`)).body.live === null) await new Promise(setImmediate);
  const begunMs = performance.now();
  await server.close();
  assert.ok(performance.now() - begunMs < 5_000, 'nothing was cut by the time limit');
  assert.equal((await waiting).status, 202, 'the message was taken; its reply comes later');
  for (let read = await reader.read(); !read.done; ) read = await reader.read();
  await assert.rejects(fetch(`${server.url}/healthz`));
  await server.close();
});
