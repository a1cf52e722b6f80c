// A procedure: code of an agent that the model has started and cannot steer. It takes its steps on the path of every action,
// undoes what it did when it fails or is cancelled, and reports how it ended. No conversation waits for it.
// May import domain and @temporalio/workflow.
import { ApplicationFailure } from '@temporalio/common';
import {
  allHandlersFinished,
  CancellationScope,
  defineQuery,
  defineSignal,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { endingOf, type Outcome, settledOf } from '../domain/action.ts';
import { entryOf } from '../domain/action-record.ts';
import type { FailureType } from '../domain/failure.ts';
import type { ProcedureEnd, ProcedureInput } from '../domain/procedure-run.ts';
import { procedureId, waitingWorkflowId } from '../domain/ids.ts';
import type { Json } from '../domain/json.ts';
import { PROCEDURE } from '../domain/protocol.ts';
import {
  MAX_PROCEDURE_RESULT_BYTES,
  PROCEDURE_LIFE_MS,
  type ProcedureCode,
  ProcedureFailed,
  StepFailed,
} from '../domain/steps.ts';
import { cutText, cutToBytes, utf8Bytes } from '../domain/text.ts';
import { tellConversation } from './approval.ts';
import { describeProcedure, showBatchColumns } from './desk.ts';
import { workflowsRole } from './effects.ts';
import { listenForHold } from './hold.ts';
import { condition } from './in-turn.ts';
import { CANCELLED, openRunning, type Running, stepsOf, undoAll } from './steps.ts';

const procedureQuery = defineQuery<Pick<Running, 'settled' | 'now' | 'hold'>>(PROCEDURE.query);

/** The code of one procedure of one agent, as the entry of the bundle lists it. */
export interface ListedCode {
  readonly agent: string;
  readonly code: ProcedureCode;
}

/** The Workflow of all procedures. */
export function procedureOf(all: readonly ListedCode[]): (input: ProcedureInput) => Promise<ProcedureEnd> {
  return async function procedure(input) {
    const { agent, tool, actionId } = input.proposal;
    // It runs once: another Workflow in its name, as somebody may start it by hand, is none of it.
    if (workflowInfo().workflowId !== waitingWorkflowId(procedureId(actionId))) throw refusedAs(actionId);
    const listed = all.find(({ agent: of, code }) => of === agent && code.name === tool);
    // The Workflow Task fails until it is there again: nothing of it is lost.
    if (listed === undefined) throw new Error(`there is no code of the procedure ${tool} of ${agent} in this worker`);
    const running = openRunning(input);
    listenForHold(running);
    setHandler(defineSignal(PROCEDURE.stepSettled), () => void running.news++, {
      description: 'The batch of a step has ended',
    });
    setHandler(procedureQuery, () => ({ settled: running.settled, now: running.now, hold: running.hold }));
    // Temporal's own Cancel, as an operator may press it, means what our Signal means: undo, and end in good order.
    CancellationScope.current().cancelRequested.catch(() => {
      running.hold = 'cancelled';
    });
    return CancellationScope.nonCancellable(() => carryThrough(listed.code, running));
  };
}

function refusedAs(actionId: string): ApplicationFailure {
  const type: FailureType = 'ProcedureRefused';
  return ApplicationFailure.create({ type, message: `this is not the procedure of ${actionId}`, nonRetryable: true });
}

async function carryThrough(code: ProcedureCode, running: Running): Promise<ProcedureEnd> {
  const { proposal, batchId } = running.input;
  const life = new CancellationScope();
  life
    .run(() => condition(() => false, PROCEDURE_LIFE_MS, { summary: 'the longest that it may take' }))
    .then(
      () => (running.hold = 'cancelled'),
      () => undefined, // it has ended
    );
  const outcome = await outcomeOf(code, running);
  life.cancel();
  const settled = entryOf(proposal, 'settled', { kind: 'settled', outcome, by: 'procedure' }, Date.now());
  await workflowsRole.record({ entries: [settled], items: [] });
  const end = { settled: [settledOf(proposal, endingOf(outcome)), ...running.settled], quotes: running.quotes };
  if (batchId === undefined) await report(running, end);
  showBatchColumns('done', '');
  describeProcedure(running.settled, '');
  await condition(allHandlersFinished);
  return end;
}

// 2,000 characters: why it failed, and fifty names of steps.
const MAX_OUTCOME_CHARS = 2_000;

/** Run the code, and undo what it did where it did not come to its end. */
async function outcomeOf(code: ProcedureCode, running: Running): Promise<Outcome> {
  const failure = await runCode(code, running);
  if (failure.kind === 'succeeded') return failure;
  const { undone, left } = await undoAll(running);
  const parts = [
    failure.reason,
    ...(undone.length > 0 ? [`undone: ${undone.join(', ')}`] : []),
    ...(left.length > 0 ? [`not undone: ${left.join('; ')}`] : []),
  ];
  return { kind: failure.kind, reason: cutText(parts.join('; '), MAX_OUTCOME_CHARS) };
}

type Ran = Extract<Outcome, { kind: 'succeeded' | 'failed' | 'cancelled' }>;

async function runCode(code: ProcedureCode, running: Running): Promise<Ran> {
  const ran = await Promise.race([succeededOrFailed(code, running), abandoned(running)]);
  running.isOver = true;
  running.isLost = ran.kind !== 'succeeded';
  await running.last; // a step that was asked for and not waited for
  return ran;
}

/** A cancel reaches whatever waits for a step. Code that waits for anything else is not waited for. */
async function abandoned(running: Running): Promise<Ran> {
  await condition(() => running.hold === 'cancelled' && running.asked === 0);
  return { kind: 'cancelled', reason: CANCELLED };
}

async function succeededOrFailed({ run }: ProcedureCode, running: Running): Promise<Ran> {
  try {
    return {
      kind: 'succeeded',
      result: bounded(await run(JSON.parse(running.input.proposal.args) as never, stepsOf(running))),
    };
  } catch (error) {
    if (error instanceof StepFailed) return failedBy(error, running);
    if (error instanceof ProcedureFailed) return { kind: 'failed', reason: error.message };
    throw error; // a bug: the Workflow Task fails until it is mended
  }
}

/** A step that was cancelled with its procedure; or else it failed, whatever the step came to. */
function failedBy(error: StepFailed, { hold }: Running): Exclude<Ran, { kind: 'succeeded' }> {
  const isCancelled = error.kind === 'cancelled' && hold === 'cancelled';
  return isCancelled ? { kind: 'cancelled', reason: error.reason } : { kind: 'failed', reason: error.message };
}

/** As JSON keeps it; too long, its beginning as text. */
function bounded(result: unknown): Json {
  const text = JSON.stringify(result ?? null);
  if (utf8Bytes(text) <= MAX_PROCEDURE_RESULT_BYTES) return JSON.parse(text) as Json;
  return `${cutToBytes(text, MAX_PROCEDURE_RESULT_BYTES)} … (cut)`;
}

async function report({ input: { proposal } }: Running, { settled, quotes }: ProcedureEnd): Promise<void> {
  const { conversationId, actionId } = proposal;
  const batchId = procedureId(actionId);
  const signed = await workflowsRole.signReport({ conversationId, batchId, settled, quotes, what: 'The procedure' });
  await tellConversation(conversationId, { batchId, signed });
}
