import assert from 'node:assert/strict';
import { test } from 'node:test';
import express from 'express';
import { listen } from '../../api/server.ts';
import { serve } from './support/served.ts';

const HOST = '127.0.0.1';

test('a taken port is an error that names the port and what to do', async (t) => {
  const { server } = await serve(t);
  const port = Number(new URL(server.url).port);
  await assert.rejects(
    listen({ app: express(), end: () => undefined }, { port, host: HOST }),
    (error: Error) => error.message.includes(String(port)) && /set PORT to a free port/.test(error.message),
  );
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
