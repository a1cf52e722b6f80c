// The reports of the store in memory: what is counted elsewhere is put there, what is told from approvals is told from them.
import type { Approval } from '../../../domain/approval.ts';
import type { RuleBurden } from '../../../domain/burden.ts';
import type { RecordedEntry } from '../../../domain/entry.ts';
import type { OwnerReport } from '../../../domain/report.ts';
import type { Store } from '../../../store/ports.ts';

interface ReportsState {
  readonly approvals: ReadonlyMap<string, Approval>;
  readonly entries: readonly RecordedEntry[];
  readonly burden: readonly RuleBurden[];
  readonly orphans: Awaited<ReturnType<Store['reports']['orphans']>>;
  here<T>(answer: () => T): Promise<T>;
}

const NOTHING_DONE: OwnerReport = {
  ...{ outcomes: {}, asks: 0, questions: 0, modelCalls: 0 },
  ...{ promptTokens: 0, completionTokens: 0, cost: [], unpriced: 0 },
};

export const memoryReports = (state: ReportsState): Store['reports'] => ({
  ofOwner: () => state.here(() => NOTHING_DONE),
  burden: (period) => state.here(() => ({ ...period, rules: state.burden, isCut: false })),
  orphans: () => state.here(() => state.orphans),
  unshown: () => state.here(() => unshownIn(state)),
  askedWithoutAmount: ({ fromMs }) =>
    state.here(() => [...state.approvals.values()].filter((one) => one.askedMs >= fromMs).flatMap(withoutAmount)),
});

function unshownIn({ approvals, entries }: ReportsState) {
  return [...approvals.values()].flatMap((approval) => {
    const own = entries.filter(({ subject }) => subject === approval.id);
    if (approval.end !== 'open' || own.some(({ fact }) => fact.kind === 'card_shown')) return [];
    return [{ approval, refusedStep: own.findLast(({ fact }) => fact.kind === 'card_not_shown')?.step ?? null }];
  });
}

const withoutAmount = ({ agent, ruleId, tool, group, escalation = [], amount }: Approval) =>
  amount === undefined ? [{ agent, ruleId, tool, group, escalation }] : [];
