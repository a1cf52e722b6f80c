import assert from 'node:assert/strict';
import type { Outcome } from '../../../domain/action.ts';
import {
  aConversationId,
  ada,
  anApproval,
  anAsk,
  anEntry,
  aProposal,
  evidence,
  proposed,
  requested,
  ruled,
  underWarrant,
} from '../builders.ts';
import { type Claiming, type ClaimResult, FencedOff } from '../../../store/claim-port.ts';
import type { Store } from '../../../store/ports.ts';
import type { Contract } from '../contract.test.ts';

const succeeded: Outcome = { kind: 'succeeded', result: { refund: 'r_1' } };
const unknown: Outcome = { kind: 'unknown', reason: 'the connection broke' };

const claimOf = (id: string): Claiming => {
  const { actionId, digest, tool, tenant, agent } = aProposal(id);
  return { actionId, conversationId: id, digest, tenant, agent, tool, nowMs: 50 };
};
const verdictStep = 'ruled';
/** Claim it, with its verdict on record. */
async function claim(store: Store, claiming: Claiming): Promise<ClaimResult> {
  await store.record([ruled(claiming.conversationId, anAsk, verdictStep)]);
  return store.claims.claim({ claiming, ...underWarrant(verdictStep) });
}
const receipt = (store: Store, actionId: string, outcome: Outcome, nowMs = 60, epoch = 1): Promise<Outcome> =>
  store.claims.receipt({ actionId, epoch, outcome, nowMs });
const settled = (id: string, outcome: Outcome, step = 'settled') =>
  anEntry(id, aProposal(id).actionId, step, { kind: 'settled', outcome }, 70);

