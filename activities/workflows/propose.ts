// From a model's raw call to a proposal: parsed by the tool's schema, made canonical, digested. What cannot be parsed
// goes back to the model as a reason. Writes nothing. May import domain, trust and store types.
import type { TurnOf, WorkflowsActivities } from '../../domain/activity-ports.ts';
import type { InvalidCall, Proposal } from '../../domain/action.ts';
import type { LoadedAgent } from '../../domain/agent.ts';
import { actionId, anewId } from '../../domain/ids.ts';
import type { Item, ModelCall } from '../../domain/item.ts';
import type { JsonObject } from '../../domain/json.ts';
import { type RememberedFact, remembers, standingOf } from '../../domain/memory.ts';
import type { Principal } from '../../domain/principal.ts';
import { createTracer, reviseProvenance, type Tracer } from '../../domain/provenance.ts';
import type { Proposed } from '../../domain/proposing.ts';
import type { Seen } from '../../domain/sources.ts';
import type { Callable } from '../../domain/tool.ts';
import { MAX_REASON_CHARS } from '../../domain/rule.ts';
import type { MessageStatement, Signed } from '../../domain/signed.ts';
import { cutText, utf8Bytes } from '../../domain/text.ts';
import { actionDigest, sha256Hex } from '../../trust/digest.ts';
import { SignatureInvalid } from '../../trust/signing.ts';
import { freeNamesIn } from '../free-names.ts';
import { agentOf, declarationOf, toolOf } from './agents.ts';
import { criticalOf, parseArguments, unreadBy } from './arguments.ts';
import type { WorkflowsDeps } from './deps.ts';

// 160 characters: one line on a phone's card.
const MAX_SUMMARY_CHARS = 160;
// 64 characters: the longest name of a tool.
const MAX_NAME_CHARS = 64;
// 128 bits: nobody guesses it, and so nobody the arguments behind a digest.
const SALT_CHARS = 32;
// 128 KB: the arguments of one answer travel together, to the rules, the people and the actor, beside their evidence.
const MAX_ANSWER_BYTES = 131_072;

export function createPropose(
  deps: WorkflowsDeps,
  decide: WorkflowsActivities['decide'],
): WorkflowsActivities['propose'] {
  return async ({ of, itemId, firstIndex, seen, principal: signed, quotes = [] }) => {
    const loaded = agentOf(deps.agents, of.agent);
    const found = await deps.store.items.load(of.conversationId, [itemId, ...(seen?.itemIds ?? [])]);
    const item = found.find(({ id }) => id === itemId);
    // Lost, where the store was restored from before: nobody knows what was called for, and nothing comes of it.
    if (item === undefined) return [];
    if (item.body.kind !== 'calls') throw new Error(`there must be an item ${itemId} with calls`);
    const request = await requestOf(deps, signed);
    const trace =
      seen === undefined || request === undefined
        ? undefined
        : tracerOf(loaded, request.principal, found, seen, await inForce(deps, of, request.principal));
    const proposed: Proposed[] = [];
    for (const [at, call] of item.body.calls.entries()) {
      const reading = { of, loaded, item, request, quotes, trace, before: proposed };
      proposed.push(readCall(reading, call, firstIndex + at));
    }
    return ruleOnReady(proposed, decide);
  };
}

/** What is remembered of who asks: the model was shown it, or as much as there was room for. */
async function inForce(deps: WorkflowsDeps, { agent, tenant }: TurnOf, { id }: Principal) {
  if (!remembers(agentOf(deps.agents, agent).agent)) return [];
  const nowMs = deps.nowMs();
  const facts = await deps.store.facts.shownOf({ tenant, agent, subject: id }, nowMs);
  return facts.filter((fact) => standingOf(fact, nowMs) === 'in_force');
}

/** Over the items that the call of the model saw. One that is gone may have been anybody's. */
function tracerOf(
  { agent: { instructions } }: LoadedAgent,
  principal: Principal,
  found: readonly Item[],
  { itemIds, forgotten }: Seen,
  facts: readonly RememberedFact[],
): Tracer {
  const byId = new Map(found.map((item) => [item.id, item]));
  const items = itemIds.flatMap((id) => byId.get(id) ?? []);
  const isWhole = items.length === itemIds.length;
  return createTracer({ items, principal, instructions, forgotten: isWhole ? forgotten : 'untrusted', facts });
}

