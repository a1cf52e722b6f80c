// What the tests of the store write: whole values with the named parts changed.
import { randomUUID } from 'node:crypto';
import type { Proposal } from '../../domain/action.ts';
import type { Verdict } from '../../domain/verdict.ts';
import { type Approval, openApproval } from '../../domain/approval.ts';
import type { Entry, Fact, FactOf } from '../../domain/entry.ts';
import type { NewItem } from '../../domain/item.ts';
import type { Reserve } from '../../domain/limit.ts';
import type { Principal } from '../../domain/principal.ts';
import type { DecisionStatement, Signed } from '../../domain/signed.ts';

export const ada = { id: 'cus_ada', name: 'Ada', tenant: 'default' } as const;
export const finn = { id: 'per_finn', name: 'Finn', tenant: 'default' } as const;

/** Each test lives in conversations of its own, so that all can share one database. */
export const aConversationId = (): string => randomUUID();

export const aMessage = (conversationId: string, messageId: string, turn = 1): NewItem => ({
  key: `message:${messageId}`,
  conversationId,
  turn,
  trust: 'principal',
  body: { kind: 'message', text: `text of ${messageId}`, from: ada },
});

export const aReply = (conversationId: string, turn = 1): NewItem => ({
  key: `reply:${turn}`,
  conversationId,
  turn,
  trust: 'model',
  body: { kind: 'reply', text: `reply of ${turn}`, by: 'model' },
});

export const aProposal = (conversationId: string, index = 0): Proposal => ({
  actionId: `${conversationId}:1:${index}`,
  conversationId,
  turn: 1,
  agent: 'support-desk',
  tenant: 'default',
  callId: `call_${index}`,
  tool: 'refund',
  toolVersion: '1',
  args: '{"order":1042}',
  digest: `digest of ${conversationId}:1:${index}`,
  principal: ada,
  effect: 'irreversible',
  summary: 'refund order 1042 · 72.00 EUR',
  timeoutMs: 10_000,
  inspects: true,
  preconditions: [],
  then: 'nothing',
  salt: `salt of ${index}`,
});

/** A warrant and an attempt, as a claim records them. */
export const underWarrant = (verdictStep: string) =>
  ({
    warrant: { messageId: 'm1', verdictStep, decisionIds: [] },
    attempted: { kind: 'attempted', epoch: 1, tool: 'refund', scopes: ['shop:write'], credential: 'minted' },
    taking: { principalId: ada.id, reserves: [] },
  }) as const;

export const aDecided = (approvalId: string, decisionId: string, signed: string): FactOf<'decided'> => {
  const who = { decisionId, personId: finn.id, answer: 'approve', method: 'api_key' } as const;
  return { kind: 'decided', approvalId, ...who, signed, receipt: '{}' };
};

export const anAsk: Extract<Verdict, { kind: 'ask' }> = {
  kind: 'ask',
  ruleId: 'refund.large',
  ruleVersion: 'v1',
  reason: 'above the limit',
  group: 'finance',
  quorum: 1,
  withinMs: 3_600_000,
};

/** What a verdict takes of a limit. */
export const aReserve = (currency: string): Reserve => ({
  ...{ limit: 'refunds', per: 'principal', key: ada.id, period: { name: '2026-11', fromMs: 0, toMs: 1 } },
  ...{ currency, takes: 1, most: null, atMs: 1 },
});

export const evidence = { asOfMs: 5, version: '7', subject: 'cus_ada', record: { status: 'paid' } } as const;

export const anApproval = (conversationId: string, group = 'finance', askedMs = 30): Approval => {
  const proposal = aProposal(conversationId);
  return openApproval(`${proposal.actionId}.0.0`, proposal.actionId, proposal, evidence, { ...anAsk, group }, askedMs);
};

/** Shaped as a compact JWS; the store reads it and verifies nothing. */
export const aSignedDecision = (approval: Approval, decisionId: string): Signed<DecisionStatement> => {
  const statement: DecisionStatement = {
    kind: 'decision',
    decisionId,
    approvalId: approval.id,
    digest: approval.digest,
    answer: 'approve',
    reason: 'fine',
    person: finn,
    method: 'api_key',
    atMs: 40,
  };
  return `e30.${Buffer.from(JSON.stringify(statement)).toString('base64url')}.c2ln`;
};

export const anEntry = (conversationId: string, subject: string, step: string, fact: Fact, atMs = 10): Entry => ({
  subject,
  step,
  conversationId,
  atMs,
  fact,
});

export const opened = (conversationId: string, atMs = 10, principal: Principal = ada): Entry =>
  anEntry(
    conversationId,
    conversationId,
    'opened',
    { kind: 'conversation_opened', agent: 'support-desk', tenant: principal.tenant, owner: 'per_olga', principal },
    atMs,
  );

/** A fact that projects nothing: for tests of the ledger itself. */
export const noted = (conversationId: string, step: string): Entry =>
  anEntry(conversationId, conversationId, step, { kind: 'message_refused', messageId: step, reason: 'a test' });

export const proposed = (conversationId: string, index = 0): Entry => {
  const proposal = aProposal(conversationId, index);
  return anEntry(conversationId, proposal.actionId, 'proposed', { kind: 'proposed', proposal }, 20);
};

export const ruled = (conversationId: string, verdict: Verdict, step = 'ruled'): Entry => {
  const { actionId, digest } = aProposal(conversationId);
  return anEntry(conversationId, actionId, step, { kind: 'ruled', digest, verdict, evidence, signed: 'a.b.c' }, 25);
};

export const requested = (conversationId: string, approval: Approval): Entry =>
  anEntry(conversationId, approval.id, 'requested', { kind: 'approval_requested', approval }, 30);

/** How a run of maintenance goes on that nobody asked for, by a clock that nobody has moved. */
export const BY_ITSELF = { rows: 1_000, movedMs: 0, by: '', beat: () => undefined } as const;
