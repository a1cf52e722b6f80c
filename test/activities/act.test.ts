// The actor runs what a warrant proves, and nothing else.
import { deepEqual, equal, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import { VERDICT_FRESH_MS } from '../../activities/actor/warrant.ts';
import type { Evidence, Proposal, Warrant } from '../../domain/action.ts';
import { ACT_WITHIN_MS } from '../../domain/approval.ts';
import { ALLOW, ASK } from '../domain/builders.ts';
import { directory as wholeDirectory } from '../support/far-side.ts';
import { person } from '../support/system.ts';
import { act, actor, clock, endingOf, far, payment, verifier, warrantFor, workflows, world } from './stage.ts';

type Forgery = readonly [what: string, forge: (p: Proposal) => Promise<readonly [Proposal, Warrant]>];

/** Each part of a warrant altered once. `other` is an action that really has leave. */
const forgeries = (other: Proposal): readonly Forgery[] => [
  ['other arguments', async (p) => [{ ...p, args: '{"cents":73,"order":1}' }, await warrantFor(p, ASK)]],
  ['another tool', async (p) => [{ ...p, tool: 'note', effect: 'write' }, await warrantFor(p, ASK)]],
  ['another effect', async (p) => [{ ...p, effect: 'read' }, await warrantFor(p, ASK)]],
  ['another version', async (p) => [{ ...p, toolVersion: '2' }, await warrantFor(p, ASK)]],
  ['an unknown tool', async (p) => [{ ...p, tool: 'shell' }, await warrantFor(p, ASK)]],
  [
    'arguments that are not canonical',
    async () => {
      const p = payment({ args: '{"order":1,"cents":72}' });
      return [p, await warrantFor(p, ASK)];
    },
  ],
  ["another action's warrant", async (p) => [p, await warrantFor(other, ASK)]],
  ['another principal', async (p) => [p, await warrantFor(p, ASK, { message: { principal: person('bob') } })]],
  [
    'another tenant',
    async (p) => [p, await warrantFor(p, ASK, { message: { principal: { ...person('ada'), tenant: 'x' } } })],
  ],
  ['another conversation', async (p) => [p, await warrantFor(p, ASK, { message: { conversationId: 'x' } })]],
  [
    'a verdict that denies',
    async (p) => [p, await warrantFor(p, { kind: 'deny', ruleId: 'r', ruleVersion: 'v', reason: '' })],
  ],
  ['a verdict for another digest', async (p) => [p, await warrantFor(p, ASK, { verdict: { digest: other.digest } })]],
  ['a verdict for another agent', async (p) => [p, await warrantFor(p, ASK, { verdict: { agent: 'x' } })]],
  ['a verdict for another principal', async (p) => [p, await warrantFor(p, ASK, { verdict: { principalId: 'bob' } })]],
  ['nobody asked', async (p) => [p, await warrantFor(p, ASK, { verdict: { approval: null } })]],
  ['no decision', async (p) => [p, { ...(await warrantFor(p, ASK)), decisions: [] }]],
  ['a denial', async (p) => [p, await warrantFor(p, ASK, { decision: { answer: 'deny' } })]],
  [
    'a decision over another digest',
    async (p) => [p, await warrantFor(p, ASK, { decision: { digest: other.digest } })],
  ],
  ['a decision on another approval', async (p) => [p, await warrantFor(p, ASK, { decision: { approvalId: 'x' } })]],
  [
    'a decision after the deadline',
    async (p) => [p, await warrantFor(p, ASK, { decision: { atMs: clock.nowMs + 2_000 } })],
  ],
  ['a decision of the requester', async (p) => [p, await warrantFor(p, ASK, { decision: { person: person('ada') } })]],
  [
    'a decision of somebody not entitled',
    async (p) => [p, await warrantFor(p, ASK, { decision: { person: person('mallory') } })],
  ],
  [
    'a decision by somebody of another tenant',
    async (p) => [p, await warrantFor(p, ASK, { decision: { person: { ...person('finn'), tenant: 'x' } } })],
  ],
  ['one approval of two', async (p) => [p, await warrantFor(p, { ...ASK, quorum: 2 })]],
  [
    'the same approval twice',
    async (p) => {
      const warrant = await warrantFor(p, { ...ASK, quorum: 2 });
      return [p, { ...warrant, decisions: [...warrant.decisions, ...warrant.decisions] }];
    },
  ],
  [
    'a verdict in place of the decision',
    async (p) => {
      const warrant = await warrantFor(p, ASK);
      return [p, { ...warrant, decisions: [warrant.verdict as string] }];
    },
  ],
  ['a signature by nobody', async (p) => [p, { ...(await warrantFor(p, ASK)), verdict: 'e30.e30.e30' }]],
];

test('an approved action runs once, however often its Activity is retried', async () => {
  const proposal = payment();
  const warrant = await warrantFor(proposal, ASK);
  equal(endingOf(await act(proposal, warrant)), 'succeeded');
  equal(endingOf(await act(proposal, warrant)), 'succeeded');
  deepEqual(far.effects, [`pay ${proposal.actionId} 72`]);
});

test('a warrant with any part altered, forged or crossed runs nothing', async () => {
  for (const [what, forge] of forgeries(payment())) {
    const [proposal, warrant] = await forge(payment());
    await rejects(act(proposal, warrant), { type: 'WarrantRefused' }, what);
    equal(await world.store.claims.get(proposal.actionId), undefined, what);
    const entries = await world.store.ledger.ofSubject(proposal.actionId);
    equal(
      entries.some((entry) => entry.fact.kind === 'warrant_refused'),
      true,
      `${what}: on record`,
    );
  }
  deepEqual(far.effects, []);
});

test('a proposal with any field altered runs nothing, those among them that its digest leaves out', async () => {
  const original = payment();
  const warrant = await warrantFor(original, ASK);
  const named = { ...original.principal, name: 'somebody else' };
  const over: Partial<Proposal> = { turn: original.turn + 1, callId: 'x', summary: 'pay 1', timeoutMs: 1 };
  const altered: Partial<Proposal> = {
    ...over,
    inspects: false,
    preconditions: [],
    then: 'handover',
    principal: named,
  };
  for (const [key, value] of Object.entries(altered)) {
    await rejects(act({ ...original, [key]: value }, warrant), { type: 'WarrantRefused' }, key);
  }
  await rejects(act({ ...original, added: 1 } as Proposal, warrant), { type: 'WarrantRefused' }, 'a field more');
  deepEqual(far.effects, []);
  equal(endingOf(await act(original, warrant)), 'succeeded');
});

test('what was ruled on under another declaration of its tool runs nothing; a proposal of before has none', async () => {
  const elsewhere = payment({ declarationSha256: 'f'.repeat(64) });
  await rejects(act(elsewhere, await warrantFor(elsewhere, ASK)), {
    type: 'WarrantRefused',
    message: /declared otherwise/,
  });
  equal(await world.store.claims.get(elsewhere.actionId), undefined);
  deepEqual(far.effects, []);
  const { declarationSha256, ...before } = payment();
  equal(typeof declarationSha256, 'string');
  equal(endingOf(await act(before, await warrantFor(before, ASK))), 'succeeded');
});

test('an action counts for the conversation and the turn of its key only', async () => {
  const elsewhere = payment({ conversationId: 'other' });
  await rejects(act(elsewhere, await warrantFor(elsewhere, ASK)), { type: 'WarrantRefused' });
  equal(await world.store.claims.get(elsewhere.actionId), undefined);
});

test('what is no task at all is refused for good and on record, under the Workflow that sent it', async () => {
  const proposal = payment();
  const warrant = await warrantFor(proposal, ASK);
  const unreadable = payment({ args: '{' });
  const long = 'x'.repeat(10_000);
  const tasks: readonly unknown[] = [
    ...[undefined, null, 'x', {}, { proposal: null, warrant }, { proposal, warrant: null, notesResult: false }],
    { proposal, warrant: { ...warrant, decisions: null }, notesResult: false },
    { proposal: { ...proposal, actionId: 'a\0' }, warrant, notesResult: false },
    { proposal: { ...proposal, conversationId: 'a\0' }, warrant, notesResult: false },
    { proposal: { ...proposal, tool: `${long}\0` }, warrant, notesResult: false },
    { proposal: unreadable, warrant: await warrantFor(unreadable, ASK), notesResult: false },
  ];
  for (const task of tasks) {
    const byHand = actor().act as (input: unknown) => Promise<unknown>;
    const put = new MockActivityEnvironment({ attempt: 1 }).run(byHand, task);
    await rejects(put, { type: 'WarrantRefused', nonRetryable: true }, JSON.stringify(task));
  }
  const entries = await world.store.ledger.ofSubject('task of test');
  equal(new Set(entries.map(({ fact }) => (fact.kind === 'warrant_refused' ? fact.reason : ''))).has(''), false);
  equal(entries.length > 0, true);
  const written = await world.store.ledger.hashed(0, 10_000);
  // What a caller wrote is quoted by the reason: that is sealed, and no step tells it either.
  equal(written.filter(({ text }) => text.includes('xxxxxxxx')).length, 0);
  const own = await world.store.ledger.ofSubject(proposal.actionId);
  equal(own.filter(({ fact }) => fact.kind === 'warrant_refused' && fact.reason.includes('xxxxxxxx')).length, 1);
  deepEqual(far.effects, []);
});

test('nothing is begun on a verdict that does not cover the whole proposal; it is asked for again', async () => {
  const proposal = payment();
  const whole = await warrantFor(proposal, ASK);
  const { proposalSha256: _, ...of } = await verifier.verify('verdict', whole.verdict);
  deepEqual(await act(proposal, { ...whole, verdict: await workflows.sign(of) }), { kind: 'verdict_stale' });
  equal(await world.store.claims.get(proposal.actionId), undefined);
});

test('a stale verdict claims nothing and is asked for again', async () => {
  const proposal = payment();
  const warrant = await warrantFor(proposal, ASK);
  clock.nowMs += VERDICT_FRESH_MS + 1;
  deepEqual(await act(proposal, warrant), { kind: 'verdict_stale' });
  equal(await world.store.claims.get(proposal.actionId), undefined);
});

test('nothing is begun later than its leave lasts, and then never again', async () => {
  const proposal = payment();
  const over = {
    verdict: { approval: { id: `${proposal.actionId}.0.0`, deadlineMs: clock.nowMs - ACT_WITHIN_MS - 1 } },
  };
  const late = await warrantFor(proposal, ASK, { ...over, decision: { atMs: 1 } });
  equal(endingOf(await act(proposal, late)), 'expired');
  equal(endingOf(await act(proposal, await warrantFor(proposal, ASK))), 'expired');
  deepEqual(far.effects, []);
});

test('evidence is read for the signed principal of the conversation only', async () => {
  const proposal = payment();
  const { principal } = await warrantFor(proposal, ASK);
  const inspect = (signed: string): Promise<Evidence> =>
    new MockActivityEnvironment({ attempt: 1 }).run(actor().inspect, { proposal, principal: signed });
  equal((await inspect(principal)).record['state'], 'delivered');
  const bob = await warrantFor(proposal, ASK, { message: { principal: person('bob') } });
  await rejects(inspect(bob.principal), { type: 'WarrantRefused' });
});

test('an approver who has left the group since is leave no more; what was claimed before stands', async () => {
  const [done, open] = [payment(), payment()];
  const [first, second] = [await warrantFor(done, ASK), await warrantFor(open, ASK)];
  equal(endingOf(await act(done, first)), 'succeeded');
  world.directory = { ...wholeDirectory, groups: { ...wholeDirectory.groups, finance: ['olga'] } };
  equal(endingOf(await act(done, first)), 'succeeded');
  await rejects(act(open, second), { type: 'WarrantRefused' });
  equal(await world.store.claims.get(open.actionId), undefined);
});

test('a verdict that is not on record claims nothing', async () => {
  const proposal = payment();
  const warrant = await warrantFor(proposal, ASK);
  const { verdict } = await warrantFor(proposal, ALLOW);
  const unrecorded = await workflows.sign({ ...(await verifier.verify('verdict', verdict)), atMs: clock.nowMs + 1 });
  await rejects(act(proposal, { ...warrant, verdict: unrecorded }), { type: 'WarrantRefused' });
  equal(await world.store.claims.get(proposal.actionId), undefined);
});

test('a thrown switch ends reads and writes as cancelled, and for good', async () => {
  const stop = { scope: 'agent', name: 'tester', setBy: 'olga', reason: 'it pays twice', setMs: 1 } as const;
  const [write, read] = [payment(), payment({ tool: 'look', effect: 'read' })];
  await world.store.switches.set({ id: 'kill', isThrown: true, switch: stop });
  equal(endingOf(await act(write, await warrantFor(write, ASK))), 'cancelled');
  equal(endingOf(await act(read, await warrantFor(read, ALLOW))), 'cancelled');
  await world.store.switches.set({ id: 'revive', isThrown: false, switch: stop });
  equal(endingOf(await act(write, await warrantFor(write, ASK))), 'cancelled');
  deepEqual(far.effects, []);
});
