// Approvals and actions: see what waits, decide, see what came of it. A decision is signed here, over the digest of the
// exact action, and counts only once the action's Workflow says so. May import domain, trust, store.
import { randomUUID } from 'node:crypto';
import { askedBy, type Approval as ApprovalRow, endApproval, type Question } from '../domain/approval.ts';
import { answersTo, applyDecision, type Receipt as ReceiptOf } from '../domain/decision.ts';
import { entitlementRefusal } from '../domain/entitlement.ts';
import type { Json } from '../domain/json.ts';
import { namesOf } from '../domain/principal.ts';
import type { DecisionAnswer, DecisionStatement, Signed } from '../domain/signed.ts';
import { utf8Bytes } from '../domain/text.ts';
import { MAX_ARGUMENTS_BYTES } from '../domain/tool.ts';
import { canonicalJson } from '../trust/digest.ts';
import type { Access } from './access.ts';
import type { Caller } from './auth.ts';
import type { ApiDeps } from './deps.ts';
import { GatewayError } from './gateway-error.ts';
import { Problem, sentence } from './problem.ts';
import { refusalsOnRecord } from './refusals.ts';
import { type Route, route } from './route.ts';
import {
  Approval,
  ApprovalLooked,
  ApprovalsListed,
  NewDecision,
  Receipt,
  SignedDecision,
  SignsOnly,
} from './approval-schemas.ts';
import { Action, OfAnything, pageOf } from './schemas.ts';
import { actionView, approvalLookedView, approvalView } from './views.ts';

type Deps = Pick<ApiDeps, 'store' | 'gateway' | 'signer' | 'directory' | 'nowMs' | 'log'>;

export function approvalRoutes(deps: Deps, access: Access): readonly Route[] {
  return [listRoute(deps, access), lookRoute(deps, access), decideRoute(deps, access), actionRoute(access)];
}

function listRoute({ store, directory, nowMs }: Deps, access: Access): Route {
  return route({
    method: 'get',
    path: '/v1/approvals',
    id: 'listApprovals',
    summary: 'Approvals and questions of your groups, newest first; the open ones unless ?end= says otherwise',
    scope: ['approvals:decide', 'operate'],
    query: ApprovalsListed,
    responses: { 200: pageOf(Approval) },
    handler: async ({ query: { end, conversationId, cursor, limit }, caller }) => {
      const groups = access.groups(caller);
      const page = await store.approvals.list({
        tenant: caller.principal.tenant,
        end: end === 'all' ? '' : end,
        groups,
        nowMs: nowMs(),
        conversationId,
        cursor,
        limit,
      });
      const names = namesOf(directory);
      return { status: 200, body: { rows: page.rows.map((row) => approvalView(row, names)), next: page.next } };
    },
  });
}

function lookRoute({ directory, nowMs }: Deps, access: Access): Route {
  return route({
    method: 'get',
    path: '/v1/approvals/{id}',
    id: 'getApproval',
    summary:
      'One approval, with what is to be done, on what evidence, and what of it hides or pretends to be something',
    scope: ['approvals:decide', 'operate'],
    params: OfAnything,
    responses: { 200: ApprovalLooked },
    handler: async ({ params, caller }) => {
      const approval = await access.approval(caller, params.id);
      return { status: 200, body: approvalLookedView(approval, namesOf(directory), nowMs()) };
    },
  });
}

function decideRoute(deps: Deps, access: Access): Route {
  return route({
    method: 'post',
    path: '/v1/approvals/{id}/decision',
    id: 'decideApproval',
    summary:
      'Approve, deny, edit, take back or ask back, or answer a question; ?sign=only returns the signed decision unsent',
    scope: ['approvals:decide'],
    params: OfAnything,
    query: SignsOnly,
    body: NewDecision,
    responses: { 200: Receipt.or(SignedDecision) },
    handler: async ({ params, query, body, caller }) => {
      const given = { ...body, method: 'api_key' } as const;
      const decided = await refusalsOnRecord(deps, caller, { ...given, approvalId: params.id }, async () => {
        const approval = await access.approval(caller, params.id);
        if (query.sign !== 'only' || approval.end !== 'open') return takeDecision(deps, caller, approval, given);
        const word = wordOf(deps, caller, approval, given);
        const signed = await sign(deps, caller, approval, word, given.method);
        return { decisionId: word.decisionId, approvalId: approval.id, signed };
      });
      return { status: 200, body: decided };
    },
  });
}

