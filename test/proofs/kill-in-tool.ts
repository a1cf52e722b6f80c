// The proof `kill-in-tool`: every role is killed at once in the middle of a tool, after its effect and before anything
// knows of it. It must have happened once, or be `unknown` with a person asked; the message is kept; the conversation goes
// on by itself. Says how long that takes from the restart, and which wait is the longest.
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { z } from 'zod';
import { conversationWorkflowId, procedureId, stepId, waitingWorkflowId } from '../../domain/ids.ts';
import { createPatient } from './crash/journey.ts';
import { claimProblems } from './rig/claims.ts';
import { wordsFor } from './rig/model.ts';
import { type Rig, startRig } from './rig/rig.ts';
import { ROLES } from './rig/roles.ts';
import { createTruth } from './rig/truth.ts';
import { createHttp, type Proof, type ProofContext, secondsOf, waitFor } from './support.ts';

export const killInTool: Proof = { name: 'kill-in-tool', run: prove };

/**
 * The outcome that each call must have in the end: the far side of `shout` can tell nobody. `steps`: of a procedure, killed
 * within its first one.
 */
const TOOLS: readonly Tried[] = [
  { tool: 'book', asks: false, outcome: 'succeeded' },
  { tool: 'note', asks: false, outcome: 'succeeded' },
  { tool: 'round', asks: false, outcome: 'succeeded', steps: ['first', 'second'] },
  { tool: 'shout', asks: true, outcome: 'unknown' },
  { tool: 'send', asks: true, outcome: 'succeeded' },
  { tool: 'pay', asks: true, outcome: 'succeeded' },
];

interface Tried {
  readonly tool: string;
  readonly asks: boolean;
  readonly outcome: 'succeeded' | 'unknown';
  readonly steps?: readonly string[];
}

const RUNS = { quick: 3, full: 42 } as const;
// 25 s since the start: the last quick run begins by then, however slow the machine is.
const QUICK_UNTIL_MS = 25_000;
// 2.5 s from the effect to the answer: time to kill in, and below what a tool may take.
const ANSWERS_AFTER_MS = 2_500;
// A PostgreSQL does not wait for anybody: there the actor is held (SIGSTOP) right after its commit, until all are killed.
const BOOKED = { role: 'actor', name: 'actor|store|commit books.entries|after', at: 1, signal: 'SIGSTOP' } as const;
// 5 s from when all roles are up again: what the design promises. Their start is not counted, as it is the machine's.
const REPLY_BOUND_MS = 5_000;
const STEP_LIMIT_MS = 60_000;
const LOOK_MS = 100;

/** What a user waits for after the kill, in its order, ms. */
const WAITS = ['roles start', 'the act is taken over', 'the act ends', 'the turn replies'] as const;
type Waits = Readonly<Record<(typeof WAITS)[number], number>>;

async function prove(context: ProofContext) {
  const { log } = context;
  const startedMs = Date.now();
  const rig = await startRig(context);
  const connection = await Connection.connect({ address: rig.temporal.address });
  const violations: string[] = [];
  const all: Waits[] = [];
  const runs = context.quick ? RUNS.quick : RUNS.full;
  const untilMs = context.quick ? startedMs + QUICK_UNTIL_MS : Number.POSITIVE_INFINITY;
  let run = 0;
  try {
    for (; run < runs && (run === 0 || Date.now() < untilMs); run++) {
      const tried = TOOLS[run % TOOLS.length]!;
      const id = `kill-${run + 1}`;
      try {
        const { waits, problems } = await killOnce(rig, new Client({ connection }), id, tried);
        all.push(waits);
        log(`${id}: ${tried.tool}, ${WAITS.map((wait) => `${wait} ${waits[wait]} ms`).join(', ')}`);
        violations.push(...problems.map((problem) => `${id}, killed in ${tried.tool}: ${problem}`));
      } catch (error) {
        violations.push(`${id}, killed in ${tried.tool}: it did not come to its end: ${inspect(error)}`);
      }
    }
    summarize(context, all);
    violations.push(...rig.roles.surprises);
    return { cases: run, violations };
  } finally {
    await connection.close();
    await rig.stop();
  }
}