export const actionsContract: Contract = {
  'the read model of an action follows it from proposal to outcome': async ({ store }) => {
    const id = aConversationId();
    const { actionId } = aProposal(id);
    const stageNow = async () => (await store.actions.get(actionId))?.stage;
    assert.equal(await store.actions.get(actionId), undefined);
    await store.record([proposed(id)]);
    assert.equal(await stageNow(), 'proposed');
    await store.record([ruled(id, anAsk)]);
    assert.equal(await stageNow(), 'ruled');
    await store.record([requested(id, anApproval(id))]);
    assert.equal(await stageNow(), 'waiting');
    await store.record([ruled(id, anAsk, 'ruled again')]);
    await claim(store, claimOf(id));
    assert.equal(await stageNow(), 'claimed');
    await receipt(store, actionId, succeeded);
    const { agent, tool, effect, args, digest, summary } = aProposal(id);
    assert.deepEqual(await store.actions.get(actionId), {
      ...{ id: actionId, conversationId: id, agent, tool, effect, args, digest, summary, principal: ada },
      ...{ evidence, verdict: anAsk, approvalId: anApproval(id).id, stage: 'settled', outcome: succeeded },
      ...{ createdMs: 20, updatedMs: 60 },
    });
  },

  'a late entry moves no action back and changes no outcome': async ({ store }) => {
    const id = aConversationId();
    const { actionId } = aProposal(id);
    await store.record([proposed(id)]);
    await claim(store, claimOf(id));
    await store.record([ruled(id, anAsk, 'ruled again'), requested(id, anApproval(id))]);
    assert.equal((await store.actions.get(actionId))?.stage, 'claimed');
    await store.record([settled(id, { kind: 'failed', reason: 'no' }), settled(id, succeeded, 'settled twice')]);
    await store.record([ruled(id, anAsk, 'ruled late')]);
    const { stage, outcome, verdict } = (await store.actions.get(actionId))!;
    assert.deepEqual(
      { stage, outcome, verdict },
      { stage: 'settled', outcome: { kind: 'failed', reason: 'no' }, verdict: anAsk },
    );
  },

  'the actions of a conversation come newest first, and are counted by how they ended': async ({ store }) => {
    const id = aConversationId();
    const before = await store.actions.counts();
    await store.record([proposed(id, 0), proposed(id, 1), settled(id, { kind: 'denied', reason: 'no' })]);
    const other = claimOf(aConversationId());
    await claim(store, other);
    const after = await store.actions.counts();
    assert.equal(after['denied'], (before['denied'] ?? 0) + 1);
    assert.equal(after['claimed'], (before['claimed'] ?? 0) + 1);
    await receipt(store, other.actionId, unknown);
    assert.equal((await store.actions.counts())['claimed'], before['claimed']);
    const rows = await store.actions.ofConversation(id, 10);
    assert.deepEqual(
      rows.map((row) => row.id),
      [`${id}:1:1`, `${id}:1:0`],
    );
    assert.equal((await store.actions.ofConversation(id, 1)).length, 1);
  },

  'of many who claim one action exactly one may act': async ({ store }) => {
    const id = aConversationId();
    const claiming = claimOf(id);
    const { actionId, digest, tool } = claiming;
    const results = await Promise.all(Array.from({ length: 10 }, () => claim(store, claiming)));
    assert.equal(results.filter((result) => result.kind === 'claimed').length, 1);
    const standing = { actionId, digest, epoch: 1, claimedMs: 50, outcome: null };
    assert.deepEqual(
      results.find((result) => result.kind === 'exists'),
      { kind: 'exists', claim: standing },
    );
    assert.deepEqual(await store.claims.get(actionId), standing);
    const chain = await store.ledger.ofSubject(actionId);
    assert.deepEqual(
      chain.filter((entry) => entry.fact.kind === 'claimed').map((entry) => entry.fact),
      [{ kind: 'claimed', digest, tool, warrant: underWarrant('ruled').warrant }],
    );
  },

  'a digest is claimed once, under whatever id; an id once, under whatever digest': async ({ store }) => {
    const [id, other] = [aConversationId(), aConversationId()];
    const claiming = claimOf(id);
    const { actionId, digest } = claiming;
    assert.deepEqual(await claim(store, claiming), { kind: 'claimed', epoch: 1 });
    const standing = { actionId, digest, epoch: 1, claimedMs: 50, outcome: null };
    assert.deepEqual(await claim(store, { ...claimOf(other), digest }), { kind: 'exists', claim: standing });
    assert.deepEqual(await claim(store, { ...claiming, digest: 'another' }), { kind: 'exists', claim: standing });
    assert.equal(await store.claims.get(claimOf(other).actionId), undefined);
  },

  'what has no verdict on record cannot be claimed': async ({ store }) => {
    const claiming = claimOf(aConversationId());
    assert.deepEqual(await store.claims.claim({ claiming, ...underWarrant('ruled') }), { kind: 'not_recorded' });
    assert.equal(await store.claims.get(claiming.actionId), undefined);
  },

  'what has ended without a claim is never claimed, and answers as it ended': async ({ store }) => {
    const id = aConversationId();
    const outcome = { kind: 'denied', reason: 'too much' } as const;
    await store.record([proposed(id), settled(id, outcome)]);
    const claiming = claimOf(id);
    assert.deepEqual(await claim(store, claiming), { kind: 'ended', outcome });
    assert.equal(await store.claims.get(claiming.actionId), undefined);
  },

  'a thrown switch within its scope stops a claim, and one that is taken back does not': async ({ store }) => {
    const id = aConversationId();
    const one = { scope: 'tool', name: `tool of ${id}`, setBy: 'olga', reason: 'it pays twice', setMs: 1 } as const;
    await store.switches.set({ id: 'kill', isThrown: true, switch: one });
    const claiming = { ...claimOf(id), tool: one.name };
    assert.deepEqual(await claim(store, claiming), { kind: 'switched_off', by: one });
    assert.deepEqual(await claim(store, claimOf(aConversationId())), { kind: 'claimed', epoch: 1 });
    await store.switches.set({ id: 'revive', isThrown: false, switch: one });
    assert.deepEqual(await claim(store, claiming), { kind: 'claimed', epoch: 1 });
  },

  'what is closed was claimed and ended at once, and nobody claims it any more': async ({ store }) => {
    const claiming = claimOf(aConversationId());
    const expired: Outcome = { kind: 'expired', reason: 'too late' };
    assert.deepEqual(await store.claims.close(claiming, expired), { kind: 'closed', outcome: expired });
    assert.equal((await claim(store, claiming)).kind, 'exists');
    const other = claimOf(aConversationId());
    await claim(store, other);
    assert.equal((await store.claims.close(other, expired)).kind, 'exists');
    assert.equal((await store.claims.get(other.actionId))?.outcome, null);
  },

  'who is taken over is fenced off: it may say that it happened, and nothing else': async ({ store }) => {
    const { actionId, ...rest } = claimOf(aConversationId());
    await claim(store, { actionId, ...rest });
    await store.claims.assertHeld(actionId, 1);
    const looked = await store.claims.takeOver(actionId, { acts: false });
    const { claim: taken, sinceBegunMs } = await store.claims.takeOver(actionId, { acts: true });
    assert.equal(taken.epoch, 3);
    assert.ok(looked.sinceBegunMs >= 0 && sinceBegunMs >= looked.sinceBegunMs, 'who only looks begins nothing anew');
    const again = await store.claims.takeOver(actionId, { acts: false });
    assert.ok(again.sinceBegunMs <= sinceBegunMs + 1_000);
    await store.claims.takeOver(actionId, { acts: false });
    await assert.rejects(store.claims.assertHeld(actionId, 4), FencedOff);
    await store.claims.assertHeld(actionId, 5);
    await assert.rejects(receipt(store, actionId, { kind: 'failed', reason: 'no' }, 90, 1), FencedOff);
    await assert.rejects(receipt(store, actionId, unknown, 90, 2), FencedOff);
    assert.deepEqual(await receipt(store, actionId, unknown, 91, 5), unknown);
    assert.deepEqual(await receipt(store, actionId, { kind: 'failed', reason: 'no' }, 92, 1), unknown);
    assert.deepEqual(await receipt(store, actionId, succeeded, 93, 1), succeeded);
    await assert.rejects(store.claims.assertHeld(actionId, 3), FencedOff, 'it has ended');
  },

  'a person corrects what is unknown, and nothing else': async ({ store }) => {
    const [id, other] = [aConversationId(), aConversationId()];
    const failed: Outcome = { kind: 'failed', reason: 'it did not happen' };
    for (const one of [id, other]) await claim(store, claimOf(one));
    await receipt(store, claimOf(id).actionId, unknown);
    const answer = { outcome: failed, nowMs: 90 };
    assert.deepEqual(await store.claims.answer({ actionId: claimOf(id).actionId, ...answer }), failed);
    await receipt(store, claimOf(other).actionId, succeeded);
    assert.deepEqual(await store.claims.answer({ actionId: claimOf(other).actionId, ...answer }), succeeded);
  },

  'the first receipt stands': async ({ store }) => {
    const { actionId, ...rest } = claimOf(aConversationId());
    await claim(store, { actionId, ...rest });
    const given: Outcome[] = Array.from({ length: 5 }, (_, n) => ({ kind: 'succeeded', result: n }));
    const stood = await Promise.all(given.map((outcome) => receipt(store, actionId, outcome)));
    assert.equal(new Set(stood.map((outcome) => JSON.stringify(outcome))).size, 1);
    assert.deepEqual(await receipt(store, actionId, unknown), stood[0]);
    assert.deepEqual((await store.claims.get(actionId))?.outcome, stood[0]);
    const chain = await store.ledger.ofSubject(actionId);
    assert.deepEqual(
      chain.map((entry) => entry.step),
      ['ruled', 'claimed', 'attempted:1', 'settled'],
    );
    assert.deepEqual(chain[3]?.fact, { kind: 'settled', outcome: stood[0] });
  },

  'an unknown outcome may be corrected once it is known, and both are on record': async ({ store }) => {
    const id = aConversationId();
    const { actionId } = claimOf(id);
    await store.record([proposed(id)]);
    await claim(store, claimOf(id));
    assert.deepEqual(await receipt(store, actionId, unknown, 60), unknown);
    assert.deepEqual(await receipt(store, actionId, unknown, 61), unknown);
    assert.deepEqual(await receipt(store, actionId, succeeded, 62), succeeded);
    assert.deepEqual(await receipt(store, actionId, { kind: 'failed', reason: 'no' }, 63), succeeded);
    const chain = await store.ledger.ofSubject(actionId);
    assert.deepEqual(
      chain.map((entry) => entry.step),
      ['proposed', 'ruled', 'claimed', 'attempted:1', 'settled', 'corrected'],
    );
    assert.deepEqual((await store.actions.get(actionId))?.outcome, succeeded);
  },

  'a receipt that comes after the Workflow gave up is on record as a correction': async ({ store }) => {
    const id = aConversationId();
    const { actionId } = claimOf(id);
    await store.record([proposed(id)]);
    await claim(store, claimOf(id));
    await store.record([settled(id, unknown)]);
    assert.deepEqual(await receipt(store, actionId, succeeded, 80), succeeded);
    const chain = await store.ledger.ofSubject(actionId);
    assert.deepEqual(chain.at(-1)?.fact, { kind: 'settled', outcome: succeeded });
    assert.deepEqual((await store.actions.get(actionId))?.outcome, succeeded);
  },

  'there is no receipt without a claim': async ({ store }) => {
    await assert.rejects(receipt(store, 'nobody:1:0', succeeded), /no claim of nobody:1:0/);
    assert.deepEqual(await store.ledger.ofSubject('nobody:1:0'), []);
  },

  'open writes are those of the tool that have not ended or may have happened': async ({ store }) => {
    const id = aConversationId();
    const open = async () => (await store.actions.openWrites(id, 'refund')).map((row) => row.id);
    await store.record([proposed(id, 0), proposed(id, 1)]);
    assert.deepEqual((await open()).toSorted(), [`${id}:1:0`, `${id}:1:1`]);
    await store.record([settled(id, unknown)]);
    assert.equal((await open()).length, 2);
    await store.record([settled(id, { kind: 'failed', reason: 'no' }, 'corrected')]);
    assert.deepEqual(await open(), [`${id}:1:1`]);
    assert.deepEqual(await store.actions.openWrites(id, 'another tool'), []);
  },
};