/** What a person answers, and how they were known. The same id is the same decision, however often it comes. */
export interface Given extends Pick<DecisionStatement, 'answer' | 'reason'> {
  readonly id?: string | undefined;
  /** With an edit: all arguments that are to run instead. */
  readonly args?: Readonly<Record<string, unknown>> | undefined;
  /** How they were known: `api_key`, `page`, or the channel's name. */
  readonly method: string;
}

/** The one way in for a person's word, whatever it came by. Throws a Problem, with the receipt, where it does not count. */
export async function takeDecision(
  deps: Deps,
  caller: Caller,
  approval: ApprovalRow,
  given: Given,
): Promise<ReceiptOf> {
  const word = wordOf(deps, caller, approval, given);
  if (approval.end !== 'open') return receiptOfSettled(deps, caller, approval, word);
  const signed = await sign(deps, caller, approval, word, given.method);
  return countedReceipt(await decide(deps, caller, approval, word, signed));
}

/** The decision id carries the person's, so that no one's word is taken for another's. */
function wordOf(deps: Deps, caller: Caller, approval: ApprovalRow, given: Given): Word {
  assertMayAnswer(deps, caller, approval, given.answer);
  const { id = randomUUID(), answer, reason, args } = given;
  const word = { decisionId: `${caller.principal.id}/${id}`, answer, reason };
  return args === undefined ? word : { ...word, args: argumentsIn(args) };
}

function actionRoute(access: Access): Route {
  return route({
    method: 'get',
    path: '/v1/actions/{id}',
    id: 'getAction',
    summary: 'One action: what was ruled on it, whom it waited for, how it ended',
    scope: ['conversations:read', 'approvals:decide', 'operate'],
    params: OfAnything,
    responses: { 200: Action },
    handler: async ({ params, caller }) => {
      const { row, eyes } = await access.action(caller, params.id);
      return { status: 200, body: actionView(row, eyes) };
    },
  });
}

/** Throws a problem that says why the caller may not answer it so. */
export function assertMayAnswer(
  deps: Pick<Deps, 'directory' | 'nowMs'>,
  caller: Caller,
  approval: ApprovalRow,
  answer: DecisionAnswer,
): void {
  assertMayDecide(deps, caller, approval);
  assertAnswers(approval, answer);
}

/** The API refuses early and in words; the Workflow and the actor check again. */
export function assertMayDecide(
  { directory, nowMs }: Pick<Deps, 'directory' | 'nowMs'>,
  { principal }: Caller,
  approval: ApprovalRow,
): void {
  const refused = entitlementRefusal(directory, askedBy(approval), principal.id, nowMs());
  if (refused === undefined) return;
  throw new Problem('not_a_member', sentence(refused.text), { refusal: refused.why });
}

/** One text, whatever order the members came in; the Workflow reads it by the tool's schema, and by no other. */
function argumentsIn(args: Readonly<Record<string, unknown>>): string {
  const text = canonicalIn(args);
  const bytes = utf8Bytes(text);
  if (bytes <= MAX_ARGUMENTS_BYTES) return text;
  const detail = `args: the arguments have ${bytes} bytes in UTF-8, and may have ${MAX_ARGUMENTS_BYTES}; nothing was decided. Write less, or name a file that holds the rest.`;
  throw new Problem('bad_request', detail);
}

function canonicalIn(args: Readonly<Record<string, unknown>>): string {
  try {
    return canonicalJson(args as Json);
  } catch {
    throw new Problem('bad_request', 'args: must be JSON whose texts are well-formed Unicode.');
  }
}

