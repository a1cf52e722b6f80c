// Why an action happened: its entries in the ledger as a story, for staff, as JSON and as a page. Its read model says where
// to look (conversation, approval) and stands in for what has no entry; all else is of the ledger, and of the items that it
// names, so the answer takes the same time whatever the ledger's length. May import domain, trust, store.
import { MOST } from '../domain/agent.ts';
import { MAX_CHAIN_ENTRIES, type RecordedEntry } from '../domain/entry.ts';
import type { ItemMark } from '../domain/item.ts';
import {
  approvalId,
  isAnewOf,
  conversationWorkflowId,
  MAX_ROUNDS,
  messageKey,
  parseApprovalId,
  parseStepId,
  procedureId,
  questionId,
  waitingWorkflowId,
} from '../domain/ids.ts';
import { MAX_MODEL_ATTEMPTS } from '../domain/model.ts';
import { tellWhy } from '../domain/why.ts';
import { type Chain, chainOf } from '../domain/why-chain.ts';
import type { Known } from '../domain/why-line.ts';
import type { ActionRow } from '../store/ports.ts';
import { actionDigest, itemDigest, questionDigest } from '../trust/digest.ts';
import type { Access } from './access.ts';
import type { Caller } from './auth.ts';
import type { ApiDeps } from './deps.ts';
import { isAuditor, readBy } from './ledger.ts';
import { MAX_PAGE } from './limits.ts';
import { Problem } from './problem.ts';
import { type Route, route } from './route.ts';
import { OfAnything } from './schemas.ts';
import { Why, type WhyView } from './why-schema.ts';
import { whyPage } from './why-page.ts';
import { proofsOf } from './why-proofs.ts';

type Deps = Pick<ApiDeps, 'store' | 'verifier' | 'temporalUiUrl' | 'nowMs'>;

export function whyRoutes(deps: Deps, access: Access): readonly Route[] {
  const common = {
    method: 'get',
    scope: ['ledger:read', 'conversations:read', 'approvals:decide', 'operate'],
    params: OfAnything,
  } as const;
  return [
    route({
      ...common,
      path: '/v1/actions/{id}/why',
      id: 'explainAction',
      summary: 'Why it happened, or did not: its entries in the ledger as a story, and how much each line proves',
      responses: { 200: Why },
      handler: async ({ params, caller }) => ({ status: 200, body: await explain(deps, access, caller, params.id) }),
    }),
    route({
      ...common,
      path: '/actions/{id}/why',
      id: 'explainActionPage',
      summary: 'The same as a page; a browser asks for a name, which may be any, and for the key as the password',
      responses: { 200: 'text/html' },
      handler: async ({ params, caller }) => ({
        status: 200,
        body: whyPage(await explain(deps, access, caller, params.id)),
      }),
    }),
  ];
}

async function explain(deps: Deps, access: Access, caller: Caller, id: string): Promise<WhyView> {
  const { store, temporalUiUrl } = deps;
  const row = await actionFor(store, access, caller, id);
  const { entries, chain, known: ofLedger } = await gather(deps, row);
  const known = { ...ofLedger, waitsFor: await waitsFor(deps, access, row) };
  if (entries.length > 0) await store.record([readBy(deps, caller, { actionId: id, how: 'why' })]);
  const lines = tellWhy(entries, known);
  const covered = (coverage: string) => lines.filter((line) => line.coverage === coverage).length;
  return {
    action: titleOf(row, chain),
    lines: lines.map((line) => ({ ...line })),
    coverage: { enforced: covered('enforced'), attributed: covered('attributed'), unknown: covered('unknown') },
    links: workflowsOf(row).map((workflowId) => ({
      workflowId,
      url: temporalUiUrl === undefined ? null : `${temporalUiUrl}/workflows/${encodeURIComponent(workflowId)}`,
    })),
  };
}

