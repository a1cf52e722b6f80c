// From a model's raw call to a proposal: parsed by the tool's schema, made canonical, digested. What cannot be parsed
// goes back to the model as a reason. Writes nothing. May import domain, trust and store types.
import type { Proposed, TurnOf, WorkflowsActivities } from '../../domain/activity-ports.ts';
import type { Proposal } from '../../domain/action.ts';
import type { LoadedAgent } from '../../domain/agent.ts';
import { actionId } from '../../domain/ids.ts';
import type { Item, ModelCall } from '../../domain/item.ts';
import type { Principal } from '../../domain/principal.ts';
import { MAX_REASON_CHARS } from '../../domain/rule.ts';
import type { MessageStatement, Signed } from '../../domain/signed.ts';
import { cutText, utf8Bytes } from '../../domain/text.ts';
import { actionDigest, sha256Hex } from '../../trust/digest.ts';
import { SignatureInvalid } from '../../trust/signing.ts';
import { agentOf, toolOf } from './agents.ts';
import { criticalOf, parseArguments } from './arguments.ts';
import type { WorkflowsDeps } from './deps.ts';

// 160 characters: one line on a phone's card.
const MAX_SUMMARY_CHARS = 160;

export function createPropose(
  deps: WorkflowsDeps,
  decide: WorkflowsActivities['decide'],
): WorkflowsActivities['propose'] {
  return async ({ of, itemId, firstIndex, principal: signed }) => {
    const loaded = agentOf(deps.agents, of.agent);
    const [item] = await deps.store.items.load(of.conversationId, [itemId]);
    if (item?.body.kind !== 'calls') throw new Error(`there must be an item ${itemId} with calls`);
    const { calls } = item.body;
    const principal = await principalOf(deps, signed);
    const proposed = calls.map((call, at) =>
      orThrown(of, call, firstIndex + at, (index) => {
        if (principal !== undefined) return proposalOf(of, loaded, item, call, index, principal);
        const { callId, tool } = call;
        const reason = 'the key that signed the request is no longer valid; ask for it again';
        return { kind: 'invalid', actionId: actionId(of.conversationId, of.turn, index), callId, tool, reason };
      }),
    );
    const once = proposed.map((one, at) =>
      orTooMuch(orRepeated(loaded, one, proposed.slice(0, at)), proposed.slice(0, at)),
    );
    const ready = once.flatMap((one) => (one.kind === 'to_inspect' && !one.proposal.inspects ? [one.proposal] : []));
    const ruled = await decide(ready.map((proposal) => ({ proposal, evidence: null, approval: null })));
    const byId = new Map(ruled.map((action) => [action.proposal.actionId, action]));
    return once.map((one): Proposed => {
      const action = one.kind === 'to_inspect' ? byId.get(one.proposal.actionId) : undefined;
      return action === undefined ? one : { kind: 'ruled', action };
    });
  };
}

/** Undefined when the key that signed the message is not valid any more: an answer, where a throw would hold up the turn. */
async function principalOf(deps: WorkflowsDeps, signed: Signed<MessageStatement>): Promise<Principal | undefined> {
  try {
    return (await deps.verifier.verify('message', signed)).principal;
  } catch (error) {
    if (error instanceof SignatureInvalid) return undefined;
    throw error;
  }
}

function proposalOf(
  of: TurnOf,
  loaded: LoadedAgent,
  item: Item,
  call: ModelCall,
  index: number,
  principal: Principal,
): Proposed {
  const { conversationId, turn, agent, tenant } = of;
  const id = actionId(conversationId, turn, index);
  const { callId } = call;
  const invalid = (reason: string): Proposed => ({ kind: 'invalid', actionId: id, callId, tool: call.tool, reason });
  const tool = toolOf(loaded, call.tool);
  if (tool === undefined) return invalid(`there is no tool "${call.tool.slice(0, 64)}"`);
  const parsed = parseArguments(tool, call.argumentsText);
  if (parsed.kind === 'invalid') return invalid(parsed.reason);
  const identity = {
    actionId: id,
    tool: tool.name,
    toolVersion: tool.version,
    args: parsed.args,
    principal,
    salt: sha256Hex(`${item.salt}:${index}`).slice(0, 32),
  };
  const proposal: Proposal = {
    ...identity,
    digest: actionDigest(identity),
    conversationId,
    turn,
    agent,
    tenant,
    callId,
    effect: tool.effect,
    summary: cutText(tool.summarize(parsed.input as never).replace(/\s+/g, ' '), MAX_SUMMARY_CHARS),
    timeoutMs: tool.timeoutMs,
    inspects: tool.inspect !== undefined,
    preconditions: tool.preconditions,
    then: tool.then,
  };
  return { kind: 'to_inspect', proposal };
}

/** A schema or a summary of a tool that throws must not hold up the conversation: its call is not done, and says why. */
function orThrown(of: TurnOf, call: ModelCall, index: number, propose: (index: number) => Proposed): Proposed {
  try {
    return propose(index);
  } catch (error) {
    const reason = `the tool could not read this call: ${error instanceof Error ? error.message : String(error)}`;
    const { callId, tool } = call;
    const id = actionId(of.conversationId, of.turn, index);
    return { kind: 'invalid', actionId: id, callId, tool, reason: cutText(reason, MAX_REASON_CHARS) };
  }
}

// 128 KB: the arguments of one answer travel together, to the rules, the people and the actor, beside their evidence.
const MAX_ANSWER_BYTES = 131_072;

/** What does not fit into one order any more is asked for in another. */
function orTooMuch(one: Proposed, before: readonly Proposed[]): Proposed {
  if (one.kind !== 'to_inspect') return one;
  const bytes = [...before, one].reduce(
    (sum, other) => sum + (other.kind === 'to_inspect' ? utf8Bytes(other.proposal.args) : 0),
    0,
  );
  if (bytes <= MAX_ANSWER_BYTES) return one;
  const { actionId: id, callId, tool } = one.proposal;
  const reason = `the calls of this answer exceed ${MAX_ANSWER_BYTES} bytes; make this one in the next`;
  return { kind: 'invalid', actionId: id, callId, tool, reason };
}

/** The same effect twice in one answer is one wish: the second is told so. Reads may repeat. */
function orRepeated(loaded: LoadedAgent, one: Proposed, before: readonly Proposed[]): Proposed {
  if (one.kind !== 'to_inspect' || one.proposal.effect === 'read') return one;
  const { proposal } = one;
  const tool = toolOf(loaded, proposal.tool);
  const twin = before.some(
    (other) =>
      tool !== undefined &&
      other.kind === 'to_inspect' &&
      other.proposal.tool === proposal.tool &&
      criticalOf(tool, other.proposal.args) === criticalOf(tool, proposal.args),
  );
  if (!twin) return one;
  const { actionId: id, callId, tool: name } = proposal;
  const reason = 'the same call stands before it in this answer';
  return { kind: 'invalid', actionId: id, callId, tool: name, reason };
}
