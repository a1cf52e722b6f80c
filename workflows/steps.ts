// The steps of a procedure: each takes the path of every action, with rules, people, warrant and claim. And what undoes
// them. May import domain and @temporalio/workflow.
import { getExternalWorkflowHandle, log } from '@temporalio/workflow';
import {
  type Ending,
  endingOf,
  type Outcome,
  type Proposal,
  type RuledAction,
  type SettledAction,
  settledOf,
} from '../domain/action.ts';
import { entriesOf, settledEntry } from '../domain/action-record.ts';
import type { ActionEnd } from '../domain/activity-ports.ts';
import type { ProcedureInput, ProcedureNews } from '../domain/procedure-run.ts';
import { conversationWorkflowId, isStepName, procedureId, stepId } from '../domain/ids.ts';
import type { Json } from '../domain/json.ts';
import { CONVERSATION } from '../domain/protocol.ts';
import {
  MAX_SLEEP_MS,
  MAX_SLEEPS,
  MAX_STEP_RESULT_BYTES,
  MAX_STEPS,
  PROCEDURE_LIFE_MS,
  ProcedureFailed,
  StepFailed,
  type Steps,
} from '../domain/steps.ts';
import { describeProcedure, showBatchColumns } from './desk.ts';
import { workflowsRole } from './effects.ts';
import { type Held, LOOK_FOR_CONVERSATION_MS, NOT_HELD, untilCancelled } from './hold.ts';
import { condition } from './in-turn.ts';
import { actOnce, MAX_RULINGS, NO_VERDICT_HELD, ruleAgain, ruleOnStep } from './life.ts';
import { askWhetherItHappened } from './question.ts';
import { waitForLeave } from './step-batch.ts';

/** The state of a procedure that runs. */
export interface Running extends Held {
  readonly input: ProcedureInput;
  /** Of its steps, those that undo among them: each is used once. */
  readonly names: string[];
  /** How its steps ended, in order. */
  readonly settled: SettledAction[];
  /** What undoes what was done, in the order in which it was done. */
  readonly undos: Step[];
  /** Whether the step that was taken last was done, so that there is something to undo. */
  mayUndo: boolean;
  /** How often it slept. */
  sleeps: number;
  /** The people whose words stand in how steps ended: they decide on none that comes after. */
  quotes: readonly string[];
  /** How often the batch of a step said that it has ended. */
  news: number;
  /** What its row and its panel say to operators. */
  phase: 'waiting' | 'acting';
  now: string;
  /** Its code has ended: no step is asked for any more. */
  isOver: boolean;
  /** It has failed, or was cancelled: what was asked for and has not begun does not begin. */
  isLost: boolean;
  /** The step that was asked for last: they are taken one at a time. */
  last: Promise<unknown>;
  /** How many of them have not ended, and how many have failed. */
  asked: number;
  failures: number;
}

/** A step as its code wants it; `args` as JSON. */
export interface Step {
  readonly name: string;
  readonly tool: string;
  readonly args: string;
  readonly undoes: boolean;
}

export function openRunning(input: ProcedureInput): Running {
  const lists = { names: [], settled: [], undos: [], quotes: [] };
  return {
    input,
    ...lists,
    ...NOT_HELD,
    mayUndo: false,
    ...{ sleeps: 0, news: 0, asked: 0, failures: 0 },
    phase: 'acting',
    now: '',
    ...{ isOver: false, isLost: false },
    last: Promise.resolve(),
  };
}

/** All that the code of a procedure can do. */
export function stepsOf(running: Running): Steps {
  const claimed = (name: string, tool: string, args: object, undoes: boolean): Step => {
    claimName(running, name);
    return { name, tool, args: JSON.stringify(args), undoes };
  };
  return {
    async do<Result>(name: string, tool: string, args: object) {
      if (running.isOver) return never();
      const step = claimed(name, tool, args, false);
      return (await oneAtATime(running, name, () => take(running, step))) as Result;
    },
    undo(name, tool, args) {
      if (running.isOver) return;
      if (!running.mayUndo) throw new ProcedureFailed(`there is nothing that the step ${name} could undo`);
      running.undos.push(claimed(name, tool, args, true));
    },
    now: () => Date.now(),
    async sleep(ms) {
      if (running.isOver) return never();
      if (running.sleeps >= MAX_SLEEPS) throw new ProcedureFailed(`it has slept ${MAX_SLEEPS} times`);
      running.sleeps++;
      return oneAtATime(running, 'sleep', () => rest(running, ms));
    },
  };
}