async function killOnce(rig: Rig, client: Client, id: string, tried: Tried) {
  const { tool, asks } = tried;
  const customer = createPatient(createHttp(rig.apiUrl, rig.keys.customer));
  const approver = createPatient(createHttp(rig.apiUrl, rig.keys.approver));
  const text = wordsFor(id, [[tool, 7]]);
  const actionId = `${id}:1:0`;
  rig.far.answersAfterMs = ANSWERS_AFTER_MS;
  await rig.roles.arm(id, tool === 'book' ? [BOOKED] : []);
  await customer.post('/v1/conversations', { agent: 'prover', id });
  await customer.post(`/v1/conversations/${id}/messages${asks ? '?wait=reply' : ''}`, { text });
  if (asks) await approver.post(`/v1/approvals/${actionId}.0.0/decision`, { answer: 'approve' });
  const isHeld = () => tool !== 'book' || rig.roles.reached(id).some(({ struck }) => struck);
  const [struck = actionId, ...after] = (tried.steps ?? []).map((step) => stepId(actionId, step));
  const happened = async () => isHeld() && (await createTruth(rig).timesOf(struck)) > 0;
  await waitFor(`the effect of ${tool}`, STEP_LIMIT_MS, happened);

  const killedMs = Date.now();
  const died = rig.roles.deaths.length;
  await Promise.all(ROLES.map((role) => rig.roles.kill(role)));
  rig.far.answersAfterMs = 0;
  await waitFor('every role to be dead', STEP_LIMIT_MS, () => rig.roles.deaths.length === died + ROLES.length);
  await rig.roles.untilUp();
  await rig.roles.disarm();
  const upMs = Math.max(...rig.roles.deaths.slice(died).map((death) => death.upMs));

  const lastTurn = asks ? 2 : 1;
  const isTold = async () => {
    const { items } = Detail.parse((await approver.get(`/v1/conversations/${id}?limit=100`)).body);
    return (
      items.find(({ kind, turn }) => kind === 'reply' && turn === lastTurn)?.createdMs ?? (await sleep(LOOK_MS), false)
    );
  };
  const repliedMs = await waitFor('the reply after the kill', STEP_LIMIT_MS, isTold);
  const isProcedure = after.length > 0;
  // A procedure may go on beyond the turn that has started it.
  if (isProcedure) await waitFor('the end of the procedure', STEP_LIMIT_MS, () => hasEnded(rig, id));
  const actsIn = isProcedure ? procedureId(actionId) : actionId;
  const act = await actOf(client, asks || isProcedure ? waitingWorkflowId(actsIn) : conversationWorkflowId(id));
  const marks = [killedMs, upMs, act.startedMs, act.endedMs, repliedMs];
  const waits = Object.fromEntries(WAITS.map((wait, at) => [wait, Math.max(0, marks[at + 1]! - marks[at]!)])) as Waits;
  const problems = [...(await problemsOf(rig, id, actionId, tried, text)), ...(await claimProblems(rig, id))];
  const isLate = repliedMs - upMs > REPLY_BOUND_MS;
  if (isLate) problems.push(`the reply came ${secondsOf(repliedMs - upMs)} s after all roles were up again`);
  return { waits, problems };
}

const Detail = z.object({
  items: z.array(z.object({ kind: z.string(), turn: z.number(), text: z.string(), createdMs: z.number() })),
  actions: z.array(z.object({ id: z.string(), outcome: z.object({ kind: z.string() }).nullable() })),
  waiting: z.array(z.object({ actionId: z.string(), question: z.string().nullable(), group: z.string() })),
});
// The model is asked twice in a turn that acts, once more after a report, and once again for the kill.
const MODEL_CALLS = { inline: 2, waiting: 3 } as const;

