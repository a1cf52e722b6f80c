// The whole way on Slack: a signed webhook to the API, what it leaves in a real store, and what the actor makes of it at
// the platform's emulator. Only Temporal is played.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import pino from 'pino';
import { createDeliverActivities } from '../../activities/actor/deliver.ts';
import { createApi } from '../../api/app.ts';
import { listen } from '../../api/server.ts';
import { slack } from '../../channels/slack.ts';
import { defineDirectory } from '../../domain/principal.ts';
import { startEmbeddedPostgres } from '../../store/embedded.ts';
import { KEPT } from '../support/kept.ts';
import type { Store } from '../../store/ports.ts';
import { openStore } from '../../store/store.ts';
import { approvalHandle } from '../../trust/digest.ts';
import { createSigner, generateSigningKey } from '../../trust/signing.ts';
import { tellDue } from '../../workers/tell-notes.ts';
import { FakeGateway } from '../api/support/fake-gateway.ts';
import { anApproval, proposed, requested } from '../store/builders.ts';
import { payloadOf } from './cards.ts';
import { NOW_MS } from './fixture.ts';
import { click, envelope, mention, settings, sign, slackFixture } from './slack-fixture.ts';

const agent = { name: 'support-desk', owner: 'finn', team: 'desk', purpose: 'help', tools: ['refund'] };
const keeper = { verifierKey: '', disagreement: () => undefined };

/** An embedded store of its own. */
async function openedStore(t: TestContext): Promise<Store> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-through-'));
  const postgres = await startEmbeddedPostgres({ dataDir: folder, freshIn: KEPT });
  const store = await openStore({ pool: postgres.poolConfig });
  t.after(async () => {
    await store.close();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return store;
}

test('a mention is answered in its thread; its approver denies on the card, with a reason, and sees what became of it', async (t) => {
  const store = await openedStore(t);
  const stage = await slackFixture.emulate(t);
  const ada = `${settings.SLACK_TEAM_ID}/U0ADA`;
  const directory = defineDirectory({
    people: [
      { id: 'finn', name: 'Finn', channels: { slack: stage.person } },
      { id: 'cus_ada', name: 'Ada', channels: { slack: ada } },
    ],
    groups: { finance: ['finn', 'cus_ada'], desk: ['finn'] },
    addresses: { finance: { slack: stage.group } },
  });
  const nowMs = () => NOW_MS;
  const log = pino({ level: 'silent' });
  const signer = createSigner('api', generateSigningKey());
  const gateway = new FakeGateway(store, signer, nowMs);
  const api = createApi({
    ...{ store, gateway, signer, directory, nowMs, log, ledger: keeper, agents: new Map([[agent.name, agent]]) },
    channels: { receivers: [slack.receiver(settings)] },
  });
  const server = await listen(api, { port: 0, host: '127.0.0.1' });
  t.after(() => server.close());
  const hear = async (body: string) => {
    const { headers, rawBody } = sign(body);
    const answer = await fetch(`${server.url}/v1/channels/slack`, {
      method: 'POST',
      headers,
      body: Buffer.from(rawBody),
    });
    assert.deepEqual([answer.status, await answer.text()], [200, '']);
    await tellDue({ store, senders: [stage.sender], nowMs, log });
  };
  const deliver = createDeliverActivities({ store, directory, senders: [stage.sender], nowMs, log });
  const run = (activity: keyof typeof deliver, input: object) =>
    new MockActivityEnvironment().run(deliver[activity] as (one: object) => Promise<unknown>, input);

  // Said in the thread of the group's channel, and answered there.
  await hear(envelope({ ...mention({ from: ada, text: 'refund 1042' }), channel: stage.group }));
  const [conversationId = ''] = gateway.conversations.keys();
  const reply = { kind: 'reply', text: 'Finance is asked.', by: 'model' } as const;
  await store.items.append([{ key: 'r1', conversationId, turn: 1, trust: 'model', body: reply }]);
  await run('deliverReplies', { conversationId });
  const posted = stage.calls.findLast(({ method }) => method === 'chat.postMessage');
  assert.deepEqual([posted?.params['channel'], posted?.params['thread_ts']], [stage.group, mention({}).ts]);

  // Asked in the group's channel.
  const approval = { ...anApproval(conversationId), deadlineMs: NOW_MS + 60_000 };
  const { batchId } = approval;
  await store.record([proposed(conversationId), requested(conversationId, approval)]);
  await run('showCards', { batchId });
  const card = async () => (await stage.standing(stage.group)).find(({ own }) => /ask(s|ed) for leave/.test(own));
  const deny = (await card())?.buttons.find(({ label }) => label === 'Deny')?.payload ?? '';
  assert.equal(deny, payloadOf('deny', { handle: approvalHandle(approval), digest: approval.digest }));

  // Denied: by the form that the click has opened, and by nobody who may not.
  const { trigger = '', channel = '' } = await stage.way();
  const onCard = { trigger_id: trigger, channel: { id: channel } };
  await hear(slackFixture.click({ from: ada, payload: deny }));
  assert.equal((await store.approvals.get(approval.id))?.end, 'open');
  await hear(click({ from: stage.person, payload: deny }, onCard));
  assert.match(stage.told().at(-1) ?? '', new RegExp(`private_metadata":"${deny} ${channel}`));
  await hear(slackFixture.reason({ from: stage.person, payload: deny, way: {}, text: 'not in March' }));
  assert.equal((await store.approvals.get(approval.id))?.end, 'denied');
  await run('showCards', { batchId });
  const after = await card();
  assert.deepEqual(
    [after?.buttons.length, /Denied/.test(after?.own ?? ''), /not in March/.test(after?.code ?? '')],
    [0, true, true],
  );
});
