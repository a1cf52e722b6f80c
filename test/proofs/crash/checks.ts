// What must hold of a conversation once it is over, whatever was killed meanwhile. Looks from outside, at the
// API, the far sides' own records, the store's claims and the model server's own count.
import { z } from 'zod';
import { claimProblems } from '../rig/claims.ts';
import type { Rig } from '../rig/rig.ts';
import { createTruth, type Effects } from '../rig/truth.ts';
import { createHttp } from '../support.ts';
import { createPatient, type Journey } from './journey.ts';

/** The transcript of every run: nothing is missing in it, nothing stands twice. */
const FIRST_TURN = 'message calls tool_result tool_result tool_result tool_result reply';
const SECOND_TURN = 'report reply';
// Calls, and words after their results; words after the report.
const FIRST_CALLS = 2;
const SECOND_CALLS = 1;
const ACTIONS = 4;
/** In the order in which they are done: what does not succeed ends those behind it. */
const WRITES = ['note', 'book', 'pay'] as const;
type Write = (typeof WRITES)[number];

/** What the run was put through, and what that excuses. */
export interface Ordeal {
  /** Requests, of one kind each, that may have been made once more: one for each kill or fault. */
  readonly repeats: number;
  /** Writes whose far side may have been cut off in the middle, so that nobody can know whether they happened. */
  readonly mayBeUnknown: readonly Write[];
  /** Writes that may have been taken over after their claim and before their effect: they did not happen, and say so. */
  readonly mayHaveFailed: readonly Write[];
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

/** What does not hold, as sentences. `name`: what the model knows the run by. */
export async function problemsOf(rig: Rig, name: string, journey: Journey, ordeal: Ordeal): Promise<readonly string[]> {
  const { conversationId: id } = journey;
  const approver = createPatient(createHttp(rig.apiUrl, rig.keys.approver));
  const detail = Detail.parse((await approver.get(`/v1/conversations/${id}?limit=100`)).body);
  const { rows } = Approvals.parse((await approver.get(`/v1/approvals?end=all&conversationId=${id}`)).body);
  return [
    ...ofTranscript(detail, journey),
    ...ofWaiting(detail),
    ...ofOutcomes(detail.actions, await createTruth(rig).effectsOf(id), ordeal),
    ...ofRequests(rig, id, ordeal),
    ...(await claimProblems(rig, id)),
    ...ofApprovals(rows, journey),
    ...ofModel(rig, name, journey, ordeal),
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
function ofWaiting({ waiting, actions }: Detail): readonly string[] {
  const unknown = actions.filter(({ outcome }) => outcome?.kind === 'unknown').map((one) => one.id);
  const asked = waiting.filter(({ question }) => question === 'unknown').map(({ actionId }) => actionId);
  const problems = waiting.length > asked.length ? [`${waiting.length - asked.length} approvals still wait`] : [];
  if (unknown.toSorted().join() === asked.toSorted().join()) return problems;
  return [...problems, `unknown are: ${unknown.join()}; people are asked about: ${asked.join()}`];
}

/**
 * Each write happened once and is told so. Where the ordeal excuses it, it is `unknown` and happened at most once, or
 * `failed` and did not happen; then those behind it are cancelled, and do not happen.
 */
function ofOutcomes(
  actions: Detail['actions'],
  effects: Effects,
  { mayBeUnknown, mayHaveFailed }: Ordeal,
): readonly string[] {
  const problems: string[] = [];
  if (actions.length !== ACTIONS)
    problems.push(`there are ${actions.length} actions: ${actions.map((one) => one.id).join()}`);
  const reads = actions.filter(({ effect }) => effect === 'read').map(({ outcome }) => outcome?.kind ?? 'none');
  if (reads.join() !== 'succeeded') problems.push(`the outcome of look is ${reads.join() || 'none'}`);
  let isBroken = false;
  for (const tool of WRITES) {
    const own = actions.filter((one) => one.tool === tool);
    const outcome = own.map((one) => one.outcome?.kind ?? 'none').join();
    const times = own.reduce((sum, { id }) => sum + (effects.get(id) ?? 0), 0);
    const excused = [
      ...(mayBeUnknown.includes(tool) ? ['unknown'] : []),
      ...(mayHaveFailed.includes(tool) ? ['failed'] : []),
    ];
    const isHonest = isBroken ? outcome === 'cancelled' : ['succeeded', ...excused].includes(outcome);
    if (!isHonest) problems.push(`the outcome of ${tool} is ${outcome || 'none'}`);
    const isRight = outcome === 'succeeded' ? times === 1 : times === 0 || (outcome === 'unknown' && times === 1);
    if (!isRight) problems.push(`${tool} happened ${times} times (outcome ${outcome || 'none'})`);
    isBroken ||= outcome === 'unknown' || outcome === 'failed';
  }
  return problems;
}

/** The far side honours the key, so an action that ran needlessly again shows in the requests only. */
function ofRequests(rig: Rig, id: string, { repeats }: Ordeal): readonly string[] {
  const keys = rig.far.requests.map(({ key }) => key).filter((key) => key.startsWith(`${id}:`));
  return [...new Set(keys)].flatMap((key) => {
    const times = keys.filter((one) => one === key).length;
    return times > 1 + repeats ? [`${key} was asked for ${times} times; ${repeats} repeats are explained`] : [];
  });
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