/** Rule on those at once for which no evidence has to be read. */
export async function ruleOnReady(
  proposed: readonly Proposed[],
  decide: WorkflowsActivities['decide'],
): Promise<readonly Proposed[]> {
  const ready = proposed.flatMap((one) => (one.kind === 'to_inspect' && !one.proposal.inspects ? [one.proposal] : []));
  const ruled = await decide(ready.map((proposal) => ({ proposal, evidence: null, approval: null })));
  const byId = new Map(ruled.map((action) => [action.proposal.actionId, action]));
  return proposed.map((one): Proposed => {
    const action = one.kind === 'to_inspect' ? byId.get(one.proposal.actionId) : undefined;
    return action === undefined ? one : { kind: 'ruled', action };
  });
}

/** Undefined when the key that signed the message is not valid any more: an answer, where a throw would hold up the turn. */
async function requestOf(deps: WorkflowsDeps, signed: Signed<MessageStatement>): Promise<MessageStatement | undefined> {
  try {
    return await deps.verifier.verify('message', signed);
  } catch (error) {
    if (error instanceof SignatureInvalid) return undefined;
    throw error;
  }
}

interface Reading {
  readonly of: TurnOf;
  readonly loaded: LoadedAgent;
  readonly item: Item;
  readonly request: MessageStatement | undefined;
  readonly quotes: readonly string[];
  readonly trace: Tracer | undefined;
  /** What the calls before it in the same answer became. */
  readonly before: readonly Proposed[];
}

/** A proposal, or why there is none, which goes back to the model. */
function readCall(reading: Reading, call: ModelCall, index: number): Proposed {
  const { of, loaded, request, before } = reading;
  const { callId, tool: name } = call;
  const id = actionId(of.conversationId, of.turn, index);
  const invalid = invalidAs({ actionId: id, callId, tool: name });
  if (request === undefined) return invalid('the key that signed the request is no longer valid; ask for it again');
  const tool = toolOf(loaded, name);
  if (tool === undefined) return invalid(`there is no tool "${name.slice(0, MAX_NAME_CHARS)}"`);
  try {
    const parsed = parseArguments(tool, call.argumentsText);
    if (parsed.kind === 'invalid') return invalid(parsed.reason);
    if (isRepeated(tool, parsed.args, before)) return invalid('the same call stands before it in this answer');
    if (isTooMuch(parsed.args, before)) {
      return invalid(`the calls of this answer exceed ${MAX_ANSWER_BYTES} bytes; make this one in the next`);
    }
    return { kind: 'to_inspect', proposal: proposalOf({ ...reading, request }, { call, tool, id, index }, parsed) };
  } catch (error) {
    return invalid(unreadBy(error));
  }
}

export const invalidAs =
  (call: Pick<InvalidCall, 'actionId' | 'callId' | 'tool'>) =>
  (reason: string): InvalidCall => ({ kind: 'invalid', ...call, reason: cutText(reason, MAX_REASON_CHARS) });

function proposalOf(
  { of, loaded, item, request, quotes, trace }: Reading & { readonly request: MessageStatement },
  {
    call,
    tool,
    id,
    index,
  }: { readonly call: ModelCall; readonly tool: Callable; readonly id: string; readonly index: number },
  { args, input }: { readonly args: string; readonly input: unknown },
): Proposal {
  const { conversationId, turn, agent, tenant } = of;
  const { principal, messageId } = request;
  return {
    ...identityOf(tool, { actionId: id, args, principal }, `${item.salt}:${index}`),
    ...{ conversationId, turn, agent, tenant, callId: call.callId, origin: { messageId, itemId: item.id } },
    ...restingOn(quotes.filter((who) => who !== principal.id)),
    ...declaredBy(loaded, tool, input, principal),
    ...(trace === undefined ? {} : { provenance: traced(trace, tool, JSON.parse(args) as JsonObject) }),
  };
}

