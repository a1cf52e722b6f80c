import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Approval, ApprovalEnd } from '../../../domain/approval.ts';
import { BURDEN_BUCKETS_S, type Times } from '../../../domain/burden.ts';
import type { Entry } from '../../../domain/entry.ts';
import type { DecisionAnswer } from '../../../domain/signed.ts';
import { burdenIn } from '../../../store/burden.ts';
import { aConversationId, anApproval, anEntry, requested } from '../builders.ts';
import type { Contract } from '../contract.test.ts';

/** Approvals of rules that no other test knows, asked at a time that none has. */
function aRule() {
  const ruleId = `rule-${randomUUID()}`;
  // Years apart: what other tests have asked is in no period of this one.
  const askedMs = 1e12 + Math.floor(Math.random() * 1e12);
  return { ruleId, askedMs, period: { fromMs: askedMs, toMs: askedMs + 1_000 } };
}

interface Ask {
  readonly ruleId: string;
  readonly askedMs: number;
  readonly end?: ApprovalEnd;
  readonly question?: 'unknown';
}

function anAskOf({ ruleId, askedMs, end = 'open', question }: Ask): { approval: Approval; entries: Entry[] } {
  const open = { ...anApproval(aConversationId(), 'finance', askedMs), ruleId, ...(question && { question }) };
  const approval = { ...open, end };
  const settled = anEntry(open.conversationId, open.id, 'settled', { kind: 'approval_settled', approval });
  return { approval, entries: [requested(open.conversationId, open), ...(end === 'open' ? [] : [settled])] };
}

const said = (of: Approval, answer: DecisionAnswer, afterMs: number, by: { person?: string; method?: string } = {}) => {
  const { person: personId = 'finn', method = 'api_key' } = by;
  const decisionId = `${personId}/${randomUUID()}`;
  const about = { approvalId: of.id, decisionId, personId, answer, method, signed: 'a.b.c', receipt: 'r \u0000' };
  return anEntry(
    of.conversationId,
    of.id,
    `decided:${decisionId}`,
    { kind: 'decided', ...about },
    of.askedMs + afterMs,
  );
};

const seen = (of: Approval, personId: string, afterMs: number) =>
  anEntry(
    ...([of.conversationId, of.id, `seen:${personId}`] as const),
    { kind: 'approval_seen', approvalId: of.id, personId, method: 'page' },
    of.askedMs + afterMs,
  );

const shown = ({ id, batchId, conversationId, askedMs }: Approval, channel: string, afterMs: number) => {
  const where = { address: { to: 'C1', thread: '' }, ref: { to: 'C1', id: '1' } };
  const fact = { kind: 'card_shown', batchId, channel, ...where, sha256: `${afterMs}` } as const;
  return anEntry(conversationId, id, `card_shown:${channel} C1 1:${afterMs}`, fact, askedMs + afterMs);
};

const took = (...ms: readonly number[]): Pick<Times, 'count' | 'sumMs' | 'buckets'> => ({
  count: ms.length,
  sumMs: ms.reduce((sum, one) => sum + one, 0),
  buckets: BURDEN_BUCKETS_S.map((s) => ms.filter((one) => one <= s * 1000).length),
});
const none = { ...took(), medianMs: null, p10Ms: null };

export const burdenContract: Contract = {
  'the burden of a rule is what it asked, what was answered and how soon, from the ask, the page or the card': async ({
    store,
  }) => {
    const { period, ...rule } = aRule();
    const asks = Array.from({ length: 4 }, () => anAskOf({ ...rule, end: 'approved' }));
    const [first, second, third, fourth] = asks.map(({ approval }) => approval) as [
      Approval,
      Approval,
      Approval,
      Approval,
    ];
    await store.record([
      ...asks.flatMap(({ entries }) => entries),
      ...anAskOf({ ...rule, end: 'expired' }).entries,
      ...anAskOf(rule).entries,
      // By the page, though there was a card; what was asked back takes no time to decide.
      ...[shown(first, 'slack', 100), seen(first, 'finn', 4_000), said(first, 'ask_back', 5_000)],
      said(first, 'approve', 10_000, { method: 'slack' }),
      // By the card of that channel, as it stood there first; the look was another person's, or came too late.
      ...[shown(second, 'slack', 1_000), shown(second, 'slack', 15_000), shown(second, 'pigeon', 10)],
      ...[seen(second, 'olga', 2_000), seen(second, 'finn', 30_000)],
      said(second, 'deny', 20_000, { method: 'slack' }),
      // By neither; two people, one of whom takes it back.
      ...[shown(third, 'slack', 10), said(third, 'approve', 1_000), said(third, 'withdraw', 2_000)],
      ...[said(third, 'approve', 3_000, { person: 'olga' }), said(fourth, 'edit', 40_000)],
    ]);
    const { rules, ...about } = await store.reports.burden(period);
    assert.deepEqual(about, { ...period, isCut: false });
    assert.deepEqual(rules, [
      {
        ...{ agent: 'support-desk', ruleId: rule.ruleId, asked: 6, expired: 1, open: 1 },
        answers: { approve: 3, deny: 1, edit: 1, withdraw: 1, ask_back: 1 },
        decided: { ...took(1_000, 3_000, 10_000, 20_000, 40_000), medianMs: 10_000, p10Ms: 1_800 },
        page: { ...took(6_000), medianMs: 6_000, p10Ms: 6_000 },
        card: { ...took(19_000), medianMs: 19_000, p10Ms: 19_000 },
      },
    ]);
  },

  'the burden is of asks within its period only, of each rule for itself, and of no question': async ({ store }) => {
    const { period, ruleId, askedMs } = aRule();
    const other = `${ruleId} 2`;
    await store.record(
      [
        ...[anAskOf({ ruleId, askedMs }), anAskOf({ ruleId, askedMs: askedMs + 999 })],
        ...[anAskOf({ ruleId, askedMs: askedMs - 1 }), anAskOf({ ruleId, askedMs: askedMs + 1_000 })],
        anAskOf({ ruleId: 'question.unknown', askedMs, question: 'unknown' }),
        anAskOf({ ruleId: other, askedMs, end: 'cancelled' }),
      ].flatMap(({ entries }) => entries),
    );
    const { rules } = await store.reports.burden(period);
    const nothing = { agent: 'support-desk', expired: 0, decided: none, page: none, card: none };
    const answers = { approve: 0, deny: 0, edit: 0, withdraw: 0, ask_back: 0 };
    assert.deepEqual(rules, [
      { ...nothing, ruleId, asked: 2, open: 2, answers },
      { ...nothing, ruleId: other, asked: 1, open: 0, answers },
    ]);
    assert.deepEqual(await store.reports.burden({ fromMs: 0, toMs: 1 }), {
      fromMs: 0,
      toMs: 1,
      rules: [],
      isCut: false,
    });
  },

  'of more asks than are counted the newest are, and the burden says since when': async ({ db, store }) => {
    const { period, ruleId, askedMs } = aRule();
    const asks = [0, 1, 2].map((after) => anAskOf({ ruleId, askedMs: askedMs + after }));
    await store.record(asks.flatMap(({ entries }) => entries));
    const cut = await burdenIn(db, period, 2);
    assert.deepEqual([cut.isCut, cut.fromMs, cut.rules[0]?.asked], [true, askedMs + 1, 2]);
    const whole = await burdenIn(db, period, 3);
    assert.deepEqual([whole.isCut, whole.fromMs, whole.rules[0]?.asked], [false, askedMs, 3]);
  },
};
