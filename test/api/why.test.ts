// Why an action happened, over HTTP: who may ask, that asking is on record, and the page.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fact, MAX_CHAIN_ENTRIES } from '../../domain/entry.ts';
import { LEDGER_READS } from '../../domain/ids.ts';
import type { ActionRow } from '../../store/ports.ts';
import { createSigner, generateSigningKey, type Signer } from '../../trust/signing.ts';
import { anApproval, aProposal } from '../domain/builders.ts';
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
  assert.equal(problem(await served.call('auditor', 'GET', '/v1/actions/c-none:1:0/why')), '404 not_found');
});

test('what can be the id of no action is answered with the form of one', async (t) => {
  const served = await serve(t);
  for (const id of ['nothing', 'refund', 'c-1', '42']) {
    const answer = await served.call('auditor', 'GET', `/v1/actions/${id}/why`);
    assert.equal(problem(answer), '404 not_found');
    assert.match(answer.body['detail'], /write CONVERSATION:TURN:NUMBER, as in demo:1:1/);
  }
});

test('what was asked about an action that was proposed anew is told of that one alone', async (t) => {
  const served = await serve(t);
  const id = await aDenied(served);
  const [row] = [await served.store.actions.get(id)];
  if (row === undefined) throw new Error('the action is there');
  const [own, anew] = [`${id}.0.0`, `${id}.0.1`];
  served.store.put({ actions: [{ ...row, approvalId: own }] });
  const { digest, conversationId } = row;
  for (const approval of [
    anApproval({ id: own, batchId: id, actionId: id, conversationId, digest, summary: 'the first' }),
    anApproval({
      id: anew,
      batchId: id,
      actionId: `${id}~1`,
      conversationId,
      digest: 'another',
      summary: 'the second',
    }),
  ]) {
    const fact: Fact = { kind: 'approval_requested', approval };
    await served.store.record([{ subject: approval.id, step: 'requested', conversationId, atMs: NOW_MS, fact }]);
  }
  const { body } = await served.call('operator', 'GET', `/v1/actions/${id}/why`);
  const asked = (body['lines'] as Line[]).filter(({ text }) => /were asked for leave/.test(text));
  assert.deepEqual(
    asked.map(({ coverage, text }) => [coverage, /the (first|second)$/.exec(text)?.[1]]),
    [['enforced', 'first']],
  );
});

test('of a procedure that goes on is told which of its steps waits, for whom, until when', async (t) => {
  const served = await serve(t);
  const denied = await aDenied(served);
  const row = await served.store.actions.get(denied);
  if (row === undefined) throw new Error('the action is there');
  const { conversationId, principal } = row;
  const id = `${conversationId}:2:0`;
  const start = { ...row, id, tool: 'refund_order', effect: 'start', stage: 'claimed', outcome: null } as const;
  const of = (actionId: string) =>
    anApproval({ id: `${actionId}.0.0`, actionId, conversationId, requester: principal.id });
  served.store.put({ actions: [start] });
  const asked = [of(`${id}/pay`), of(denied)].map((approval) => {
    const fact = { kind: 'approval_requested', approval } as const;
    return { subject: approval.id, step: 'requested', conversationId, atMs: NOW_MS, fact };
  });
  await served.store.record(asked);
  const waits = async () => {
    const { body } = await served.call('operator', 'GET', `/v1/actions/${id}/why`);
    return (body['lines'] as Line[]).flatMap(({ text }) => (text.startsWith('it waits') ? [text] : []));
  };
  const { summary, group, deadlineMs } = of(id);
  assert.deepEqual(await waits(), [
    `it waits for its step ${id}/pay: ${summary} waits for ${group} until ${new Date(deadlineMs).toISOString()} (approval ${id}/pay.0.0)`,
  ]);
  served.store.put({ actions: [{ ...start, stage: 'settled', outcome: { kind: 'succeeded', result: null } }] });
  assert.deepEqual(await waits(), []);
});

