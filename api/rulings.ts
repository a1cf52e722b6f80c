// What was ruled, with all that the rules saw, for whoever asks other rules the same. May import domain, store.
// Guarantees: who reads it is on record before it leaves; nothing of it is made up where it was erased or altered.
import type { RecordedEntry } from '../domain/entry.ts';
import type { FactOf } from '../domain/entry.ts';
import { conversationWorkflowId } from '../domain/ids.ts';
import type { ApiDeps } from './deps.ts';
import { assertOfHouse, readBy } from './ledger.ts';
import { LEDGER_PAGE_CHARS } from './limits.ts';
import { type Route, route } from './route.ts';
import { LedgerRulings, type LedgerRulingsView, RulingsAsked } from './rulings-schema.ts';

type Deps = Pick<ApiDeps, 'store' | 'temporalUiUrl' | 'nowMs'>;
type View = LedgerRulingsView['rulings'][number];

export function rulingRoutes(deps: Deps): readonly Route[] {
  const { store } = deps;
  return [
    route({
      method: 'get',
      path: '/v1/ledger/rulings',
      id: 'pullRulings',
      summary:
        'Verdicts with all that the rules saw, newest first, to ask other rules the same; reading them is an entry',
      scope: ['ledger:read'],
      query: RulingsAsked,
      responses: { 200: LedgerRulings },
      handler: async ({ query: { before = Number.MAX_SAFE_INTEGER, limit }, caller }) => {
        assertOfHouse(caller, "the ledger holds every tenant's");
        const rows = await store.ledger.rulings(before, limit);
        const rulings = cut(rows.map(({ ruled, proposed }) => viewOf(deps, ruled, proposed)));
        const [newest, oldest] = [rulings[0], rulings.at(-1)];
        if (newest === undefined || oldest === undefined) return { status: 200, body: { rulings: [], next: null } };
        await store.record([readBy(deps, caller, { from: oldest.seq, to: newest.seq, how: 'rulings' })]);
        return { status: 200, body: { rulings: [...rulings], next: oldest.seq } };
      },
    }),
  ];
}

function viewOf({ temporalUiUrl }: Deps, ruled: RecordedEntry, proposed: RecordedEntry | undefined): View {
  const { seq, step, atMs, subject: actionId, conversationId } = ruled;
  const workflow = encodeURIComponent(conversationWorkflowId(conversationId));
  return {
    ...{ seq, step, atMs, actionId, conversationId },
    agent: proposed?.isAltered === true ? '' : (factOf('proposed', proposed)?.proposal.agent ?? ''),
    verdict: { ...(factOf('ruled', ruled)?.verdict ?? UNREADABLE) },
    inputs: inputsOf(ruled, proposed),
    url: temporalUiUrl === undefined ? null : `${temporalUiUrl}/workflows/${workflow}`,
  };
}

// What stands for a verdict that somebody has altered: nobody compares anything with it.
const UNREADABLE = { kind: 'deny', ruleId: '', ruleVersion: '' } as const;

function inputsOf(ruled: RecordedEntry, proposed: RecordedEntry | undefined): View['inputs'] {
  const [ruling, proposal] = [factOf('ruled', ruled), factOf('proposed', proposed)?.proposal];
  const seals = [ruled.seal, proposed?.seal];
  if (ruling === undefined || proposal === undefined || seals.includes('broken')) return { kind: 'broken' };
  if (ruling.digest !== proposal.digest) return { kind: 'broken' };
  if (seals.includes('gone')) return { kind: 'erased' };
  // The salt stays here: with it a digest would tell what was erased elsewhere.
  const { salt: _, ...told } = proposal;
  const { evidence, given } = ruling;
  return {
    kind: 'whole',
    proposal: { ...told, principal: { ...told.principal } },
    evidence: evidence === null ? null : { ...evidence },
    given: given === undefined ? null : { ...given, groups: [...given.groups] },
  };
}

/** Undefined where the entry is not there, is another's, or is not what was hashed. */
function factOf<K extends 'ruled' | 'proposed'>(kind: K, entry: RecordedEntry | undefined): FactOf<K> | undefined {
  return entry?.isAltered !== true && entry?.fact.kind === kind ? (entry.fact as FactOf<K>) : undefined;
}

/** As many as one answer may hold, and at least one. */
function cut(rulings: readonly View[]): readonly View[] {
  let chars = 0;
  const end = rulings.findIndex((one, at) => {
    chars += JSON.stringify(one).length;
    return at > 0 && chars > LEDGER_PAGE_CHARS;
  });
  return end < 0 ? rulings : rulings.slice(0, end);
}
