// What must hold of a conversation once it is over, whatever was killed meanwhile. Looks from outside, at the
// API, the far side's own log and the model server's own count.
import { z } from 'zod';
import type { Rig } from '../rig/rig.ts';
import { createHttp } from '../support.ts';
import { createPatient, type Journey } from './journey.ts';

/** The transcript of every run: nothing is missing in it, nothing stands twice. */
const TRANSCRIPT = 'message calls tool_result tool_result tool_result reply report reply';
// Calls, words after their results, words after the report.
const MODEL_CALLS = 3;

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
  waiting: z.array(z.unknown()),
  actions: z.array(Action),
});
const Approvals = z.object({ rows: z.array(z.object({ id: z.string(), end: z.string(), approvals: z.number() })) });

/** What does not hold, as sentences. */
export async function problemsOf(rig: Rig, id: string, journey: Journey, kills: number): Promise<readonly string[]> {
  const approver = createPatient(createHttp(rig.apiUrl, rig.keys.approver));
  const detail = Detail.parse((await approver.get(`/v1/conversations/${id}?limit=100`)).body);
  const { rows } = Approvals.parse((await approver.get(`/v1/approvals?end=all&conversationId=${id}`)).body);
  return [
    ...ofTranscript(detail, journey),
    ...ofEffects(rig, id, detail.actions, kills),
    ...ofApprovals(rows, journey),
    ...ofModel(rig, id, kills),
  ];
}

type Detail = z.output<typeof Detail>;

function ofTranscript({ items, phase, live, waiting }: Detail, { text }: Journey): readonly string[] {
  const problems: string[] = [];
  const times = items.filter((item) => item.kind === 'message' && item.text === text).length;
  if (times !== 1) problems.push(`the message stands ${times} times in the transcript`);
  const kinds = items.map(({ kind }) => kind).join(' ');
  if (kinds !== TRANSCRIPT) problems.push(`the transcript is: ${kinds}`);
  if (phase !== 'open') problems.push(`the conversation is ${phase}`);
  if (live !== null && live.queued > 0) problems.push(`${live.queued} messages are left in the queue`);
  if (waiting.length > 0) problems.push(`${waiting.length} approvals still wait`);
  return problems;
}

/** Effects equal receipts, and each of the two happened once; or its action is `unknown`, and it happened at most once. */
function ofEffects(rig: Rig, id: string, actions: Detail['actions'], kills: number): readonly string[] {
  const problems: string[] = [];
  const own = rig.far.effects.filter(({ key }) => key.startsWith(`${id}:`));
  if (actions.length !== 3)
    problems.push(`there are ${actions.length} actions: ${actions.map((one) => one.id).join()}`);
  for (const tool of ['note', 'pay']) {
    const happened = own.filter((one) => one.tool === tool);
    const outcomes = actions.filter((one) => one.tool === tool).map(({ outcome }) => outcome?.kind ?? 'none');
    const isHonest = outcomes.length === 1 && (outcomes[0] === 'unknown' || outcomes[0] === 'succeeded');
    if (!isHonest) problems.push(`the outcome of ${tool} is ${outcomes.join()}`);
    const least = outcomes[0] === 'unknown' ? 0 : 1;
    if (happened.length > 1 || happened.length < least) {
      problems.push(`${tool} happened ${happened.length} times (outcome ${outcomes.join()})`);
    }
  }
  const receipts = actions.filter(({ effect, outcome }) => effect !== 'read' && outcome?.kind === 'succeeded');
  for (const { key, tool } of own) {
    const action = actions.find((one) => one.id === key);
    if (action?.tool !== tool) problems.push(`the effect ${key} (${tool}) has no action`);
    // The far side honours the key, so an action that ran needlessly again shows in the requests only.
    const times = rig.far.requests.filter((one) => one.key === key).length;
    if (times > 1 + kills) problems.push(`${key} was asked for ${times} times; ${kills} processes were killed`);
  }
  for (const { id: key } of receipts) {
    if (!own.some((one) => one.key === key)) problems.push(`the action ${key} has a receipt, and no effect`);
  }
  return problems;
}

function ofApprovals(rows: z.output<typeof Approvals>['rows'], { approvalId }: Journey): readonly string[] {
  const found = rows.map(({ id, end, approvals }) => `${id} ${end} by ${approvals}`).join(', ');
  return found === `${approvalId} approved by 1` ? [] : [`the approvals are: ${found}`];
}

function ofModel(rig: Rig, id: string, kills: number): readonly string[] {
  const asked = [...rig.model.asked(id).values()];
  const total = asked.reduce((sum, one) => sum + one, 0);
  if (asked.length === MODEL_CALLS && total <= MODEL_CALLS + kills) return [];
  return [`the model was asked ${total} times for ${asked.length} answers; ${kills} processes were killed`];
}