/** Leave is given or denied, a question is answered; whoever mixes them up has not looked at what is asked. */
function assertAnswers(approval: ApprovalRow, answer: DecisionAnswer): void {
  const right = answersTo(approval);
  if (right.includes(answer)) return;
  const words = right.map((word) => `"${word}"`).join(' or ');
  const asks = ASKS[approval.question ?? 'leave'];
  throw new Problem('bad_request', `This ${asks}: answer ${words}, not "${answer}".`, {
    members: { issues: [{ path: 'body.answer', message: `must be ${words}` }] },
    refusal: 'wrong_answer',
  });
}

const ASKS: Readonly<Record<Question | 'leave', string>> = {
  leave: 'asks for leave',
  unknown: 'asks whether it happened',
  budget: 'asks for more of a budget',
};

type Word = Pick<DecisionStatement, 'decisionId' | 'answer' | 'reason' | 'args'>;

function sign(
  deps: Deps,
  caller: Caller,
  { id, digest }: ApprovalRow,
  word: Word,
  method: Given['method'],
): Promise<Signed<DecisionStatement>> {
  const { principal: person } = caller;
  const statement = {
    kind: 'decision',
    approvalId: id,
    digest,
    ...word,
    person,
    method,
    atMs: deps.nowMs(),
  } as const;
  return deps.signer.sign<DecisionStatement>(statement);
}

async function decide(
  deps: Deps,
  caller: Caller,
  approval: ApprovalRow,
  word: Word,
  signed: Signed<DecisionStatement>,
): Promise<ReceiptOf> {
  try {
    return await deps.gateway.decide({ approvalId: approval.id, ...word }, signed);
  } catch (error) {
    if (!(error instanceof GatewayError) || error.fault.kind !== 'ended') throw error;
  }
  // The Workflow is gone. What it came to was put on record before it ended.
  const now = (await deps.store.approvals.get(approval.id)) ?? approval;
  if (now.end !== 'open') return receiptOfSettled(deps, caller, now, word);
  await recordGone(deps, now);
  const gone =
    now.question === undefined
      ? `What was to be approved is gone: ${now.summary}. It was cancelled, and nothing will run.`
      : `Nobody waits for this answer any more: ${now.summary}. The question was cancelled.`;
  throw new Problem('approval_gone', gone, { refusal: 'over' });
}

/**
 * Put on record that an open approval is cancelled, because its Workflow is gone, and all that was asked there with it. What
 * has ended stays as it ended.
 */
export async function recordGone(
  { store, nowMs }: Pick<Deps, 'store' | 'nowMs'>,
  { batchId }: Pick<ApprovalRow, 'batchId'>,
): Promise<void> {
  const open = (await store.approvals.ofBatch(batchId)).filter(({ end }) => end === 'open');
  await store.record(
    open.map((approval) => {
      const { id, conversationId } = approval;
      const fact = { kind: 'approval_settled', approval: endApproval(approval, 'cancelled') } as const;
      return { subject: id, step: 'settled', conversationId, atMs: nowMs(), fact };
    }),
  );
}

/** The caller's own decision gets its receipt again; anyone else, or another answer, learns that it is over. */
function receiptOfSettled(
  { nowMs }: Pick<Deps, 'nowMs'>,
  { principal }: Caller,
  approval: ApprovalRow,
  word: Word,
): ReceiptOf {
  const decision = { ...word, personId: principal.id, atMs: nowMs(), signed: '' };
  return countedReceipt(applyDecision(approval, decision).receipt);
}

/** A receipt that says the decision changed nothing is no success: 410 once expired, else 409, with the receipt. */
function countedReceipt(receipt: ReceiptOf): ReceiptOf {
  if (receipt.counted) return receipt;
  const over = receipt.end === 'expired' ? 'approval_expired' : 'approval_settled';
  const type = receipt.end === 'open' ? 'decision_not_counted' : over;
  const refusal = receipt.end === 'open' ? 'not_counted' : 'over';
  throw new Problem(type, sentence(receipt.text), { members: { receipt }, refusal });
}