/** Of a procedure that has not ended: what its open steps wait for, or that they go on. */
async function waitsFor({ store, nowMs }: Deps, access: Access, row: ActionRow): Promise<readonly string[]> {
  if (row.effect !== 'start' || row.outcome !== null) return [];
  const isStep = (actionId: string) => parseStepId(actionId)?.start === row.id;
  const { conversationId } = row;
  const tenant = (await store.conversations.get(conversationId))?.tenant ?? '';
  const page = {
    tenant,
    conversationId,
    groups: access.everyGroup,
    nowMs: nowMs(),
    cursor: '',
    limit: MAX_PAGE,
  } as const;
  const open = (await store.approvals.list({ ...page, end: 'open' })).rows.filter(({ actionId }) => isStep(actionId));
  return open.map(({ id, actionId, summary, group, deadlineMs }) => {
    const until = new Date(deadlineMs).toISOString();
    return `it waits for its step ${actionId}: ${summary} waits for ${group} until ${until} (approval ${id})`;
  });
}

/** As its entries say. Where one is not there, or not any more, as the read model does. */
function titleOf(row: ActionRow, { proposal, isProposalWhole, outcomes }: Chain): WhyView['action'] {
  const { agent, tool, effect, digest } = proposal ?? row;
  const { summary } = isProposalWhole && proposal !== undefined ? proposal : row;
  const outcome = outcomes.at(-1)?.fact.outcome ?? row.outcome;
  const { id, conversationId } = row;
  return { id, conversationId, agent, tool, effect, summary, digest, outcome: outcome?.kind ?? null };
}

/** For auditors, and for staff of the agent. Throws `not_found`, or `missing_scope` for whoever may see the action only. */
async function actionFor(store: Deps['store'], access: Access, caller: Caller, id: string): Promise<ActionRow> {
  const audited = isAuditor(caller) ? await store.actions.get(id) : undefined;
  if (audited !== undefined) return audited;
  const { row, eyes } = await access.action(caller, id);
  if (eyes === 'staff') return row;
  throw new Problem('missing_scope', 'Why an action happened is for the agent’s team, operators and auditors.');
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at);

interface Gathered {
  readonly entries: readonly RecordedEntry[];
  readonly chain: Chain;
  readonly known: Known;
}

/** The entries of the action, in order, and what is known beside them. */
async function gather({ store: { ledger, items }, verifier }: Deps, row: ActionRow): Promise<Gathered> {
  const { id, conversationId } = row;
  const own = ofThis(id, await ledger.chain([id, ...approvalsOf(row), ...workflowsOf(row)], NOTHING_ELSE));
  const { proposal, warrant } = readable(() => chainOf(own)) ?? chainOf([]);
  const origin = proposal?.origin;
  const around = await ledger.chain([], {
    subject: conversationId,
    steps: stepsAround(id, origin?.messageId ?? warrant?.messageId),
  });
  const entries = [...own, ...ofItsCall(around, origin?.itemId)].toSorted((one, other) => one.seq - other.seq);
  const ids = [...new Set([...entries.flatMap(itemsOf), ...(origin ? [origin.itemId] : [])])];
  const kept = new Map(
    (await items.load(conversationId, ids)).map((item) => [item.id, { item, digest: itemDigest(item) }]),
  );
  entries.unshift(...(await whoSummedUp(ledger, conversationId, kept)));
  const chain = readable(() => chainOf(entries)) ?? chainOf([]);
  const digestNow = chain.isProposalWhole && proposal ? readable(() => actionDigest(proposal)) : undefined;
  const known: Known = {
    items: kept,
    digestNow,
    questionDigest: proposal && questionDigest('unknown', id, proposal.digest),
    proofs: verifier === undefined ? new Map() : await proofsOf(verifier, chain, kept),
    isCut: own.length >= MAX_CHAIN_ENTRIES || around.length >= MAX_CHAIN_ENTRIES,
  };
  return { entries, chain, known };
}

