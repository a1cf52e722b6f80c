// Restate: a virtual object per conversation, its messages in the object's state, one call of its handler per turn. This
// process is the service and the front; the server, which drives the service and records, is started beside it.
import http2 from 'node:http2';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import * as restate from '@restatedev/restate-sdk';
import { post, replyOf, runTurn } from './agent.mjs';
import { serve } from './front.mjs';

// 30 s: a server is up in two on a quiet machine.
const REGISTER_LIMIT_MS = 30_000;
const REGISTER_PAUSE_MS = 100;
const { RESTATE_ADMIN_URL: adminUrl, RESTATE_INGRESS_URL: ingressUrl } = process.env;

// The SDK is made for Node 22; this is all that it misses in 20.
Promise.withResolvers ??= function withResolvers() {
  let resolve;
  let reject;
  const promise = new Promise((...settle) => ([resolve, reject] = settle));
  return { promise, resolve, reject };
};

const conversation = restate.object({
  name: 'conversation',
  handlers: {
    turn: async (context, text) => {
      const messages = (await context.get('messages')) ?? [];
      const said = await runTurn(
        (name, work) => context.run(name, work),
        async () => messages,
        text,
      );
      context.set('messages', [...messages, ...said]);
      return replyOf(said);
    },
  },
});

/** Tell the server where the service is; it is asked until it is up. */
async function register(port) {
  const untilMs = Date.now() + REGISTER_LIMIT_MS;
  for (;;) {
    try {
      return await post(`${adminUrl}/deployments`, { uri: `http://127.0.0.1:${port}`, force: true });
    } catch (error) {
      if (Date.now() > untilMs) throw error;
      await sleep(REGISTER_PAUSE_MS);
    }
  }
}

// Not the SDK's own listener, which takes every address.
const service = http2.createServer(restate.createEndpointHandler({ services: [conversation] }));
service.listen(0, '127.0.0.1');
await once(service, 'listening');
await register(service.address().port);

const turn = async (key, _n, text) =>
  JSON.parse(await post(`${ingressUrl}/conversation/${encodeURIComponent(key)}/turn`, text));

await serve({ turn, close: async () => undefined });
