// The actor's two Activities: read evidence, and act on a warrant. Nothing here believes anybody: what runs is what the
// warrant proves. May import domain, trust and store types.
import { ApplicationFailure } from '@temporalio/common';
import {
  type ActResult,
  endingOf,
  endingText,
  type Evidence,
  type Outcome,
  trustOfEnding,
} from '../../domain/action.ts';
import type { ActorActivities } from '../../domain/activity-ports.ts';
import { NO_WARRANT } from '../../domain/failure.ts';
import { conversationOfAction, placeOf, resultKey } from '../../domain/ids.ts';
import { resultText, shownResult } from '../../domain/parts.ts';
import { refOf } from '../../domain/sources.ts';
import { stoppedBy } from '../../domain/switch.ts';
import { cutText, utf8Bytes } from '../../domain/text.ts';
import { canonicalJson, refusedStep } from '../../trust/digest.ts';
import { attempt, heartbeating, sentBy } from '../heartbeat.ts';
import type { Entry, FactOf } from '../../domain/entry.ts';
import {
  type Acting,
  type ActorDeps,
  attemptedBy,
  entryOf,
  execute,
  MAX_REASON_CHARS,
  openFor,
  reasonOf,
  runTool,
} from './execute.ts';
import { earlierFor } from './earlier.ts';
import { readAct, readInspect } from './task.ts';
import { leaveNow, verifyCall, verifyWarrant, WarrantRefused } from './warrant.ts';
import { type Written, write } from './write.ts';

export type { ActorDeps } from './execute.ts';

// 0: a read claims nothing, and no attempt at it fences off another.
const READS_EPOCH = 0;
// 3: a read may be repeated freely; what fails three times is told as failed.
const READ_ATTEMPTS = 3;
// 16 KB in UTF-8: a record with its lines; the evidence of one answer's actions travels together.
const MAX_EVIDENCE_BYTES = 16_384;

export function createActorActivities(deps: ActorDeps): ActorActivities {
  return {
    // Beating from the first look at the store to the last write: a slow store is no death of this process.
    inspect: (task) => heartbeating(() => inspectOn(deps, task)),
    act: (task) => heartbeating((cancelled) => actOn(deps, task, cancelled)),
  };
}

async function inspectOn(deps: ActorDeps, task: Parameters<ActorActivities['inspect']>[0]): Promise<Evidence> {
  const { proposal, principal } = await orRefuse(deps, UNREADABLE, async () => readInspect(task));
  const { tool, call } = await orRefuse(deps, proposal, () => verifyCall(deps, proposal, principal));
  const { inspect } = tool;
  if (inspect === undefined) return refuse(deps, proposal, `the tool ${tool.name} has no inspect`);
  const opened = await openFor(deps, { tool, call, proposal, epoch: READS_EPOCH });
  try {
    const evidence = checkedEvidence(await runTool(tool, opened, () => inspect(call, opened.context)));
    const fact = { kind: 'inspected', tool: tool.name, scopes: tool.scopes, evidence } as const;
    await deps.store.record([entryOf({ deps, proposal }, `inspected:${evidence.asOfMs}`, fact)]);
    return evidence;
  } finally {
    await opened.close();
  }
}

async function actOn(
  deps: ActorDeps,
  task: Parameters<ActorActivities['act']>[0],
  cancelled: AbortSignal,
): Promise<ActResult> {
  const { proposal, warrant, notesResult } = await orRefuse(deps, UNREADABLE, async () => readAct(task));
  const authority = await orRefuse(deps, proposal, () => verifyWarrant(deps, proposal, warrant));
  const acting: Acting = { deps, proposal, authority };
  const result: Done = await (authority.tool.effect === 'read' ? read(acting) : write(acting, cancelled));
  if (result.kind === 'settled') return settled(acting, notesResult, result);
  if (result.kind === 'refused') return refuse(deps, proposal, result.reason);
  return result;
}

/** Evidence that can be carried, hashed and shown: JSON with well-formed text, and not too long. Throws otherwise. */
function checkedEvidence(evidence: Evidence): Evidence {
  const text = canonicalJson({ ...evidence });
  if (utf8Bytes(text) > MAX_EVIDENCE_BYTES) throw new Error(`the evidence is longer than ${MAX_EVIDENCE_BYTES} bytes`);
  return evidence;
}

/** `entries`: what is not on record of it yet. */
type Done = Exclude<Written, Settled> | (Settled & { readonly entries?: readonly Entry[] });
type Settled = Extract<Written, { kind: 'settled' }>;

