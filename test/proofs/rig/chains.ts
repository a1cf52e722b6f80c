// The chain of an action, made anew from Temporal's own histories, without our ledger: what the model was shown, what was
// proposed, the verdict, the decisions and the warrant that the actor was given, and how it ended. The ledger must say the
// same, and `why` must tell all of it.
import type { Client, WorkflowHandle } from '@temporalio/client';
import { z } from 'zod';
import { conversationWorkflowId, parseApprovalId, waitingWorkflowId } from '../../../domain/ids.ts';
import type { Rig } from './rig.ts';
import { ask } from './truth.ts';
import { createHttp } from '../support.ts';
import { createPatient } from '../crash/journey.ts';

type Event = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];
type Payloads = NonNullable<Event['activityTaskScheduledEventAttributes']>['input'];

const Proposal = z.object({
  actionId: z.string(),
  digest: z.string(),
  origin: z.object({ messageId: z.string(), itemId: z.string() }),
});
const Act = z.object({
  proposal: Proposal,
  warrant: z.object({ principal: z.string(), verdict: z.string(), decisions: z.array(z.string()) }),
});
const Ended = z.object({ kind: z.literal('settled'), ending: z.object({ kind: z.string() }) });
const Called = z.object({ show: z.array(z.string()) });
const Answered = z.object({ item: z.object({ id: z.string() }) });

/** One `act` as Temporal has it: what the actor was handed, and what it answered; null while it has not. */
interface Acted {
  readonly task: z.output<typeof Act>;
  readonly ending: string | null;
}

/** From the histories of one conversation and its batches. */
interface Past {
  readonly acts: readonly Acted[];
  /** What each model call was told to show, by the item that it answered with. */
  readonly shown: ReadonlyMap<string, readonly string[]>;
  /** Calls that nothing came of, such as those of a turn that was stopped: providers refuse them, so no model saw them. */
  readonly unanswered: ReadonlySet<string>;
}

const Entry = z.object({
  seq: z.number(),
  kind: z.string(),
  fact: z.looseObject({}),
});
const Claimed = z.object({
  digest: z.string(),
  warrant: z.object({ messageId: z.string(), verdictStep: z.string(), decisionIds: z.array(z.string()) }),
});
const Settled = z.object({ outcome: z.object({ kind: z.string() }) });
const Shown = z.object({ itemId: z.string(), shown: z.array(z.object({ id: z.string(), digest: z.string() })) });
const Why = z.object({
  lines: z.array(z.object({ seq: z.number().nullable(), coverage: z.string(), text: z.string() })),
});

/** Where ledger, `why` and history do not say the same of its actions, as sentences; and how many were compared. */
export async function chainProblems(
  rig: Rig,
  client: Client,
  conversationId: string,
): Promise<{ readonly chains: number; readonly problems: readonly string[] }> {
  const approver = createPatient(createHttp(rig.apiUrl, rig.keys.approver));
  const rows = await ask<{ subject: string; seq: string; kind: string; entry: string }>(
    rig,
    'select subject, seq, kind, entry from countersign.ledger where conversation_id = $1 order by seq',
    [conversationId],
  );
  const entries = rows.map(({ subject, seq, kind, entry }) => {
    const { fact } = JSON.parse(entry) as { readonly fact: unknown };
    return { subject, ...Entry.parse({ seq: Number(seq), kind, fact }) };
  });
  const batches = entries.flatMap(({ kind, subject }) =>
    kind === 'approval_requested' ? (parseApprovalId(subject)?.batchId ?? []) : [],
  );
  const workflows = [conversationWorkflowId(conversationId), ...new Set(batches.map(waitingWorkflowId))];
  const past = { ...(await pastOf(client, workflows)), unanswered: await unansweredIn(rig, conversationId) };
  const ids = [...new Set(entries.filter(({ kind }) => kind === 'proposed').map(({ subject }) => subject))];
  const problems: string[] = [];
  for (const id of ids) {
    const own = entries.filter(({ subject }) => subject === id);
    const calls = entries.filter(({ kind }) => kind === 'model_call').map(({ fact }) => Shown.parse(fact));
    const { lines } = Why.parse((await approver.get(`/v1/actions/${encodeURIComponent(id)}/why`)).body);
    const told = new Set(lines.map(({ seq }) => seq));
    const untold = own.filter(
      ({ seq, kind, fact }) => !told.has(seq) && !(kind === 'claimed' && fact['warrant'] === null),
    );
    if (untold.length > 0) problems.push(`why ${id} does not tell: ${untold.map(({ kind }) => kind).join(', ')}`);
    problems.push(...ofHistory(id, own, calls, past), ...ofLines(id, own, lines));
  }
  return { chains: ids.length, problems };
}

type Entries = readonly z.output<typeof Entry>[];

