// Claim → act → receipt. The claim is written before the effect; a claim without a receipt is never acted on blindly.
// What the actor cannot know it says so: `unknown`. May import domain, trust and store types.
import { ApplicationFailure } from '@temporalio/common';
import {
  type ActResult,
  endingOf,
  endingText,
  type Evidence,
  type Outcome,
  type Proposal,
} from '../../domain/action.ts';
import type { ActorActivities } from '../../domain/activity-ports.ts';
import { resultKey } from '../../domain/ids.ts';
import { refOf } from '../../domain/item.ts';
import type { Json } from '../../domain/json.ts';
import { type AnyTool, DidNotHappen, type ToolContext } from '../../domain/tool.ts';
import type { Store } from '../../store/ports.ts';
import { canonicalJson } from '../../trust/digest.ts';
import { attempt, heartbeating } from './attempt.ts';
import type { CredentialBroker, Opened } from './broker.ts';
import { type Authority, type VerifierDeps, verifyCall, verifyWarrant, WarrantRefused } from './warrant.ts';

export interface ActorDeps extends VerifierDeps {
  readonly store: Store;
  readonly broker: CredentialBroker;
  readonly nowMs: () => number;
}

// 60 s: a verdict rests on evidence; what was read longer ago is read again before acting.
export const VERDICT_FRESH_MS = 60_000;
// 15 min after the last decision could be given: an approval is leave to act soon, not some day.
export const ACT_WITHIN_MS = 15 * 60_000;
// 3: a read may be repeated freely; what fails three times is told as failed.
const READ_ATTEMPTS = 3;
// 16,000 characters: what a model is shown of one result; the whole stays with the action.
const MAX_RESULT_CHARS = 16_000;

type Input = Parameters<ActorActivities['act']>[0];

export function createActorActivities(deps: ActorDeps): ActorActivities {
  return {
    inspect: async ({ proposal, principal }) => {
      const { tool, input } = await orRefuse(deps, proposal, () => verifyCall(deps, proposal, principal));
      const { actionId, conversationId } = proposal;
      if (tool.inspect === undefined) throw new Error(`the tool ${tool.name} must have an inspect`);
      const call = { actionId, conversationId, principal: proposal.principal, input };
      const { inspect } = tool;
      return heartbeating(async () => {
        const { context, opened } = await contextOf(deps, tool, proposal, 0);
        return checkedEvidence(await inspect(call, context).finally(() => opened.close()));
      });
    },
    act: async (input) => {
      const authority = await orRefuse(deps, input.proposal, () => verifyWarrant(deps, input.proposal, input.warrant));
      return heartbeating(() =>
        authority.tool.effect === 'read' ? read(deps, input, authority) : write(deps, input, authority),
      );
    },
  };
}

// 32,768 characters: a record with its lines; it travels with every card, and several fit into one payload.
const MAX_EVIDENCE_CHARS = 32_768;

/** Evidence that can be carried, hashed and shown: JSON with well-formed text, and not too long. Throws otherwise. */
function checkedEvidence(evidence: Evidence): Evidence {
  const text = canonicalJson({ ...evidence });
  if (text.length > MAX_EVIDENCE_CHARS) throw new Error(`the evidence is longer than ${MAX_EVIDENCE_CHARS} characters`);
  return evidence;
}

async function read(deps: ActorDeps, input: Input, authority: Authority): Promise<ActResult> {
  if (isStale(deps, authority)) return { kind: 'verdict_stale' };
  const { context, opened } = await contextOf(deps, authority.tool, input.proposal, 0);
  let outcome: Outcome;
  try {
    outcome = { kind: 'succeeded', result: await execute(authority, context).finally(() => opened.close()) };
  } catch (error) {
    if (attempt() < READ_ATTEMPTS) throw error;
    outcome = { kind: 'failed', reason: reasonOf(error) };
  }
  const { actionId, conversationId } = input.proposal;
  const entry = { subject: actionId, step: 'settled', conversationId, atMs: deps.nowMs() };
  await deps.store.record([{ ...entry, fact: { kind: 'settled', outcome } }]);
  return settled(deps, input, authority.tool, outcome);
}

async function write(deps: ActorDeps, input: Input, authority: Authority): Promise<ActResult> {
  const { actionId, conversationId, digest, tool } = input.proposal;
  const before = await deps.store.claims.get(actionId);
  if (before === undefined) {
    if (isStale(deps, authority)) return { kind: 'verdict_stale' };
    const { approval } = authority.verdict;
    if (approval !== null && deps.nowMs() > approval.deadlineMs + ACT_WITHIN_MS) {
      return notBegun(deps, input, authority, { kind: 'expired', reason: 'nobody could act on it in time' });
    }
  }
  // A credential that cannot be had claims nothing.
  const { context, opened } = await contextOf(deps, authority.tool, input.proposal, 1);
  return claimAndAct(deps, input, authority, context).finally(() => opened.close());
}

async function claimAndAct(deps: ActorDeps, input: Input, authority: Authority, context: ToolContext) {
  const { actionId, conversationId, digest, tool } = input.proposal;
  const claim = await deps.store.claims.claim({ actionId, conversationId, digest, tool, nowMs: deps.nowMs() });
  if (claim.kind === 'exists') {
    if (claim.claim.digest !== digest || claim.claim.actionId !== actionId) {
      return refuse(deps, input.proposal, 'the same key was claimed for another action');
    }
    const outcome = claim.claim.outcome ?? (await afterCrash(deps, input, authority, context));
    return settled(deps, input, authority.tool, outcome);
  }
  return settled(deps, input, authority.tool, await effect(deps, input, authority, context));
}