/** The calls that chose what stands in the summaries which the model saw. */
async function whoSummedUp(
  ledger: Deps['store']['ledger'],
  conversationId: string,
  kept: Known['items'],
): Promise<readonly RecordedEntry[]> {
  const summaries = [...kept.values()].flatMap(({ item }) => (item.body.kind === 'summary' ? [item.turn] : []));
  if (summaries.length === 0) return [];
  return ledger.chain([], { subject: conversationId, steps: summaries.map((turn) => `model:${turn}:summary`) });
}

/** What people were asked before it was proposed anew, or afterwards, is the story of that other action. */
function ofThis(id: string, own: readonly RecordedEntry[]): readonly RecordedEntry[] {
  const asks = ({ fact, isAltered }: RecordedEntry) =>
    fact.kind === 'approval_requested' && isAltered !== true && isAnewOf(fact.approval.actionId, id);
  const others = new Set(own.filter(asks).map(({ subject }) => subject));
  return own.filter(({ subject }) => !others.has(subject));
}

/** Undefined where somebody has written, and hashed, what no entry of ours looks like. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

const NOTHING_ELSE = { subject: '', steps: [] };

/** Entries of the conversation that may be of it: its message, the intake, and all model calls of its turn, also in vain. */
function stepsAround(id: string, messageId: string | undefined): readonly string[] {
  const turn = Number(id.split(':')[1]);
  const calls = upTo(MOST.modelCallsPerTurn).map((call) => `model:${turn}:${call}`);
  const inVain = calls.flatMap((step) => upTo(MAX_MODEL_ATTEMPTS).map((at) => `${step}:failed:${at + 1}`));
  const intake = `intake:${turn}`;
  return [...(messageId === undefined ? [] : [messageKey(messageId)]), intake, ...calls, ...inVain];
}

/** Where it is not on record which call proposed it, all of the turn are told. */
function ofItsCall(around: readonly RecordedEntry[], itemId: string | undefined): readonly RecordedEntry[] {
  const isOrigin = ({ fact }: RecordedEntry) => fact.kind === 'model_call' && fact.itemId === itemId;
  const call = itemId === undefined ? undefined : around.find(isOrigin)?.step;
  return around.filter((one) => {
    if (one.fact.kind === 'model_call') return itemId === undefined || one.isAltered === true || isOrigin(one);
    return one.fact.kind !== 'model_call_failed' || call === undefined || one.step.startsWith(`${call}:`);
  });
}

function itemsOf({ fact, isAltered }: RecordedEntry): readonly string[] {
  if (isAltered === true) return [];
  if (fact.kind === 'message') return [fact.itemId];
  if (fact.kind !== 'model_call' || !Array.isArray(fact.shown)) return [];
  return [fact.itemId, ...fact.shown.map((one: string | ItemMark) => (typeof one === 'string' ? one : one.id))];
}

function approvalsOf({ id, approvalId: own }: ActionRow): readonly string[] {
  const parts = own === null ? undefined : parseApprovalId(own);
  const rounds = upTo(MAX_ROUNDS);
  const asked = parts === undefined ? [] : rounds.map((round) => approvalId(parts.batchId, parts.index, round));
  return [...asked, ...rounds.map((round) => approvalId(questionId(id), 0, round))];
}

/** The Workflows in which it lives: what is behind an approval is a batch; a step, and what started it, have a procedure. */
function workflowsOf({ id, conversationId, approvalId: own, effect, outcome }: ActionRow): readonly string[] {
  const batchId = own === null ? undefined : parseApprovalId(own)?.batchId;
  const start = effect === 'start' ? id : parseStepId(id)?.start;
  return [
    conversationWorkflowId(conversationId),
    ...(start === undefined ? [] : [waitingWorkflowId(procedureId(start))]),
    ...(batchId === undefined ? [] : [waitingWorkflowId(batchId)]),
    ...(outcome?.kind === 'unknown' ? [waitingWorkflowId(questionId(id))] : []),
  ];
}