/** What the actor was handed is what the ledger says that it verified, and it ended as the ledger says. */
function ofHistory(
  id: string,
  own: Entries,
  calls: readonly z.output<typeof Shown>[],
  { acts, shown, unanswered }: Past,
): readonly string[] {
  const tries = acts.filter(({ task }) => task.proposal.actionId === id);
  const claimed = own.filter(({ kind, fact }) => kind === 'claimed' && fact['warrant'] !== null);
  const [claim] = claimed.map(({ fact }) => Claimed.parse(fact));
  const problems: string[] = [];
  if (claim !== undefined && !tries.some((one) => JSON.stringify(handed(one)) === JSON.stringify(claim))) {
    problems.push(
      `${id} was claimed under ${JSON.stringify(claim)}; Temporal knows ${JSON.stringify(tries.map(handed))}`,
    );
  }
  const ends = own.filter(({ kind }) => kind === 'settled').map(({ fact }) => Settled.parse(fact).outcome.kind);
  const answered = tries.flatMap(({ ending }) => (ending === null ? [] : [ending]));
  const unheard = answered.filter((ending) => !ends.includes(ending));
  if (unheard.length > 0)
    problems.push(`${id} ended as ${unheard.join()} in Temporal, and as ${ends.join()} on record`);
  for (const { task } of tries.slice(0, 1)) {
    const { itemId } = task.proposal.origin;
    const told = calls.find((one) => one.itemId === itemId)?.shown.map((one) => one.id) ?? [];
    const asked = shown.get(itemId)?.filter((item) => !unanswered.has(item));
    // The assistant puts results in the order of their calls.
    if (asked !== undefined && told.toSorted().join() !== asked.toSorted().join())
      problems.push(`the model call before ${id} showed ${asked.join()} in Temporal, and ${told.join()} on record`);
  }
  return problems;
}

/**
 * An action that has ended has its whole story. What nobody can prove is only how it ended, where that is unknown, and what
 * a system of record could not say when it was asked, however it ended after that.
 */
function ofLines(id: string, own: Entries, lines: z.output<typeof Why>['lines']): readonly string[] {
  const ends = own.filter(({ kind }) => kind === 'settled').map(({ fact }) => Settled.parse(fact).outcome.kind);
  if (ends.length === 0 || ends.includes('unknown')) return [];
  const unsaid = new Set(
    own.filter(({ kind, fact }) => kind === 'reconciled' && fact['found'] === 'unknown').map(({ seq }) => seq),
  );
  return lines
    .filter(({ seq, coverage }) => coverage === 'unknown' && (seq === null || !unsaid.has(seq)))
    .map(({ text }) => `why ${id}, unknown: ${text}`);
}

/** What a warrant proves, read out of its signed words. */
function handed({ task: { proposal, warrant } }: Acted): z.output<typeof Claimed> {
  const said = (signed: string) => {
    const [, payload = ''] = signed.split('.');
    return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Readonly<Record<string, unknown>>;
  };
  const { kind } = said(warrant.verdict)['verdict'] as { readonly kind: string };
  return {
    digest: proposal.digest,
    warrant: {
      messageId: String(said(warrant.principal)['messageId']),
      verdictStep: `ruled:${kind}:${warrant.verdict.slice(-16)}`,
      decisionIds: warrant.decisions.map((one) => String(said(one)['decisionId'])),
    },
  };
}

/** In the store, calls of which no turn of theirs has a result. */
async function unansweredIn(rig: Rig, conversationId: string): Promise<ReadonlySet<string>> {
  const rows = await ask<{ id: string }>(
    rig,
    `select id from countersign.items asked where conversation_id = $1 and kind = 'calls' and not exists (
       select 1 from json_array_elements(asked.body -> 'calls') call join countersign.items result
         on result.conversation_id = asked.conversation_id and result.turn = asked.turn and result.seq > asked.seq
       where result.kind = 'tool_result' and result.body ->> 'callId' = call ->> 'callId')`,
    [conversationId],
  );
  return new Set(rows.map(({ id }) => id));
}

async function pastOf(client: Client, workflowIds: readonly string[]): Promise<Omit<Past, 'unanswered'>> {
  const acts: Acted[] = [];
  const shown = new Map<string, readonly string[]>();
  for (const workflowId of workflowIds) {
    for (const { name, input, result } of await activitiesOf(client, workflowId)) {
      if (name === 'act') {
        const ended = Ended.safeParse(result);
        acts.push({ task: Act.parse(input), ending: ended.success ? ended.data.ending.kind : null });
      } else if (name === 'callModel') {
        const answered = Answered.safeParse(result);
        if (answered.success) shown.set(answered.data.item.id, Called.parse(input).show);
      }
    }
  }
  return { acts, shown };
}

// 100 runs: a conversation of a proof renews its history a few times at most.
const MAX_RUNS = 100;

/** Of all runs of the Workflow. By id: Temporal's lists lag behind. */
async function activitiesOf(client: Client, workflowId: string): Promise<ReturnType<typeof activitiesIn>> {
  const all: ReturnType<typeof activitiesIn> = [];
  let runId: string | undefined;
  for (let run = 0; run < MAX_RUNS; run++) {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    all.push(...activitiesIn(events ?? []));
    runId = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? '';
    if (runId === '') return all;
  }
  throw new Error(`${workflowId} has more than ${MAX_RUNS} runs`);
}

/** Every Activity of a history that was scheduled, with its input, and its result where it completed. */
function activitiesIn(events: readonly Event[]) {
  const results = new Map(
    events.flatMap(({ activityTaskCompletedEventAttributes: done }) =>
      done ? [[String(done.scheduledEventId), valueOf(done.result)]] : [],
    ),
  );
  return events.flatMap(({ eventId, activityTaskScheduledEventAttributes: scheduled }) =>
    scheduled
      ? [{ name: scheduled.activityType?.name, input: valueOf(scheduled.input), result: results.get(String(eventId)) }]
      : [],
  );
}

function valueOf(payloads: Payloads): unknown {
  const data = payloads?.payloads?.[0]?.data;
  return data ? JSON.parse(Buffer.from(data).toString('utf8')) : undefined;
}