/** The effect itself, and its receipt. A throw of a write is `unknown` unless the tool says that nothing happened. */
async function effect(deps: ActorDeps, input: Input, authority: Authority, context: ToolContext): Promise<Outcome> {
  let outcome: Outcome;
  try {
    outcome = { kind: 'succeeded', result: await execute(authority, context) };
  } catch (error) {
    const kind = error instanceof DidNotHappen ? 'failed' : 'unknown';
    outcome = { kind, reason: reasonOf(error) };
  }
  return deps.store.claims.receipt(input.proposal.actionId, outcome, deps.nowMs());
}

/** Somebody claimed it and left no receipt. Ask the system of record, or repeat where it honours the key; else unknown. */
async function afterCrash(deps: ActorDeps, input: Input, authority: Authority, context: ToolContext): Promise<Outcome> {
  const { tool, call } = authority;
  const { actionId } = input.proposal;
  const found = tool.reconcile
    ? await tool.reconcile(call, context).catch(() => ({ kind: 'unknown' }) as const)
    : ({ kind: 'unknown' } as const);
  if (found.kind === 'happened') {
    return deps.store.claims.receipt(actionId, { kind: 'succeeded', result: found.result }, deps.nowMs());
  }
  if (found.kind === 'did_not_happen' || tool.idempotent) return effect(deps, input, authority, context);
  const reason = 'it was begun, and its end was never recorded';
  return deps.store.claims.receipt(actionId, { kind: 'unknown', reason }, deps.nowMs());
}

/** Close the door on an action that may not begin any more: its claim is taken, and nobody acts on it. */
async function notBegun(deps: ActorDeps, input: Input, authority: Authority, outcome: Outcome): Promise<ActResult> {
  const { actionId, conversationId, digest, tool } = input.proposal;
  await deps.store.claims.claim({ actionId, conversationId, digest, tool, nowMs: deps.nowMs() });
  const stands = await deps.store.claims.receipt(actionId, outcome, deps.nowMs());
  return settled(deps, input, authority.tool, stands);
}

async function execute({ tool, call }: Authority, context: ToolContext): Promise<Json> {
  const late = new Promise<never>((_, reject) => {
    const slow = () => reject(new Error(`the tool did not answer within ${tool.timeoutMs} ms`));
    context.signal.addEventListener('abort', slow, { once: true });
  });
  const result = await Promise.race([tool.execute(call, context), late]);
  return tool.output === undefined ? result : tool.output.parse(result);
}

// 5 s beyond the tool's own time limit: for the claim, which comes between the credential and the effect.
const CREDENTIAL_MARGIN_MS = 5_000;

async function contextOf(
  deps: ActorDeps,
  { name, scopes, timeoutMs }: AnyTool,
  { actionId, principal, tenant, agent }: Proposal,
  epoch: number,
): Promise<{ context: ToolContext; opened: Opened }> {
  const validForMs = timeoutMs + CREDENTIAL_MARGIN_MS;
  const opened = await deps.broker.open({ agent, tool: name, scopes, principal, tenant, actionId, epoch, validForMs });
  const signal = AbortSignal.timeout(timeoutMs);
  return { context: { access: opened.access, idempotencyKey: actionId, signal, nowMs: deps.nowMs() }, opened };
}

function isStale(deps: ActorDeps, { verdict }: Authority): boolean {
  return deps.nowMs() - verdict.atMs > VERDICT_FRESH_MS;
}

/** The answer to the Workflow; inside a turn the result is also an item that the model may see. */
async function settled(deps: ActorDeps, input: Input, tool: AnyTool, outcome: Outcome): Promise<ActResult> {
  const { actionId, conversationId, turn, callId } = input.proposal;
  if (!input.notesResult) return { kind: 'settled', ending: endingOf(outcome), item: null };
  const body = { kind: 'tool_result', callId, tool: tool.name, text: resultText(outcome) } as const;
  const trust = outcome.kind === 'succeeded' ? tool.trust : 'record';
  const [item] = await deps.store.items.append([{ key: resultKey(actionId), conversationId, turn, trust, body }]);
  return { kind: 'settled', ending: endingOf(outcome), item: item === undefined ? null : refOf(item) };
}

function resultText(outcome: Outcome): string {
  if (outcome.kind !== 'succeeded') return endingText(outcome);
  const text = typeof outcome.result === 'string' ? outcome.result : JSON.stringify(outcome.result);
  return text.length <= MAX_RESULT_CHARS
    ? text
    : `${text.slice(0, MAX_RESULT_CHARS)} … (cut; ${text.length} characters in all)`;
}

// 300 characters: one or two sentences of a far side's error; longer ones are dumps.
const MAX_REASON_CHARS = 300;

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : 'it failed without saying why').slice(0, MAX_REASON_CHARS);
}

async function orRefuse<T>(deps: ActorDeps, proposal: Proposal, verify: () => Promise<T>): Promise<T> {
  try {
    return await verify();
  } catch (error) {
    if (error instanceof WarrantRefused) return refuse(deps, proposal, error.message);
    throw error;
  }
}

/** Put the refusal on record, and fail for good: no retry makes a warrant true. */
async function refuse(deps: ActorDeps, proposal: Proposal, reason: string): Promise<never> {
  const { actionId, conversationId } = proposal;
  const fact = { kind: 'warrant_refused', reason } as const;
  await deps.store.record([{ subject: actionId, step: `refused:${reason}`, conversationId, atMs: deps.nowMs(), fact }]);
  throw ApplicationFailure.create({ type: 'WarrantRefused', message: `no warrant: ${reason}`, nonRetryable: true });
}
