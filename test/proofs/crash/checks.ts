// What must hold of a conversation once it is over, whatever was killed meanwhile. Looks from outside, at the
// API, the far side's own log and the model server's own count.
import { z } from 'zod';
import type { Rig } from '../rig/rig.ts';
import { createHttp } from '../support.ts';
import { createPatient, type Journey } from './journey.ts';

/** The transcript of every run: nothing is missing in it, nothing stands twice. */
const FIRST_TURN = 'message calls tool_result tool_result tool_result reply';
const SECOND_TURN = 'report reply';
// Calls, and words after their results; words after the report.
const FIRST_CALLS = 2;
const SECOND_CALLS = 1;

/** What the run was put through, and what that excuses. */
export interface Ordeal {
  /** Requests, of one kind each, that may have been made once more: one for each kill or fault. */
  readonly repeats: number;
  /** Whether the far side may have been cut off in the middle of a write, so that nobody can know whether it happened. */
  readonly mayBeUnknown: boolean;
}

const Item = z.object({ kind: z.string(), turn: z.number(), text: z.string() });
const Action = z.object({
  id: z.string(),
  tool: z.string(),
  effect: z.string(),
  outcome: z.object({ kind: z.string() }).nullable(),
});
const Detail = z.object({
  phase: z.string(),
  live: z.object({ queued: z.number() }).nullable(),
  items: z.array(Item),
  waiting: z.array(z.object({ actionId: z.string(), question: z.string().nullable() })),
  actions: z.array(Action),
});
const Approval = z.object({
  id: z.string(),
  question: z.string().nullable(),
  end: z.string(),
  approvals: z.number(),
});
const Approvals = z.object({ rows: z.array(Approval) });

/** What does not hold, as sentences. */
export async function problemsOf(rig: Rig, id: string, journey: Journey, ordeal: Ordeal): Promise<readonly string[]> {
  const approver = createPatient(createHttp(rig.apiUrl, rig.keys.approver));
  const detail = Detail.parse((await approver.get(`/v1/conversations/${id}?limit=100`)).body);
  const { rows } = Approvals.parse((await approver.get(`/v1/approvals?end=all&conversationId=${id}`)).body);
  return [
    ...ofTranscript(detail, journey),
    ...ofWaiting(detail, ordeal),
    ...ofEffects(rig, id, detail.actions, ordeal),
    ...ofApprovals(rows, journey),
    ...ofModel(rig, id, journey, ordeal),
  ];
}

type Detail = z.output<typeof Detail>;

function ofTranscript({ items, phase, live }: Detail, { text, approvalId }: Journey): readonly string[] {
  const problems: string[] = [];
  const times = items.filter((item) => item.kind === 'message' && item.text === text).length;
  if (times !== 1) problems.push(`the message stands ${times} times in the transcript`);
  const kinds = items.map(({ kind }) => kind).join(' ');
  const expected = approvalId === undefined ? FIRST_TURN : `${FIRST_TURN} ${SECOND_TURN}`;
  if (kinds !== expected) problems.push(`the transcript is: ${kinds}`);
  if (phase !== 'open') problems.push(`the conversation is ${phase}`);
  if (live !== null && live.queued > 0) problems.push(`${live.queued} messages are left in the queue`);
  return problems;
}

/** What nobody can know, a person is asked; nothing else waits. */
function ofWaiting({ waiting, actions }: Detail, { mayBeUnknown }: Ordeal): readonly string[] {
  const unknown = actions.filter(({ outcome }) => outcome?.kind === 'unknown').map((one) => one.id);
  if (unknown.length > 0 && !mayBeUnknown) return [`nothing explains that these are unknown: ${unknown.join()}`];
  const asked = waiting.filter(({ question }) => question === 'unknown').map(({ actionId }) => actionId);
  const problems = waiting.length > asked.length ? [`${waiting.length - asked.length} approvals still wait`] : [];
  if (unknown.toSorted().join() === asked.toSorted().join()) return problems;
  return [...problems, `unknown are: ${unknown.join()}; people are asked about: ${asked.join()}`];
}

/**
 * Effects equal receipts, and each of the two happened once; or its action is `unknown`, and it happened at most once.
 * Behind a write that is unknown the other one is cancelled, and does not happen.
 */
function ofEffects(rig: Rig, id: string, actions: Detail['actions'], { repeats }: Ordeal): readonly string[] {
  const problems: string[] = [];
  const own = rig.far.effects.filter(({ key }) => key.startsWith(`${id}:`));
  if (actions.length !== 3)
    problems.push(`there are ${actions.length} actions: ${actions.map((one) => one.id).join()}`);
  for (const tool of ['note', 'pay']) {
    const happened = own.filter((one) => one.tool === tool);
    const outcomes = actions.filter((one) => one.tool === tool).map(({ outcome }) => outcome?.kind ?? 'none');
    const [outcome = 'none'] = outcomes;
    const bounds = { succeeded: [1, 1], unknown: [0, 1], cancelled: [0, 0] }[outcome];
    const isCut = outcome === 'cancelled' && actions.some((one) => one.outcome?.kind === 'unknown');
    const isHonest = outcomes.length === 1 && (outcome !== 'cancelled' || isCut);
    if (bounds === undefined || !isHonest) problems.push(`the outcome of ${tool} is ${outcomes.join()}`);
    const [least = 0, most = 1] = bounds ?? [];
    if (happened.length > most || happened.length < least) {
      problems.push(`${tool} happened ${happened.length} times (outcome ${outcomes.join()})`);
    }
  }
  const receipts = actions.filter(({ effect, outcome }) => effect !== 'read' && outcome?.kind === 'succeeded');
  for (const { key, tool } of own) {
    const action = actions.find((one) => one.id === key);
    if (action?.tool !== tool) problems.push(`the effect ${key} (${tool}) has no action`);
    // The far side honours the key, so an action that ran needlessly again shows in the requests only.
    const times = rig.far.requests.filter((one) => one.key === key).length;
    if (times > 1 + repeats) problems.push(`${key} was asked for ${times} times; ${repeats} repeats are explained`);
  }
  for (const { id: key } of receipts) {
    if (!own.some((one) => one.key === key)) problems.push(`the action ${key} has a receipt, and no effect`);
  }
  return problems;
}

function ofApprovals(rows: z.output<typeof Approvals>['rows'], { approvalId }: Journey): readonly string[] {
  const found = rows
    .filter(({ question }) => question === null)
    .map(({ id, end, approvals }) => `${id} ${end} by ${approvals}`)
    .join(', ');
  const expected = approvalId === undefined ? '' : `${approvalId} approved by 1`;
  return found === expected ? [] : [`the approvals are: ${found}`];
}

function ofModel(rig: Rig, id: string, { approvalId }: Journey, { repeats }: Ordeal): readonly string[] {
  const needed = FIRST_CALLS + (approvalId === undefined ? 0 : SECOND_CALLS);
  const asked = [...rig.model.asked(id).values()];
  const total = asked.reduce((sum, one) => sum + one, 0);
  if (asked.length === needed && total <= needed + repeats) return [];
  return [`the model was asked ${total} times for ${asked.length} answers; ${repeats} repeats are explained`];
}