async function problemsOf(rig: Rig, id: string, actionId: string, tried: Tried, text: string) {
  const { tool, asks, outcome } = tried;
  const approver = createPatient(createHttp(rig.apiUrl, rig.keys.approver));
  const { items, actions, waiting } = Detail.parse((await approver.get(`/v1/conversations/${id}?limit=100`)).body);
  const problems: string[] = [];
  const messages = items.filter((item) => item.kind === 'message').map((item) => item.text);
  if (messages.join() !== text) problems.push(`the messages are: ${messages.join(' / ') || 'none'}`);
  const steps = tried.steps?.map((step) => stepId(actionId, step));
  const effects = await createTruth(rig).effectsOf(id);
  const happened = [...effects].map(([key, times]) => `${key} ${times} times`);
  const due = (steps ?? [actionId]).map((one) => `${one} 1 times`);
  if (!isSame(happened, due)) problems.push(`what happened: ${happened.join(', ') || 'nothing'}`);
  const found = actions.map((one) => `${one.id} ${one.outcome?.kind}`);
  const ended = [actionId, ...(steps ?? [])].map((one) => `${one} ${outcome}`);
  if (!isSame(found, ended)) problems.push(`the actions are: ${found.join(', ')}`);
  const isAsked = waiting.some(
    (one) => one.actionId === actionId && one.question === 'unknown' && one.group === '@olga',
  );
  if (isAsked !== (outcome === 'unknown'))
    problems.push(`${isAsked ? 'a' : 'no'} person is asked whether ${tool} happened`);
  const calls = [...rig.model.asked(id).values()].reduce((sum, one) => sum + one, 0);
  const most = (asks || tried.steps !== undefined ? MODEL_CALLS.waiting : MODEL_CALLS.inline) + 1;
  if (calls > most) problems.push(`the model was asked ${calls} times, ${most} at most are right`);
  return problems;
}

const isSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.toSorted().join() === others.toSorted().join();

async function hasEnded(rig: Rig, id: string): Promise<boolean> {
  const operator = createPatient(createHttp(rig.apiUrl, rig.keys.approver));
  const { actions } = Detail.parse((await operator.get(`/v1/conversations/${id}?limit=100`)).body);
  return actions.length > 0 && actions.every((one) => one.outcome !== null);
}

/** When the attempt that ended the act began, and when it was over, by Temporal's own history. */
async function actOf(
  client: Client,
  workflowId: string,
): Promise<{ readonly startedMs: number; readonly endedMs: number }> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  const list = events ?? [];
  const scheduled = list.find((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'act');
  const isOfAct = (id: unknown) => String(id) === String(scheduled?.eventId);
  const started = list.find((event) => isOfAct(event.activityTaskStartedEventAttributes?.scheduledEventId));
  const ended = list.find((event) => isOfAct(event.activityTaskCompletedEventAttributes?.scheduledEventId));
  if (started === undefined || ended === undefined) throw new Error(`the act of ${workflowId} has not ended`);
  return { startedMs: msOf(started.eventTime), endedMs: msOf(ended.eventTime) };
}

const msOf = (time: { seconds?: unknown; nanos?: number | null } | null | undefined): number =>
  Number(time?.seconds ?? 0) * 1_000 + Math.floor((time?.nanos ?? 0) / 1_000_000);

function summarize({ log }: ProofContext, all: readonly Waits[]): void {
  if (all.length === 0) return;
  const spread = (of: (waits: Waits) => number) => {
    const sorted = all.map(of).toSorted((a, b) => a - b);
    const at = (share: number) => ((sorted[Math.ceil(share * sorted.length) - 1] ?? 0) / 1_000).toFixed(1);
    return { words: `p50 ${at(0.5)} s, p95 ${at(0.95)} s`, p50: Number(at(0.5)) };
  };
  const whole = (waits: Waits) => WAITS.reduce((sum, wait) => sum + waits[wait], 0);
  log(`from the kill to the reply: ${spread(whole).words} (${all.length} kills of all roles)`);
  log(`from the restart to the reply: ${spread((waits) => whole(waits) - waits['roles start']).words}`);
  for (const wait of WAITS) log(`  ${wait}: ${spread((waits) => waits[wait]).words}`);
  const [longest] = WAITS.toSorted((a, b) => spread((waits) => waits[b]).p50 - spread((waits) => waits[a]).p50);
  log(`the longest wait: ${longest}`);
}
