// The steps of a procedure: proposed as its code wants them, on the ground of the action that started it; and how they
// ended, for that code. Writes nothing. May import domain, trust and store types.
import { endingOf, type Proposal } from '../../domain/action.ts';
import type { ActionEnd, WorkflowsActivities } from '../../domain/activity-ports.ts';
import type { Proposed } from '../../domain/proposing.ts';
import { quotedOf } from '../../domain/decision.ts';
import { anewId, parseApprovalId, stepId } from '../../domain/ids.ts';
import type { JsonObject } from '../../domain/json.ts';
import { type EarlierStep, traceStep } from '../../domain/step-origins.ts';
import { MAX_STEP_RESULT_BYTES } from '../../domain/steps.ts';
import { utf8Bytes } from '../../domain/text.ts';
import type { ActionRow } from '../../store/ports.ts';
import { freeNamesIn } from '../free-names.ts';
import { agentOf, toolOf } from './agents.ts';
import { parseArguments, unreadBy } from './arguments.ts';
import type { WorkflowsDeps } from './deps.ts';
import { declaredBy, restingOn, identityOf, invalidAs, ruleOnReady } from './propose.ts';

export function createProposeStep(
  deps: WorkflowsDeps,
  decide: WorkflowsActivities['decide'],
): WorkflowsActivities['proposeStep'] {
  return async (wanted) => {
    const { start, step } = wanted;
    // What runs is what was ruled on, and no other input in its name.
    if ((await deps.store.actions.get(start.actionId))?.digest !== start.digest) {
      const { actionId, callId, tool } = start;
      const reason = `the procedure ${tool} was not started so`;
      return invalidAs({ actionId: stepId(actionId, step), callId, tool: wanted.tool })(reason);
    }
    const proposed = proposalOf(deps, wanted, await stepsBefore(deps, wanted));
    const [ruled = proposed] = await ruleOnReady([proposed], decide);
    return ruled;
  };
}

type Wanted = Parameters<WorkflowsActivities['proposeStep']>[0];

/** Principal, conversation and turn are those of the start; key, arguments, salt and digest are its own. */
function proposalOf(
  deps: WorkflowsDeps,
  { start, step, tool: name, args: text, editors }: Wanted,
  earlier: readonly EarlierStep[],
): Proposed {
  const { conversationId, turn, agent, tenant, callId, origin, principal, salt } = start;
  const id = stepId(start.actionId, step);
  const invalid = invalidAs({ actionId: id, callId, tool: name });
  const loaded = agentOf(deps.agents, agent);
  const tool = toolOf(loaded, name);
  if (tool === undefined || tool.effect === 'start') return invalid(`the agent has no tool ${name}`);
  try {
    const parsed = parseArguments(tool, text);
    if (parsed.kind === 'invalid') return invalid(parsed.reason);
    const { args, input } = parsed;
    const others = [...new Set([...(start.editors ?? []), ...editors])].filter((who) => who !== principal.id);
    const values = JSON.parse(args) as JsonObject;
    const provenance = traceStep(start, earlier, values, freeNamesIn(tool, values));
    const proposal: Proposal = {
      ...identityOf(tool, { actionId: id, args, principal }, `${salt}:${id}`),
      ...{ conversationId, turn, agent, tenant, callId, origin },
      proposedBy: { procedure: start.tool, actionId: start.actionId },
      ...restingOn(others),
      ...declaredBy(loaded, tool, input, principal),
      ...(provenance === undefined ? {} : { provenance }),
    };
    return { kind: 'to_inspect', proposal };
  } catch (error) {
    return invalid(unreadBy(error));
  }
}

/** What its earlier steps gave back. One that was never an action, as it could not be read, gave nothing. */
async function stepsBefore({ agents, store }: WorkflowsDeps, { start, earlier }: Wanted): Promise<EarlierStep[]> {
  const { agent } = agentOf(agents, start.agent);
  const rows = earlier.length === 0 ? [] : await store.actions.some(earlier);
  return rows.flatMap(({ tool, args, outcome }) => {
    const trust = agent.tools.find(({ name }) => name === tool)?.trust ?? 'untrusted';
    return outcome === null ? [] : [{ tool, trust, args, outcome }];
  });
}

// 10: a batch proposes an action anew six times at most.
const MAX_ANEW = 10;

export function createReadEnd({ store }: Pick<WorkflowsDeps, 'store'>): WorkflowsActivities['readEnd'] {
  return async ({ actionId }) => {
    const ids = [actionId];
    while (ids.length <= MAX_ANEW) ids.push(anewId(ids.at(-1) ?? actionId));
    const row = (await store.actions.some(ids)).at(-1);
    return row === undefined || row.outcome === null ? null : endIn(row, row.outcome, await quotesOn(store, row));
  };
}

function endIn(row: ActionRow, outcome: NonNullable<ActionRow['outcome']>, quotes: readonly string[]): ActionEnd {
  const end = { actionId: row.id, summary: row.summary, ending: endingOf(outcome), quotes };
  if (outcome.kind === 'succeeded' && outcome.isLost === true) return { ...end, result: null, isLost: true };
  const result = outcome.kind === 'succeeded' ? outcome.result : null;
  const bytes = utf8Bytes(JSON.stringify(result));
  return bytes > MAX_STEP_RESULT_BYTES ? { ...end, result: null, tooLongBytes: bytes } : { ...end, result };
}

async function quotesOn({ approvals }: WorkflowsDeps['store'], row: ActionRow): Promise<readonly string[]> {
  const batchId = row.approvalId === null ? undefined : parseApprovalId(row.approvalId)?.batchId;
  return batchId === undefined ? [] : quotedOf(await approvals.ofBatch(batchId));
}
