// The memory as one action may use it: of its own principal, tenant and agent, with where its values come from. May import
// domain, trust and store types.
import type { Proposal } from '../../domain/action.ts';
import type { OwnMemory } from '../../domain/memory.ts';
import { worstOf } from '../../domain/sources.ts';
import type { AnyTool } from '../../domain/tool.ts';
import type { Store } from '../../store/ports.ts';
import { markOf } from '../../trust/digest.ts';

interface Deps {
  readonly store: Pick<Store, 'facts' | 'items'>;
  /** Who answers for the kind: its own owner, or the agent's. */
  readonly ownerOf: (agent: string, kind: string) => string;
  readonly nowMs: () => number;
}

/** Undefined where the tool does not declare it. All of the proposal is covered by its verdict. */
export function memoryFor(deps: Deps, { memory }: Pick<AnyTool, 'memory'>, proposal: Proposal): OwnMemory | undefined {
  if (memory !== true) return undefined;
  const { store, ownerOf, nowMs } = deps;
  const { actionId, conversationId, tenant, agent, principal, provenance } = proposal;
  const whose = { tenant, agent, subject: principal.id };
  return {
    async remember(fact) {
      const values = provenance?.values ?? [];
      const ids = [...new Set(values.flatMap(({ itemId = '' }) => (itemId === '' ? [] : [itemId])))];
      const items = (await store.items.load(conversationId, ids)).map(markOf);
      return store.facts.remember({
        ...{ ...fact, ...whose, owner: ownerOf(agent, fact.kind), source: { conversationId, actionId, items } },
        trust: values.length === 0 ? 'unknown' : worstOf(values.map(({ origin }) => origin)),
      });
    },
    hasRemembered: async () => (await store.facts.byAction(actionId)) !== undefined,
    forget: ({ kind, key }) => store.facts.forget({ ...whose, kind, key, id: '' }, principal.id, nowMs()),
  };
}
