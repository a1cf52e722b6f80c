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
} from '../builders.ts';
import type { Contract } from '../contract.test.ts';

const succeeded: Outcome = { kind: 'succeeded', result: { refund: 'r_1' } };
const unknown: Outcome = { kind: 'unknown', reason: 'the connection broke' };

const claimOf = (id: string) => {
  const { actionId, digest, tool } = aProposal(id);
  return { actionId, conversationId: id, digest, tool, nowMs: 50 };
};
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
    await store.claims.claim(claimOf(id));
    assert.equal(await stageNow(), 'claimed');
    await store.claims.receipt(actionId, succeeded, 60);
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
    await store.claims.claim(claimOf(id));
    await store.record([ruled(id, anAsk), requested(id, anApproval(id))]);
    assert.equal((await store.actions.get(actionId))?.stage, 'claimed');
    await store.record([settled(id, { kind: 'failed', reason: 'no' }), settled(id, succeeded, 'settled twice')]);
    await store.record([ruled(id, anAsk, 'ruled late')]);
    const { stage, outcome, verdict } = (await store.actions.get(actionId))!;
    assert.deepEqual(
      { stage, outcome, verdict },
      { stage: 'settled', outcome: { kind: 'failed', reason: 'no' }, verdict: null },
    );
  },

  'the actions of a conversation come newest first, and are counted by how they ended': async ({ store }) => {
    const id = aConversationId();
    const before = await store.actions.counts();
    await store.record([proposed(id, 0), proposed(id, 1), settled(id, { kind: 'denied', reason: 'no' })]);
    const other = claimOf(aConversationId());
    await store.claims.claim(other);
    const after = await store.actions.counts();
    assert.equal(after['denied'], (before['denied'] ?? 0) + 1);
    assert.equal(after['claimed'], (before['claimed'] ?? 0) + 1);
    await store.claims.receipt(other.actionId, unknown, 60);
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
    const claim = claimOf(id);
    const results = await Promise.all(Array.from({ length: 10 }, () => store.claims.claim(claim)));
    assert.equal(results.filter((result) => result.kind === 'claimed').length, 1);
    const standing = { actionId: claim.actionId, digest: claim.digest, claimedMs: 50, outcome: null };
    assert.deepEqual(
      results.find((result) => result.kind === 'exists'),
      { kind: 'exists', claim: standing },
    );
    assert.deepEqual(await store.claims.get(claim.actionId), standing);
    const chain = await store.ledger.ofSubject(claim.actionId);
    const fact = { kind: 'claimed', digest: claim.digest, tool: claim.tool };
    assert.deepEqual(
      chain.map((entry) => entry.fact),
      [fact],
    );
  },

  'a digest is claimed once, under whatever id; an id once, under whatever digest': async ({ store }) => {
    const [id, other] = [aConversationId(), aConversationId()];
    const claim = claimOf(id);
    assert.deepEqual(await store.claims.claim(claim), { kind: 'claimed' });
    const standing = { actionId: claim.actionId, digest: claim.digest, claimedMs: 50, outcome: null };
    const sameDigest = await store.claims.claim({ ...claimOf(other), digest: claim.digest });
    assert.deepEqual(sameDigest, { kind: 'exists', claim: standing });
    const sameId = await store.claims.claim({ ...claim, digest: 'another' });
    assert.deepEqual(sameId, { kind: 'exists', claim: standing });
    assert.equal(await store.claims.get(claimOf(other).actionId), undefined);
    assert.deepEqual(await store.ledger.ofSubject(claimOf(other).actionId), []);
  },

  'the first receipt stands': async ({ store }) => {
    const claim = claimOf(aConversationId());
    await store.claims.claim(claim);
    const given: Outcome[] = Array.from({ length: 5 }, (_, n) => ({ kind: 'succeeded', result: n }));
    const stood = await Promise.all(given.map((outcome) => store.claims.receipt(claim.actionId, outcome, 60)));
    assert.equal(new Set(stood.map((outcome) => JSON.stringify(outcome))).size, 1);
    assert.deepEqual(await store.claims.receipt(claim.actionId, unknown, 61), stood[0]);
    assert.deepEqual((await store.claims.get(claim.actionId))?.outcome, stood[0]);
    const chain = await store.ledger.ofSubject(claim.actionId);
    assert.deepEqual(
      chain.map((entry) => entry.step),
      ['claimed', 'settled'],
    );
    assert.deepEqual(chain[1]?.fact, { kind: 'settled', outcome: stood[0] });
  },

  'an unknown outcome may be corrected once it is known, and both are on record': async ({ store }) => {
    const id = aConversationId();
    const claim = claimOf(id);
    await store.record([proposed(id)]);
    await store.claims.claim(claim);
    assert.deepEqual(await store.claims.receipt(claim.actionId, unknown, 60), unknown);
    assert.deepEqual(await store.claims.receipt(claim.actionId, unknown, 61), unknown);
    assert.deepEqual(await store.claims.receipt(claim.actionId, succeeded, 62), succeeded);
    assert.deepEqual(await store.claims.receipt(claim.actionId, { kind: 'failed', reason: 'no' }, 63), succeeded);
    const chain = await store.ledger.ofSubject(claim.actionId);
    assert.deepEqual(
      chain.map((entry) => entry.step),
      ['proposed', 'claimed', 'settled', 'corrected'],
    );
    assert.deepEqual((await store.actions.get(claim.actionId))?.outcome, succeeded);
  },

  'a receipt that comes after the Workflow gave up is on record as a correction': async ({ store }) => {
    const id = aConversationId();
    const claim = claimOf(id);
    await store.record([proposed(id)]);
    await store.claims.claim(claim);
    await store.record([settled(id, unknown)]);
    assert.deepEqual(await store.claims.receipt(claim.actionId, succeeded, 80), succeeded);
    const chain = await store.ledger.ofSubject(claim.actionId);
    assert.deepEqual(chain.at(-1)?.fact, { kind: 'settled', outcome: succeeded });
    assert.deepEqual((await store.actions.get(claim.actionId))?.outcome, succeeded);
  },

  'there is no receipt without a claim': async ({ store }) => {
    await assert.rejects(store.claims.receipt('nobody:1:0', succeeded, 60), /no claim of nobody:1:0/);
    assert.deepEqual(await store.ledger.ofSubject('nobody:1:0'), []);
  },
};