test('who asked why, and of which action, is on record', async (t) => {
  const served = await serve(t);
  const id = await aDenied(served);
  await served.call('auditor', 'GET', `/v1/actions/${id}/why`);
  const [read] = await served.store.ledger.ofSubject(LEDGER_READS);
  assert.deepEqual(read?.fact, { kind: 'ledger_read', by: 'auditor', actionId: id, how: 'why' });
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

interface Line {
  readonly seq: number | null;
  readonly part: string;
  readonly text: string;
  readonly coverage: string;
  readonly because: string;
}

async function linesOf(served: Served, id: string): Promise<readonly Line[]> {
  const { status, body } = await served.call('operator', 'GET', `/v1/actions/${id}/why`);
  assert.equal(status, 200);
  return body['lines'] as readonly Line[];
}

const lineAbout = (lines: readonly Line[], words: RegExp): Line => {
  const line = lines.find(({ text }) => words.test(text));
  assert.ok(line, `no line says ${words}: ${lines.map(({ text }) => text).join(' | ')}`);
  return line;
};

test('what was signed is verified again: who swaps the person of a decision is found out', async (t) => {
  const served = await serve(t);
  const { api, workflows } = served.signers;
  const id = await aDenied(served);
  const conversationId = id.split(':')[0] ?? '';
  const approval = await served.ask({ conversationId });
  served.store.put({ actions: [{ ...(await served.store.actions.get(id))!, approvalId: approval.id }] });
  const person = { id: 'approver', name: 'approver', tenant: 'default' };
  const { digest } = approval;
  const word = { kind: 'decision', approvalId: approval.id, digest, answer: 'deny', person, reason: '' } as const;
  const decide = async (decisionId: string, personId: string, signer: Signer = api) => {
    const signed = await signer.sign({ ...word, decisionId, method: 'api_key', atMs: NOW_MS });
    const said = {
      decisionId,
      personId,
      answer: 'deny',
      method: 'api_key',
      receipt: `receipt of ${decisionId}`,
    } as const;
    const fact = { kind: 'decided', approvalId: approval.id, ...said, signed } as const;
    await served.store.record([{ subject: approval.id, step: decisionId, conversationId, atMs: NOW_MS, fact }]);
  };
  await decide('d1', 'approver');
  await decide('d2', 'colleague');
  await decide('d3', 'approver', createSigner('api', generateSigningKey()));
  const verdict = { kind: 'deny', ruleId: 'signed', ruleVersion: 'v', reason: 'not yours' } as const;
  const statement = {
    ...({
      kind: 'verdict',
      actionId: id,
      digest: 'd1',
      agent: '',
      tenant: 'default',
      principalId: 'customer',
    } as const),
    ...{ verdict, evidenceSha256: '', approval: null, atMs: NOW_MS },
  };
  const ruled = {
    kind: 'ruled',
    digest: 'd1',
    verdict,
    evidence: null,
    signed: await workflows.sign(statement),
  } as const;
  await served.store.record([{ subject: id, step: 'signed', conversationId, atMs: NOW_MS, fact: ruled }]);
  const lines = await linesOf(served, id);
  assert.equal(lineAbout(lines, /the rule signed said deny/).coverage, 'enforced');
  assert.match(lineAbout(lines, /the rule r said deny/).because, /its signature does not hold/);
  const decisions = lines.filter(({ text }) => / said deny, known by/.test(text));
  assert.deepEqual(
    decisions.map(({ text, coverage, because }) => [text.split(' ')[0], coverage, because.slice(0, 30)]),
    [
      ['approver', 'enforced', 'the API signed it over the dig'],
      ['colleague', 'unknown', 'what was signed is not what st'],
      ['approver', 'attributed', 'it was signed by a key that is'],
    ],
  );
});

test('an entry that somebody has emptied ends no answer, and a story that is longer than an answer says so', async (t) => {
  const served = await serve(t);
  const id = await aDenied(served);
  const conversationId = id.split(':')[0] ?? '';
  const about = { subject: id, conversationId, atMs: NOW_MS };
  const kinds = ['proposed', 'ruled', 'claimed', 'attempted', 'inspected', 'settled', 'decided'] as const;
  const emptied = kinds.map((kind) => ({ ...about, step: `emptied ${kind}`, fact: { kind } as Fact }));
  await served.store.record(emptied);
  const lines = await linesOf(served, id);
  const told = lines.filter(({ seq }) => (seq ?? 0) > served.store.entries.length - 1 - kinds.length);
  assert.deepEqual([told.length, new Set(told.map(({ coverage }) => coverage))], [kinds.length, new Set(['unknown'])]);
  const refused: Fact = { kind: 'warrant_refused', reason: 'no' };
  const { chain } = served.store.ledger;
  served.store.ledger.chain = async (subjects, of) => {
    const [first, ...rest] = await chain(subjects, of);
    if (first === undefined || subjects.length === 0) return [];
    const more = Array.from({ length: MAX_CHAIN_ENTRIES }, () => ({ ...first, step: 'more', fact: refused }));
    return [first, ...rest, ...more].slice(0, MAX_CHAIN_ENTRIES);
  };
  assert.match(lineAbout(await linesOf(served, id), /more entries than one answer holds/).because, /not told/);
});
