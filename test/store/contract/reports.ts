import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { FactOf } from '../../../domain/entry.ts';
import { aConversationId, aProposal, anApproval, anEntry, opened, proposed, requested } from '../builders.ts';
import type { Contract } from '../contract.test.ts';

/** A conversation of somebody whom no other test knows. */
function ownedBy(id: string, owner: string, agent = 'support-desk') {
  const entry = opened(id);
  return { ...entry, fact: { ...(entry.fact as FactOf<'conversation_opened'>), owner, agent } };
}

const called = (id: string, call: number, cost: FactOf<'model_call'>['cost'], atMs: number) =>
  anEntry(
    id,
    id,
    `model:1:${call}`,
    {
      ...{ kind: 'model_call', turn: 1, model: 'm', requestId: 'r', shown: [], itemId: 'i', itemDigest: 'd' },
      ...{ promptTokens: 100, completionTokens: 10, cost },
    },
    atMs,
  );

export const reportsContract: Contract = {
  'a report counts what an owner’s agents did in a period, and nothing else': async ({ store }) => {
    const [id, other, owner] = [aConversationId(), aConversationId(), `owner-${randomUUID()}`];
    const eur = { currency: 'EUR', micros: 1_500 };
    const { actionId } = aProposal(id);
    const settled = { kind: 'settled', outcome: { kind: 'denied', reason: 'a person denied it \u0000' } } as const;
    await store.record([ownedBy(id, owner), ownedBy(other, `${owner} 2`)]);
    await store.record([
      ...[proposed(id), requested(id, anApproval(id)), anEntry(id, actionId, 'settled', settled)],
      ...[proposed(id, 1), proposed(other)],
      ...[called(id, 0, eur, 25), called(id, 1, eur, 30), called(id, 2, null, 30), called(other, 0, eur, 30)],
    ]);
    assert.deepEqual(await store.reports.ofOwner({ owner, fromMs: 20, toMs: 31 }), {
      outcomes: { denied: 1, open: 1 },
      ...{ asks: 1, questions: 0, modelCalls: 3, promptTokens: 300, completionTokens: 30 },
      ...{ cost: [{ currency: 'EUR', micros: 3_000 }], unpriced: 1 },
    });
    const nothing = { outcomes: {}, asks: 0, questions: 0, modelCalls: 0, promptTokens: 0, completionTokens: 0 };
    const empty = { ...nothing, cost: [], unpriced: 0 };
    assert.deepEqual(await store.reports.ofOwner({ owner, fromMs: 31, toMs: 99 }), empty, 'the end is not within');
    assert.deepEqual(await store.reports.ofOwner({ owner: 'nobody', fromMs: 0, toMs: 99 }), empty);
  },

  'an orphan is what is open and whose agent or owner is not here': async ({ store }) => {
    const [agent, owner] = [`agent-${randomUUID()}`, `owner-${randomUUID()}`];
    const [id, closed] = [aConversationId(), aConversationId()];
    await store.record([ownedBy(id, owner, agent), ownedBy(closed, owner, agent)]);
    const phase = { kind: 'phase', phase: 'closed', by: 'x', reason: '' } as const;
    await store.record([anEntry(closed, closed, 'closed', phase)]);
    const orphans = async (agents: readonly string[], people: readonly string[]) =>
      (await store.reports.orphans({ agents, people })).filter((one) => one.agent === agent);
    const orphan = [{ agent, owner, count: 1 }];
    assert.deepEqual(await orphans([agent], [owner]), []);
    assert.deepEqual(await orphans([agent], ['another']), orphan);
    assert.deepEqual(await orphans(['another'], [owner]), orphan);
    assert.deepEqual(await orphans([], []), orphan);
  },
};
