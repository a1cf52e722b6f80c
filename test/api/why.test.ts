// Why an action happened, over HTTP: who may ask, that asking is on record, and the page.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fact } from '../../domain/entry.ts';
import { LEDGER_READS } from '../../domain/ids.ts';
import type { ActionRow } from '../../store/ports.ts';
import { aProposal } from '../domain/builders.ts';
import { problem } from './support/answers.ts';
import { NOW_MS, serve, type Served } from './support/served.ts';

/** A denied action of the customer's, whose words try to be markup. */
async function aDenied(served: Served): Promise<string> {
  const conversationId = await served.open();
  const principal = { id: 'customer', name: 'Cleo', tenant: 'default' };
  const id = `${conversationId}:1:0`;
  const summary = 'refund <script>alert(1)</script> \u202e0042';
  const proposal = aProposal({ actionId: id, conversationId, principal, summary });
  const denied = { kind: 'denied', reason: 'not yours' } as const;
  const verdict = { kind: 'deny', ruleId: 'r', ruleVersion: 'v', reason: 'not yours' } as const;
  const facts: readonly Fact[] = [
    { kind: 'proposed', proposal },
    { kind: 'ruled', digest: proposal.digest, verdict, evidence: null, signed: 's' },
    { kind: 'settled', outcome: denied },
  ];
  const entries = facts.map((fact) => ({ subject: id, step: fact.kind, conversationId, atMs: NOW_MS, fact }));
  await served.store.record(entries);
  const { agent, tool, effect, args, digest } = proposal;
  const row: ActionRow = {
    ...{ id, conversationId, agent, tool, effect, args, digest, summary, principal, evidence: null, verdict },
    ...{ approvalId: null, stage: 'settled', outcome: denied, createdMs: NOW_MS, updatedMs: NOW_MS },
  };
  served.store.put({ actions: [row] });
  return id;
}

test('staff and auditors learn why, whoever may only see the action does not, and others learn nothing', async (t) => {
  const served = await serve(t);
  const id = await aDenied(served);
  for (const who of ['operator', 'auditor'] as const) {
    const { status, body } = await served.call(who, 'GET', `/v1/actions/${id}/why`);
    const lines = body['lines'] as { text: string }[];
    assert.deepEqual([status, lines.some(({ text }) => text.includes('the rule r said deny: not yours'))], [200, true]);
  }
  const why = (who: Parameters<Served['call']>[0]) => served.call(who, 'GET', `/v1/actions/${id}/why`);
  assert.equal(problem(await why('customer')), '403 missing_scope');
  assert.equal(problem(await why('stranger')), '404 not_found');
  assert.equal(problem(await why('operator@other')), '404 not_found');
  assert.equal(problem(await why('auditor@other')), '404 not_found');
  assert.equal(problem(await served.call('auditor', 'GET', '/v1/actions/nothing/why')), '404 not_found');
});

test('who asked why is on record', async (t) => {
  const served = await serve(t);
  const id = await aDenied(served);
  await served.call('auditor', 'GET', `/v1/actions/${id}/why`);
  const [read] = await served.store.ledger.ofSubject(LEDGER_READS);
  assert.deepEqual(read?.fact, { kind: 'ledger_read', by: 'auditor', from: 2, to: 4, how: 'why' });
});

test('the page shows the story as text, whatever was written, and takes the key as a browser’s password', async (t) => {
  const served = await serve(t);
  const id = await aDenied(served);
  const url = `${served.server.url}/actions/${id}/why`;
  const asked = await fetch(url);
  assert.deepEqual([asked.status, asked.headers.get('www-authenticate')], [401, 'Basic realm="countersign"']);
  const login = Buffer.from(`me:${served.keys.operator}`).toString('base64');
  const page = await fetch(url, { headers: { authorization: `Basic ${login}` } });
  const html = await page.text();
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
  assert.match(html, /refund &lt;script&gt;alert\(1\)&lt;\/script&gt; &lt;U\+202E&gt;0042/);
  assert.doesNotMatch(html, /<script/);
  const elsewhere = await fetch(`${served.server.url}/v1/actions/${id}/why`, {
    headers: { authorization: `Basic ${login}` },
  });
  assert.equal(elsewhere.status, 401, 'a browser sends its login along unasked, so nothing but pages takes it');
});
