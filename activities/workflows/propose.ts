// From a model's raw call to a proposal: parsed by the tool's schema, made canonical, digested. What cannot be parsed
// goes back to the model as a reason. Writes nothing. May import domain, trust and store types.
import type { Proposed, TurnOf, WorkflowsActivities } from '../../domain/activity-ports.ts';
import type { Proposal } from '../../domain/action.ts';
import type { LoadedAgent } from '../../domain/agent.ts';
import { actionId } from '../../domain/ids.ts';
import type { Item, ModelCall } from '../../domain/item.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import type { Principal } from '../../domain/principal.ts';
import type { AnyTool } from '../../domain/tool.ts';
import { actionDigest, canonicalJson, sha256Hex } from '../../trust/digest.ts';
import { agentOf, toolOf } from './agents.ts';
import type { WorkflowsDeps } from './create.ts';

// 32 KB: a long mail with its headers; larger content belongs into a file that the call names.
export const MAX_ARGUMENTS_CHARS = 32_768;
// 160 characters: one line on a phone's card.
const MAX_SUMMARY_CHARS = 160;
// 5: the model mends a call from its first mistakes; a longer list drowns them.
const MAX_ISSUES = 5;

export function createPropose(
  deps: WorkflowsDeps,
  decide: WorkflowsActivities['decide'],
): WorkflowsActivities['propose'] {
  return async ({ of, itemId, firstIndex, principal: signed }) => {
    const loaded = agentOf(deps.agents, of.agent);
    const [item] = await deps.store.items.load(of.conversationId, [itemId]);
    if (item?.body.kind !== 'calls') throw new Error(`there must be an item ${itemId} with calls`);
    const { principal } = await deps.verifier.verify('message', signed);
    const proposed = item.body.calls.map((call, at) => proposalOf(of, loaded, item, call, firstIndex + at, principal));
    const once = proposed.map((one, at) => orRepeated(loaded, one, proposed.slice(0, at)));
    const ready = once.flatMap((one) => (one.kind === 'to_inspect' && !one.proposal.inspects ? [one.proposal] : []));
    const ruled = await decide(ready.map((proposal) => ({ proposal, evidence: null, approval: null })));
    const byId = new Map(ruled.map((action) => [action.proposal.actionId, action]));
    return once.map((one): Proposed => {
      const action = one.kind === 'to_inspect' ? byId.get(one.proposal.actionId) : undefined;
      return action === undefined ? one : { kind: 'ruled', action };
    });
  };
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
    summary: tool
      .summarize(parsed.input as never)
      .replace(/\s+/g, ' ')
      .slice(0, MAX_SUMMARY_CHARS),
    timeoutMs: tool.timeoutMs,
    inspects: tool.inspect !== undefined,
    preconditions: tool.preconditions,
    then: tool.then,
  };
  return { kind: 'to_inspect', proposal };
}

type Parsed =
  | { readonly kind: 'parsed'; readonly args: string; readonly input: unknown }
  | { readonly kind: 'invalid'; readonly reason: string };

/** One canonical text of the arguments, or why there is none. Card, digest and tool see this text and no other. */
export function parseArguments(tool: AnyTool, text: string): Parsed {
  if (text.length > MAX_ARGUMENTS_CHARS)
    return { kind: 'invalid', reason: `the arguments exceed ${MAX_ARGUMENTS_CHARS} characters` };
  let raw: unknown;
  try {
    raw = JSON.parse(text === '' ? '{}' : text);
  } catch {
    return { kind: 'invalid', reason: 'the arguments are no JSON object' };
  }
  const result = tool.input.safeParse(raw);
  if (!result.success) {
    const issues = result.error.issues
      .slice(0, MAX_ISSUES)
      .map((issue) => `${issue.path.join('.') || 'arguments'}: ${issue.message}`);
    return { kind: 'invalid', reason: issues.join('; ') };
  }
  try {
    return { kind: 'parsed', args: canonicalJson(result.data as Json), input: result.data };
  } catch {
    return { kind: 'invalid', reason: 'the arguments hold text that is not well-formed Unicode' };
  }
}

/** Only the values that decide who, where and how much. */
export function criticalOf(tool: AnyTool, args: string): string {
  const input = JSON.parse(args) as JsonObject;
  return canonicalJson(Object.fromEntries(tool.critical.map((name) => [name, input[name] ?? null])));
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
