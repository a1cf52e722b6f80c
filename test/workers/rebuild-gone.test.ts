// What an operator had ended, and its conversation had closed, ends again as people had left it.
import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry } from '../../domain/entry.ts';
import type { DecisionAnswer, DecisionStatement } from '../../domain/signed.ts';
import { pairOf } from '../../store/entries.ts';
import { closedBy } from '../../workers/rebuild/gone.ts';
import { ADA, aProposal, anApproval } from '../domain/builders.ts';

const approval = anApproval({ quorum: 2 });
const { conversationId } = approval;
const about = { subject: approval.id, conversationId };
const closing = {
  ...{ of: { conversationId, agent: 'support-desk', tenant: 'default', turn: 2 }, batchId: approval.batchId },
  ...{ questions: [], atMs: 9_000 },
};

interface Said {
  readonly by: string;
  readonly answer: DecisionAnswer;
  readonly atMs: number;
  readonly args?: string;
}

function decided({ by, answer, atMs, args }: Said): Entry {
  const statement: DecisionStatement = {
    ...{ kind: 'decision', approvalId: approval.id, digest: approval.digest, decisionId: `${by}-${answer}`, answer },
    ...{ reason: 'why', person: { id: by, name: by, tenant: 'default' }, method: 'api', atMs, ...(args && { args }) },
  };
  const signed = `head.${Buffer.from(JSON.stringify(statement)).toString('base64url')}.end`;
  return {
    ...about,
    step: `decided:${by}-${answer}`,
    atMs,
    fact: { ...DECIDED, decisionId: `${by}-${answer}`, answer, signed },
  };
}
const DECIDED = { kind: 'decided', approvalId: approval.id, personId: '', method: 'api', receipt: '' } as const;

/** The approval as it ended, of what is lost in that order. */
function endOf(lost: readonly Entry[], open: readonly (typeof approval)[] = []) {
  const proposal = aProposal({ principal: ADA });
  const all: readonly Entry[] = [
    { ...about, subject: proposal.actionId, step: 'proposed', atMs: 1_000, fact: { kind: 'proposed', proposal } },
    ...lost,
  ];
  const entries = new Map(all.map((entry) => [pairOf(entry), { entry, isGuess: false }]));
  const facts = closedBy(closing, { actions: [], approvals: open }, { entries }).flatMap((one) =>
    one.entries.map(({ fact }) => fact),
  );
  const ended = facts.find((fact) => fact.kind === 'approval_settled')?.approval;
  const said = (ones: typeof approval.decisions = []) =>
    ones.map(({ personId, answer, method, args }) => [personId, answer, method, args].filter((it) => it !== undefined));
  return { end: ended?.end, decisions: said(ended?.decisions), asides: said(ended?.asides) };
}

const requested: Entry = { ...about, step: 'requested', atMs: 1_500, fact: { kind: 'approval_requested', approval } };

test('of what people said only what counts is a decision: not what was asked back, nor what was taken back', () => {
  const lost = [
    requested,
    decided({ by: 'olga', answer: 'ask_back', atMs: 2_000 }),
    decided({ by: 'finn', answer: 'approve', atMs: 3_000 }),
    decided({ by: 'finn', answer: 'withdraw', atMs: 4_000 }),
    decided({ by: 'olga', answer: 'approve', atMs: 5_000 }),
  ];
  const ended = {
    end: 'cancelled',
    decisions: [['olga', 'approve', 'api']],
    asides: [
      ['olga', 'ask_back', 'api'],
      ['finn', 'approve', 'api'],
      ['finn', 'withdraw', 'api'],
    ],
  };
  deepEqual(endOf(lost), ended);
  deepEqual(endOf([...lost.slice(0, 2), ...lost.slice(2).toReversed()]), ended);
});

test('what is left of the approval is counted on', () => {
  const lost = [decided({ by: 'finn', answer: 'approve', atMs: 3_000 })];
  deepEqual(endOf(lost, [approval]), { end: 'cancelled', decisions: [['finn', 'approve', 'api']], asides: [] });
});

test('what somebody wrote in place of the arguments is among it', () => {
  const lost = [requested, decided({ by: 'finn', answer: 'edit', atMs: 3_000, args: '{"order":1}' })];
  deepEqual(endOf(lost), { end: 'cancelled', decisions: [['finn', 'edit', 'api', '{"order":1}']], asides: [] });
});

test('a decision that nobody can read keeps nothing from being closed', () => {
  const unread: Entry = {
    ...{ ...about, step: 'decided:x', atMs: 3_000 },
    fact: { ...DECIDED, decisionId: 'x', answer: 'approve', signed: 'nothing' },
  };
  deepEqual(endOf([requested, unread]), { end: 'cancelled', decisions: [], asides: [] });
});