const traced = (trace: Tracer, tool: Callable, args: JsonObject) => trace(args, freeNamesIn(tool, args));

export const restingOn = (editors: readonly string[]): Pick<Proposal, 'editors'> =>
  editors.length === 0 ? {} : { editors };

/** What the digest covers, and the digest. The same seed gives the same salt: who runs it again proposes the same. */
export function identityOf(tool: Callable, of: Pick<Proposal, 'actionId' | 'args' | 'principal'>, seed: string) {
  const salt = sha256Hex(seed).slice(0, SALT_CHARS);
  const identity = { ...of, tool: tool.name, toolVersion: tool.version, salt };
  return { ...identity, digest: actionDigest(identity) };
}

/** What a proposal has from the declaration of its tool. */
export function declaredBy(loaded: LoadedAgent, tool: Callable, input: unknown, principal: Principal) {
  return {
    declarationSha256: declarationOf(loaded, tool),
    effect: tool.effect,
    summary: oneLine(tool.summarize(input as never)),
    ...(tool.forWhom === undefined ? {} : { forWhom: oneLine(tool.forWhom(input as never, principal)) }),
    ...(tool.howMuch === undefined ? {} : { howMuch: oneLine(tool.howMuch(input as never)) }),
    critical: tool.critical,
    timeoutMs: tool.timeoutMs,
    inspects: tool.inspect !== undefined,
    preconditions: tool.preconditions,
    then: tool.then,
  };
}

const oneLine = (text: string): string => cutText(text.replace(/\s+/g, ' '), MAX_SUMMARY_CHARS);

export function createProposeAnew(
  deps: WorkflowsDeps,
  decide: WorkflowsActivities['decide'],
): WorkflowsActivities['proposeAnew'] {
  return async ({ proposal, args, editor }) => {
    const anew = proposedAnew(deps, proposal, args, editor);
    const [ruled = anew] = await ruleOnReady([anew], decide);
    return ruled;
  };
}

/** The same tool, call and principal; arguments, declaration and key are new, and with them salt and digest. */
function proposedAnew(deps: WorkflowsDeps, proposal: Proposal, text: string, editor: string): Proposed {
  const id = anewId(proposal.actionId);
  const { callId, tool: name, editors = [] } = proposal;
  const invalid = invalidAs({ actionId: id, callId, tool: name });
  const loaded = agentOf(deps.agents, proposal.agent);
  const tool = toolOf(loaded, name);
  if (tool === undefined) return invalid(`there is no tool ${name} any more`);
  try {
    const parsed = parseArguments(tool, text);
    if (parsed.kind === 'invalid') return invalid(parsed.reason);
    const { args, input } = parsed;
    const { principal, salt } = proposal;
    const written = editor === '' || editors.includes(editor) ? editors : [...editors, editor];
    const { provenance: before, ...rest } = proposal;
    const change = { old: JSON.parse(proposal.args) as JsonObject, now: JSON.parse(args) as JsonObject, editor };
    const provenance = reviseProvenance(before, change);
    const whole: Proposal = {
      ...rest,
      ...(provenance === undefined ? {} : { provenance }),
      ...identityOf(tool, { actionId: id, args, principal }, `${salt}:${id}`),
      ...restingOn(written),
      ...declaredBy(loaded, tool, input, principal),
    };
    return { kind: 'to_inspect', proposal: whole };
  } catch (error) {
    return invalid(unreadBy(error));
  }
}

/** The same effect twice in one answer is one wish. Reads may repeat. */
function isRepeated(tool: Callable, args: string, before: readonly Proposed[]): boolean {
  if (tool.effect === 'read') return false;
  const critical = criticalOf(tool, args);
  return before.some(
    (one) =>
      one.kind === 'to_inspect' && one.proposal.tool === tool.name && criticalOf(tool, one.proposal.args) === critical,
  );
}

function isTooMuch(args: string, before: readonly Proposed[]): boolean {
  const earlier = before.flatMap((one) => (one.kind === 'to_inspect' ? [utf8Bytes(one.proposal.args)] : []));
  return earlier.reduce((sum, bytes) => sum + bytes, utf8Bytes(args)) > MAX_ANSWER_BYTES;
}
