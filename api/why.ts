// Why an action happened: its entries in the ledger as a story, for staff, as JSON and as a page. Nothing is read but the
// ledger, and the items that it names, so the answer takes the same time whatever the ledger's length.
// May import domain, trust, store.
import type { FactOf, RecordedEntry } from '../domain/entry.ts';
import {
  approvalId,
  conversationWorkflowId,
  messageKey,
  parseApprovalId,
  questionId,
  waitingWorkflowId,
} from '../domain/ids.ts';
import { tellWhy } from '../domain/why.ts';
import type { Known } from '../domain/why-lines.ts';
import type { ActionRow, Store } from '../store/ports.ts';
import { actionDigest, itemDigest } from '../trust/digest.ts';
import type { Access } from './access.ts';
import type { Caller } from './auth.ts';
import type { ApiDeps } from './deps.ts';
import { isAuditor, readBy } from './ledger.ts';
import { Problem } from './problem.ts';
import { type Route, route } from './route.ts';
import { OfAnything } from './schemas.ts';
import { Why, type WhyView } from './why-schema.ts';
import { whyPage } from './why-page.ts';

type Deps = Pick<ApiDeps, 'store' | 'temporalUiUrl' | 'nowMs'>;
type Reads = { readonly ledger: Pick<Store['ledger'], 'chain'>; readonly items: Pick<Store['items'], 'load'> };

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

async function explain(
  { store, temporalUiUrl, nowMs }: Deps,
  access: Access,
  caller: Caller,
  id: string,
): Promise<WhyView> {
  const row = await actionFor(store, access, caller, id);
  const { entries, known } = await gather(store, row);
  const [first, last] = [entries[0], entries.at(-1)];
  if (first && last) await store.record([readBy({ nowMs }, caller, first.seq, last.seq, 'why')]);
  const lines = tellWhy(entries, known);
  const covered = (coverage: string) => lines.filter((line) => line.coverage === coverage).length;
  return {
    action: {
      ...{ id: row.id, conversationId: row.conversationId, agent: row.agent, tool: row.tool, effect: row.effect },
      ...{ summary: row.summary, digest: row.digest, outcome: row.outcome?.kind ?? null },
    },
    lines: lines.map((line) => ({ ...line })),
    coverage: { enforced: covered('enforced'), attributed: covered('attributed'), unknown: covered('unknown') },
    links: workflowsOf(row).map((workflowId) => ({
      workflowId,
      url: temporalUiUrl === undefined ? null : `${temporalUiUrl}/workflows/${encodeURIComponent(workflowId)}`,
    })),
  };
}

/** For auditors, and for staff of the agent. Throws `not_found`, or `missing_scope` for whoever may see the action only. */
async function actionFor(store: Deps['store'], access: Access, caller: Caller, id: string): Promise<ActionRow> {
  const audited = isAuditor(caller) ? await store.actions.get(id) : undefined;
  if (audited !== undefined) return audited;
  const { row, eyes } = await access.action(caller, id);
  if (eyes === 'staff') return row;
  throw new Problem('missing_scope', 'Why an action happened is for the agent’s team, operators and auditors.');
}

// 3 rounds of asking, and 2 of a question: see MAX_ASKS and QUESTION_ROUNDS; one more each, for an older version's.
const ROUNDS = [0, 1, 2, 3];
// 50: the most model calls that a turn may have (see domain/agent.ts).
const MODEL_CALLS = Array.from({ length: 50 }, (_, call) => call);

/** The entries of the action, in order, and what of its words is kept. */
async function gather(
  { ledger, items }: Reads,
  row: ActionRow,
): Promise<{ readonly entries: readonly RecordedEntry[]; readonly known: Known }> {
  const { id, conversationId } = row;
  const own = await ledger.chain([id, ...approvalsOf(row), ...workflowsOf(row)], NOTHING_ELSE);
  const proposed = factOf(own, 'proposed')?.proposal;
  const origin = proposed?.origin;
  const messageId = origin?.messageId ?? factOf(own, 'claimed')?.warrant?.messageId;
  const turn = Number(id.split(':')[1]);
  const steps = [
    ...(messageId === undefined ? [] : [messageKey(messageId)]),
    ...MODEL_CALLS.map((call) => `model:${turn}:${call}`),
  ];
  const around = await ledger.chain([], { subject: conversationId, steps });
  const before = around.filter(({ fact }) => fact.kind !== 'model_call' || isOrigin(fact, origin?.itemId));
  const entries = [...own, ...before].toSorted((one, other) => one.seq - other.seq);
  const found = await items.load(conversationId, [
    ...new Set(entries.flatMap(itemsOf)),
    ...(origin ? [origin.itemId] : []),
  ]);
  const kept = new Map(found.map((item) => [item.id, { item, digest: itemDigest(item) }]));
  const isWhole = own.some(({ fact, seal }) => fact.kind === 'proposed' && seal === 'fits');
  return {
    entries,
    known: { items: kept, digestNow: proposed !== undefined && isWhole ? actionDigest(proposed) : undefined },
  };
}

const NOTHING_ELSE = { subject: '', steps: [] };

/** Where it is not on record which call proposed it, all of the turn are told. */
const isOrigin = (fact: FactOf<'model_call'>, itemId: string | undefined): boolean =>
  itemId === undefined || fact.itemId === itemId;

function factOf<K extends 'proposed' | 'claimed'>(entries: readonly RecordedEntry[], kind: K): FactOf<K> | undefined {
  return entries.map(({ fact }) => fact).find((fact): fact is FactOf<K> => fact.kind === kind);
}

function itemsOf({ fact }: RecordedEntry): readonly string[] {
  if (fact.kind === 'message') return [fact.itemId];
  if (fact.kind !== 'model_call') return [];
  return [fact.itemId, ...fact.shown.map((one) => (typeof one === 'string' ? one : one.id))];
}

function approvalsOf({ id, approvalId: own }: ActionRow): readonly string[] {
  const parts = own === null ? undefined : parseApprovalId(own);
  const asked = parts === undefined ? [] : ROUNDS.map((round) => approvalId(parts.batchId, parts.index, round));
  return [...asked, ...ROUNDS.map((round) => approvalId(questionId(id), 0, round))];
}

/** The Workflows in which it lives: what is behind an approval is a batch. */
function workflowsOf({ id, conversationId, approvalId: own, outcome }: ActionRow): readonly string[] {
  const batchId = own === null ? undefined : parseApprovalId(own)?.batchId;
  return [
    conversationWorkflowId(conversationId),
    ...(batchId === undefined ? [] : [waitingWorkflowId(batchId)]),
    ...(outcome?.kind === 'unknown' ? [waitingWorkflowId(questionId(id))] : []),
  ];
}