/**
 * For code that goes on beside the end of its procedure: nobody waits for it, and an error of it would hold up the rest.
 * One each time, as it keeps alive whoever waits for it.
 */
const never = (): Promise<never> => new Promise(() => undefined);

function claimName({ names }: Running, name: string): void {
  if (!isStepName(name))
    throw new ProcedureFailed(`"${name}" is no name of a step: lower-kebab, at most 32 characters`);
  if (names.includes(name)) throw new ProcedureFailed(`the step ${name} is there twice; each is taken once`);
  if (names.length >= MAX_STEPS) throw new ProcedureFailed(`it has more than ${MAX_STEPS} steps`);
  names.push(name);
}

/** In order; one that is not done ends those that were asked for behind it by then, as in the order of a model. */
async function oneAtATime<T>(running: Running, name: string, work: () => Promise<T>): Promise<T> {
  const { failures } = running;
  running.asked++;
  const mine = running.last.then(async () => {
    if (running.isLost) return LOST;
    if (running.failures > failures) throw new StepFailed(name, 'cancelled', 'a step before it was not done');
    return { came: await work() };
  });
  running.last = mine.catch(() => running.failures++).finally(() => running.asked--);
  const done = await mine;
  return done === LOST ? never() : done.came;
}

const LOST = 'lost';

async function take(running: Running, step: Step): Promise<Json> {
  running.mayUndo = false;
  const { ending, result, tooLongBytes, isLost } = await endOf(running, step);
  if (ending.kind !== 'succeeded') throw new StepFailed(step.name, ending.kind, ending.reason);
  running.mayUndo = true;
  // Code that took nothing for what was given back would decide by it.
  if (isLost === true) throw new StepFailed(step.name, 'unread', 'what it gave back is lost');
  if (tooLongBytes === undefined) return result;
  const reason = `it gave back ${tooLongBytes} bytes of JSON, and a procedure reads ${MAX_STEP_RESULT_BYTES}`;
  throw new StepFailed(step.name, 'unread', reason);
}

async function rest(running: Running, ms: number): Promise<void> {
  if (!(ms >= 0 && ms <= MAX_SLEEP_MS))
    throw new ProcedureFailed(`it cannot sleep for ${ms} ms: ${MAX_SLEEP_MS} at most`);
  show(running, 'acting', 'sleeps');
  const isCancelled = await condition(() => running.hold === 'cancelled', Math.max(1, ms), { summary: 'sleep' });
  if (isCancelled) throw new StepFailed('sleep', 'cancelled', CANCELLED);
}

/** Undo what was done, the last first; what cannot be undone holds up no other. */
export async function undoAll(running: Running): Promise<{ readonly undone: string[]; readonly left: string[] }> {
  const undone: string[] = [];
  const left: string[] = [];
  for (const step of running.undos.toReversed()) {
    const { ending } = await endOf(running, step);
    if (ending.kind === 'succeeded') undone.push(step.name);
    else left.push(`${step.name} (${ending.kind}: ${ending.reason})`);
  }
  return { undone, left };
}

export const CANCELLED = 'its procedure was cancelled';

/** Bring a step to its end, whatever that is. */
async function endOf(running: Running, step: Step): Promise<ActionEnd> {
  const { proposal: start, principal } = running.input;
  if (!(await mayBegin(running, step))) throw new StepFailed(step.name, 'cancelled', CANCELLED);
  show(running, 'acting', `takes the step ${step.name}`);
  const { name, tool, args } = step;
  const earlier = running.settled.map(({ actionId }) => actionId);
  const one = await ruleOnStep({ start, step: name, tool, args, earlier, editors: running.quotes }, principal);
  if (one.kind === 'invalid') {
    const ending = { kind: 'denied', reason: one.reason } as const;
    const unmade = { actionId: stepId(start.actionId, name), tool, summary: tool.replaceAll('_', ' ') };
    running.settled.push(settledOf({ ...unmade, then: 'nothing' }, ending));
    return unread({ ...unmade }, ending);
  }
  const { proposal } = one.action;
  assertOf(proposal, stepId(start.actionId, name), tool);
  await workflowsRole.record({ entries: entriesOf(one.action, Date.now()), items: [] });
  const end = await carryOut(running, step, one.action);
  running.settled.push(settledOf({ ...proposal, actionId: end.actionId, summary: end.summary }, end.ending));
  running.quotes = [...new Set([...running.quotes, ...end.quotes])];
  return end;
}

/**
 * Temporal replays what a local Activity answered by its place alone: code that now takes another step there would go on
 * with the end of the older one. The Workflow Task fails instead, until code that fits is deployed.
 */