/** A read needs leave, and no claim: it may be repeated freely. */
async function read(acting: Acting): Promise<Done> {
  const { deps, proposal, authority } = acting;
  const leave = leaveNow(deps, proposal, authority);
  if (leave.kind === 'verdict_stale' || leave.kind === 'refused') return leave;
  const { outcome, attempted } = leave.kind === 'expired' ? untried('expired', leave.reason) : await readNow(acting);
  const ended = entryOf(acting, 'settled', { kind: 'settled', outcome });
  const entries = [...attempted.map((fact) => entryOf(acting, `attempted:${fact.epoch}`, fact)), ended];
  return { kind: 'settled', outcome, entries };
}

interface Read {
  readonly outcome: Outcome;
  /** One, where it was tried. */
  readonly attempted: readonly FactOf<'attempted'>[];
}

const untried = (kind: 'expired' | 'cancelled', reason: string): Read => ({ outcome: { kind, reason }, attempted: [] });

async function readNow(acting: Acting): Promise<Read> {
  const { deps, proposal, authority } = acting;
  const stop = stoppedBy(await deps.store.switches.thrown(), proposal);
  if (stop !== undefined) return untried('cancelled', `it is switched off: ${stop.reason}`);
  const opened = await openFor(deps, { ...authority, proposal, epoch: READS_EPOCH });
  const attempted = [attemptedBy(acting, opened, READS_EPOCH)];
  try {
    return { outcome: { kind: 'succeeded', result: await execute(authority, opened) }, attempted };
  } catch (error) {
    if (attempt() < READ_ATTEMPTS) throw error;
    return { outcome: { kind: 'failed', reason: reasonOf(error) }, attempted };
  } finally {
    await opened.close();
  }
}

/** The answer to the Workflow; inside a turn the result is also an item that the model may see, on record with its end. */
async function settled(
  { deps, proposal, authority }: Acting,
  notes: boolean,
  { outcome, entries = [] }: Extract<Done, { kind: 'settled' }>,
): Promise<ActResult> {
  const { tool, call } = authority;
  const { actionId, conversationId, turn, callId } = proposal;
  if (!notes) {
    await deps.store.record(entries);
    return { kind: 'settled', ending: endingOf(outcome), item: null };
  }
  const body = { kind: 'tool_result', callId, tool: tool.name, ...shownOf(outcome, placeOf(actionId)) } as const;
  const trust =
    outcome.kind === 'succeeded'
      ? ((await earlierFor(deps.store, tool, call))?.trust ?? tool.trust)
      : trustOfEnding(outcome);
  const noted = { key: resultKey(actionId), conversationId, turn, trust, body };
  const [item] = await deps.store.items.append([noted], () => entries);
  return { kind: 'settled', ending: endingOf(outcome), item: item === undefined ? null : refOf(item) };
}

/** What the model sees of it; the whole stays with the action, where a later call reads on. */
function shownOf(outcome: Outcome, place: string): { readonly text: string; readonly place?: string } {
  if (outcome.kind !== 'succeeded') return { text: endingText(outcome) };
  return { text: shownResult(resultText(outcome.result), place), place };
}

/** Of what cannot be read nothing can be said but whose Workflow put it there. */
const UNREADABLE = undefined;
type About = Pick<Acting['proposal'], 'actionId'> | typeof UNREADABLE;

async function orRefuse<T>(deps: ActorDeps, about: About, verify: () => Promise<T>): Promise<T> {
  try {
    return await verify();
  } catch (error) {
    if (error instanceof WarrantRefused) return refuse(deps, about, error.message);
    throw error;
  }
}

/** Put the refusal on record, and fail for good: no retry makes a warrant true. */
async function refuse(deps: ActorDeps, about: About, words: string): Promise<never> {
  const subject = about?.actionId ?? `task of ${sentBy()}`;
  const conversationId = conversationOfAction(subject) ?? '';
  // The words may be a forger's: PostgreSQL takes no NUL, and no key of any length.
  const reason = cutText(words.replaceAll('\0', ' '), MAX_REASON_CHARS);
  const fact = { kind: 'warrant_refused', reason } as const;
  await deps.store.record([{ subject, step: refusedStep(reason), conversationId, atMs: deps.nowMs(), fact }]);
  throw ApplicationFailure.create({ type: 'WarrantRefused', message: `${NO_WARRANT}${reason}`, nonRetryable: true });
}
