// Who may see what. Whoever may not see a thing is told that it does not exist, so that ids tell nothing.
// May import domain, store.
import { type Approval, askedBy } from '../domain/approval.ts';
import { groupsAt } from '../domain/entitlement.ts';
import { conversationOfAction } from '../domain/ids.ts';
import { type Directory, isMember, onlyPerson } from '../domain/principal.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Retention } from '../domain/retention.ts';
import type { DeclaredBudgets } from '../domain/spending.ts';
import type { ActionRow, ConversationRow, Store } from '../store/ports.ts';
import { type Caller, isOperator } from './auth.ts';
import { Problem } from './problem.ts';

/** What the API knows of an agent. */
export interface AgentInfo {
  readonly name: string;
  readonly owner: string;
  readonly team: string;
  readonly purpose: string;
  /** The names of its tools. */
  readonly tools: readonly string[];
  /** Absent where they are the defaults. */
  readonly budgets?: DeclaredBudgets;
  readonly retention?: Retention | undefined;
}

/** `staff`: the agent's team and operators, who see arguments, evidence and tool results. */
export type Eyes = 'principal' | 'staff';

export interface Access {
  /** The conversation, if the caller may see it and it has not ended. Throws `not_found` or `conversation_closed`. */
  conversation(caller: Caller, id: string): Promise<{ readonly row: ConversationRow; readonly eyes: Eyes }>;
  /** The approval, if it is of the caller's tenant, and the caller is in its group or operates. Throws `not_found`. */
  approval(caller: Caller, id: string): Promise<Approval>;
  /** The action, for whoever may see its conversation or decide on it. Throws `not_found`. */
  action(caller: Caller, id: string): Promise<{ readonly row: ActionRow; readonly eyes: Eyes }>;
  /** The groups whose approvals the caller may see: teams, and the groups of one whom a question goes to. */
  groups(caller: Caller): readonly string[];
  /** Every group that an approval may wait for. */
  readonly everyGroup: readonly string[];
  /** The agents whose conversations the caller may see as staff. */
  agents(caller: Caller): readonly string[];
}

export function createAccess(deps: {
  readonly store: Pick<Store, 'conversations' | 'actions' | 'approvals'>;
  readonly agents: ReadonlyMap<string, AgentInfo>;
  readonly directory: Directory;
  readonly nowMs: () => number;
}): Access {
  const { store, agents, directory, nowMs } = deps;

  function eyesOn(row: ConversationRow, { principal, ...caller }: Caller): Eyes | undefined {
    if (row.tenant !== principal.tenant) return undefined;
    const team = agents.get(row.agent)?.team ?? '';
    if (caller.scopes.includes('operate') || isMember(directory, team, principal.id)) return 'staff';
    return row.principal.id === principal.id ? 'principal' : undefined;
  }

  const everyGroup = [...Object.keys(directory.groups), ...directory.people.map(({ id }) => onlyPerson(id))];

  const groups = (caller: Caller): readonly string[] =>
    isOperator(caller) ? everyGroup : everyGroup.filter((group) => isMember(directory, group, caller.principal.id));

  const isForGroups = (approval: Approval, of: readonly string[]): boolean =>
    groupsAt(askedBy(approval), nowMs()).some((group) => of.includes(group));

  /** An approval is its conversation's: whoever may not see the one must not learn of the other. */
  const ofTenant = async ({ principal }: Caller, conversationId: string): Promise<boolean> =>
    (await store.conversations.get(conversationId))?.tenant === principal.tenant;

  return {
    groups,
    everyGroup,
    agents: (caller) =>
      [...agents.values()]
        .filter((agent) => isOperator(caller) || isMember(directory, agent.team, caller.principal.id))
        .map((agent) => agent.name),

    async conversation(caller, id) {
      const row = await store.conversations.get(id);
      const eyes = row === undefined ? undefined : eyesOn(row, caller);
      if (row === undefined || eyes === undefined) throw notFound('conversation', id);
      if (row.phase === 'closed') {
        throw new Problem('conversation_closed', 'The conversation has ended for good; start another one.');
      }
      return { row, eyes };
    },

    async approval(caller, id) {
      const approval = await store.approvals.get(id);
      if (approval === undefined) throw notFound('approval', id);
      if (!(await ofTenant(caller, approval.conversationId))) throw notFound('approval', id, 'other_tenant');
      if (!isForGroups(approval, groups(caller))) throw notFound('approval', id, 'not_asked');
      return approval;
    },

    async action(caller, id) {
      if (conversationOfAction(id) === undefined) throw new Problem('not_found', noActionText(id));
      const row = await store.actions.get(id);
      const conversation = row === undefined ? undefined : await store.conversations.get(row.conversationId);
      if (row === undefined || conversation?.tenant !== caller.principal.tenant) throw notFound('action', id);
      const eyes = eyesOn(conversation, caller);
      if (eyes === 'staff') return { row, eyes };
      const approval = row.approvalId === null ? undefined : await store.approvals.get(row.approvalId);
      if (approval !== undefined && isForGroups(approval, groups(caller))) return { row, eyes: 'staff' };
      if (eyes === undefined) throw notFound('action', id);
      return { row, eyes };
    },
  };
}

const noActionText = (id: string): string =>
  `"${id}" is the id of no action; write CONVERSATION:TURN:NUMBER, as in demo:1:1.`;

function notFound(what: string, id: string, refusal?: Refusal): Problem {
  const detail = `There is no ${what} "${id}" that you may see; check the id and the key.`;
  return new Problem('not_found', detail, refusal === undefined ? {} : { refusal });
}