function assertOf({ actionId, tool }: Proposal, due: string, dueTool: string): void {
  if (actionId === due && tool === dueTool) return;
  throw new Error(
    `where its code takes ${due} (${dueTool}), its history has ${actionId} (${tool}): it was changed under it`,
  );
}

async function carryOut(running: Running, step: Step, first: RuledAction): Promise<ActionEnd> {
  const { principal } = running.input;
  let current = first;
  for (let ruling = 0; ruling < MAX_RULINGS; ruling++) {
    const { proposal, verdict } = current;
    if (verdict.kind === 'ask') return asked(running, step, current);
    if (verdict.kind !== 'allow') return closed(proposal, { kind: 'denied', reason: verdict.reason });
    if (!(await mayAct(running, step))) return closed(proposal, { kind: 'cancelled', reason: CANCELLED });
    const leave = { approval: null, decisions: [], notesResult: false };
    const ruled = current;
    const act = () => actOnce(ruled, principal, leave);
    const performed = await (step.undoes ? act() : untilCancelled(running, act));
    if (performed !== undefined) return performedAs(proposal, performed.ending);
    current = await ruleAgain(current, principal, null);
  }
  return closed(first.proposal, { kind: 'denied', reason: NO_VERDICT_HELD });
}

async function performedAs(proposal: Proposal, ending: Ending): Promise<ActionEnd> {
  await askWhetherItHappened(proposal, ending);
  const { actionId } = proposal;
  return (ending.kind === 'succeeded' ? await workflowsRole.readEnd({ actionId }) : null) ?? unread(proposal, ending);
}

const unread = ({ actionId, summary }: Pick<Proposal, 'actionId' | 'summary'>, ending: Ending): ActionEnd => {
  return { actionId, summary, ending, result: null, quotes: [] };
};

/** End on record what nobody acts on. */
async function closed(proposal: Proposal, outcome: Exclude<Outcome, { kind: 'succeeded' }>): Promise<ActionEnd> {
  await workflowsRole.record({ entries: [settledEntry(proposal, outcome, Date.now())], items: [] });
  return unread(proposal, endingOf(outcome));
}

/** Waits while it is paused. False where it was cancelled: only what undoes goes on then. */
async function mayBegin(running: Running, { undoes }: Step): Promise<boolean> {
  while (running.hold === 'paused') {
    const isNews = await condition(() => running.hold !== 'paused', LOOK_FOR_CONVERSATION_MS, { summary: 'paused' });
    // Nobody resumes what belongs to a conversation that was terminated.
    if (isNews || (await runs(running))) continue;
    running.hold = undoes ? 'none' : 'cancelled';
  }
  return undoes || running.hold !== 'cancelled';
}

/** The same just before an act: its conversation must still run, but for what undoes. */
async function mayAct(running: Running, step: Step): Promise<boolean> {
  if (!step.undoes && !(await runs(running))) running.hold = 'cancelled';
  return mayBegin(running, step); // looking took time
}

const runs = ({ input }: Running): Promise<boolean> => workflowsRole.conversationRuns(input.proposal.conversationId);

/** Have people decide, while the conversation knows for whom it waits. */
async function asked(running: Running, step: Step, action: RuledAction): Promise<ActionEnd> {
  const { verdict } = action;
  const group = verdict.kind === 'ask' ? verdict.group : '';
  const deadlineMs = Date.now() + (verdict.kind === 'ask' ? verdict.withinMs : 0);
  const end = await waitForLeave(running, { action, undoes: step.undoes }, async () => {
    show(running, 'waiting', `the step ${step.name} waits for ${group}`, group);
    await tellNews(running, { group, deadlineMs });
  });
  show(running, 'acting', '');
  await tellNews(running, { group: '', deadlineMs: Date.now() + PROCEDURE_LIFE_MS });
  return end;
}

/** A conversation that has ended hears nothing; one in whose batch it was started knows of that batch. */
async function tellNews(
  { input: { proposal, batchId } }: Running,
  news: Omit<ProcedureNews, 'batchId'>,
): Promise<void> {
  if (batchId !== undefined) return;
  await getExternalWorkflowHandle(conversationWorkflowId(proposal.conversationId))
    .signal(CONVERSATION.procedureWaits, { batchId: procedureId(proposal.actionId), ...news })
    .catch((error: unknown) => log.info('the conversation has ended', { error: String(error) }));
}

/** A change of the row costs an event, so only a change is written. */
function show(running: Running, phase: Running['phase'], now: string, group = ''): void {
  if (phase !== running.phase) showBatchColumns(phase, group);
  Object.assign(running, { phase, now });
  describeProcedure(running.settled, now);
}
