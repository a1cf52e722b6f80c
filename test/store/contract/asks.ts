// What is told of asks by what the ledger has of them, or by what they lack: those that nobody was shown, and those of
// which a rule names no amount.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Approval } from '../../../domain/approval.ts';
import type { Fact } from '../../../domain/entry.ts';
import type { Store } from '../../../store/ports.ts';
import { aConversationId, anApproval, anEntry, requested } from '../builders.ts';
import type { Contract } from '../contract.test.ts';

const carded = ({ id, batchId, conversationId }: Approval, kind: 'card_shown' | 'card_not_shown', mark: string) => {
  const of = { batchId, channel: 'slack', address: { to: 'C1', thread: '' } } as const;
  const fact: Fact =
    kind === 'card_shown' ? { kind, ...of, ref: { to: 'C1', id: '1' }, sha256: mark } : { kind, ...of, reason: 'no' };
  return anEntry(conversationId, id, `${kind}:slack C1 :${mark}`, fact);
};

/** Asked before whatever other tests ask, so that it is among the oldest. */
const longAgo = (): Approval => anApproval(aConversationId(), 'finance', -Math.floor(Math.random() * 1e12));

async function unshown(store: Store, of: readonly Approval[]) {
  const ids = new Set(of.map(({ id }) => id));
  return (await store.reports.unshown()).flatMap(({ approval: { id }, refusedStep }) =>
    ids.has(id) ? [[id, refusedStep]] : [],
  );
}

export const asksContract: Contract = {
  'an open approval is unshown until a card of it stood somewhere, and the last refusal of one is named': async ({
    store,
  }) => {
    const [one, other] = [longAgo(), longAgo()].toSorted((a, b) => a.askedMs - b.askedMs);
    assert.ok(one !== undefined && other !== undefined);
    await store.record([one, other].map((approval) => requested(approval.conversationId, approval)));
    const both = [one, other];
    assert.deepEqual(await unshown(store, both), [
      [one.id, null],
      [other.id, null],
    ]);
    await store.record([carded(one, 'card_not_shown', 'a'), carded(one, 'card_not_shown', 'b')]);
    assert.deepEqual(await unshown(store, [one]), [[one.id, 'card_not_shown:slack C1 :b']]);
    await store.record([carded(one, 'card_shown', 'c'), carded(one, 'card_not_shown', 'd')]);
    assert.deepEqual(await unshown(store, both), [[other.id, null]], 'what stood somewhere was shown');
    const settled = { kind: 'approval_settled', approval: { ...other, end: 'denied' } } as const;
    await store.record([anEntry(other.conversationId, other.id, 'settled', settled)]);
    assert.deepEqual(await unshown(store, both), []);
  },

  'a rule names no amount by what it asked last of each tool, questions aside': async ({ store }) => {
    const [ruleId, askedMs] = [`rule-${randomUUID()}`, 1e13 + Math.floor(Math.random() * 1e12)];
    const asks = (afterMs: number, change: Partial<Approval>) => {
      const approval = { ...anApproval(aConversationId(), 'finance', askedMs + afterMs), ruleId, ...change };
      return store.record([requested(approval.conversationId, approval)]);
    };
    const amount = { currency: 'EUR', minorUnits: 1 };
    const found = async (fromMs: number) =>
      (await store.reports.askedWithoutAmount({ fromMs })).filter((one) => one.ruleId === ruleId);
    await asks(0, { summary: 'a \u0000' });
    const nameless = { agent: 'support-desk', ruleId, tool: 'refund', group: 'finance', escalation: [] };
    assert.deepEqual(await found(askedMs), [nameless]);
    assert.deepEqual(await found(askedMs + 1), []);
    const escalation = [{ group: 'leads', fromMs: 5 }];
    await asks(1, { amount });
    await asks(2, { tool: 'credit', escalation });
    await asks(3, { tool: 'mail', question: 'unknown' });
    assert.deepEqual(await found(askedMs), [{ ...nameless, tool: 'credit', escalation }]);
  },
};
