// Builders of whole, valid values for tests of pure functions: name only what the test is about.
import type { Evidence, Proposal, RuledAction } from '../../domain/action.ts';
import type { Verdict } from '../../domain/verdict.ts';
import { type Approval, type CountedDecision, openApproval } from '../../domain/approval.ts';
import type { SubmittedMessage } from '../../domain/conversation.ts';

export const ADA = { id: 'customer-ada', name: 'Ada', tenant: 'default' };

export function aProposal(over: Partial<Proposal> = {}): Proposal {
  return {
    actionId: 'c1:1:0',
    conversationId: 'c1',
    turn: 1,
    agent: 'support-desk',
    tenant: 'default',
    callId: 'call-1',
    tool: 'refund',
    toolVersion: '1',
    args: '{"amountCents":7200,"order":1042}',
    salt: 'salt',
    digest: 'd1',
    principal: ADA,
    effect: 'irreversible',
    summary: 'refund order 1042 · 72.00 EUR',
    timeoutMs: 10_000,
    inspects: true,
    preconditions: ['state'],
    then: 'nothing',
    ...over,
  };
}

export function anEvidence(record: Evidence['record'] = { state: 'delivered' }): Evidence {
  return { asOfMs: 1_000, version: '1', subject: ADA.id, record };
}

export const ASK = {
  kind: 'ask',
  ruleId: 'refund.asks',
  ruleVersion: 'v1',
  reason: 'money leaves',
  group: 'finance',
  quorum: 1,
  withinMs: 60_000,
} as const satisfies Verdict;
export const ALLOW = { kind: 'allow', ruleId: 'read.own', ruleVersion: 'v1', reason: 'own' } as const satisfies Verdict;
export const DENY = { kind: 'deny', ruleId: 'no', ruleVersion: 'v1', reason: 'never' } as const satisfies Verdict;

export function aRuledAction(verdict: Verdict, over: Partial<Proposal> = {}): RuledAction {
  return { proposal: aProposal(over), evidence: anEvidence(), verdict, signed: 'signed' };
}

export function anApproval(over: Partial<Approval> = {}): Approval {
  return { ...openApproval('c1:1:0.0.0', 'c1:1:0', aProposal(), anEvidence(), ASK, 1_000), ...over };
}

export function aDecision(over: Partial<CountedDecision> = {}): CountedDecision {
  return { decisionId: 'd-1', personId: 'finn', answer: 'approve', reason: '', atMs: 2_000, signed: 's', ...over };
}

export function aMessage(id: string, principalId = ADA.id): SubmittedMessage {
  return { id, text: `text of ${id}`, principalId, signed: `signed ${id}` };
}
