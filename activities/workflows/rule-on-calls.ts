// The calls of one answer, ruled on and on record in one step. Done again by the same worker it keeps to what is on record:
// an attempt that was given up, for its time was over, may have been the one that wrote. May import domain and store types.
import type { RuledAction } from '../../domain/action.ts';
import { recordOfCases } from '../../domain/action-record.ts';
import type { WorkflowsActivities } from '../../domain/activity-ports.ts';
import { refsIn } from '../../domain/item.ts';
import type { Proposed } from '../../domain/proposing.ts';
import type { Store } from '../../store/ports.ts';
import { attempt } from '../heartbeat.ts';

export interface RuleOnCallsDeps {
  readonly propose: WorkflowsActivities['propose'];
  readonly record: WorkflowsActivities['record'];
  readonly ledger: Pick<Store['ledger'], 'ofSubject'>;
  /** Of the running attempt: whether there were others before it. */
  readonly isRepeated?: () => boolean;
}

export function createRuleOnCalls({
  propose,
  record,
  ledger,
  isRepeated = () => attempt() > 1,
}: RuleOnCallsDeps): WorkflowsActivities['ruleOnCalls'] {
  return async ({ atMs, ...input }) => {
    const proposed = await propose(input);
    const found = isRepeated() ? await Promise.all(proposed.map((one) => standing(ledger, one))) : proposed;
    const cases = found.flatMap((one) => (one.kind === 'to_inspect' ? [] : [one]));
    if (cases.length < proposed.length) return { kind: 'to_inspect', proposed };
    return { kind: 'on_record', cases, told: refsIn(await record(recordOfCases(input.of, cases, atMs))) };
  };
}

/** As it was ruled on first; itself where nothing is on record of it. */
async function standing(ledger: RuleOnCallsDeps['ledger'], one: Proposed): Promise<Proposed> {
  if (one.kind !== 'ruled') return one;
  const facts = (await ledger.ofSubject(one.action.proposal.actionId)).map(({ fact }) => fact);
  const proposal = facts.flatMap((fact) => (fact.kind === 'proposed' ? [fact.proposal] : []))[0];
  const ruled = facts.flatMap((fact) => (fact.kind === 'ruled' ? [fact] : []))[0];
  if (proposal === undefined || ruled === undefined) return one;
  const { verdict, evidence, given, signed } = ruled;
  const action: RuledAction = { proposal, verdict, evidence, signed, ...(given === undefined ? {} : { given }) };
  return { kind: 'ruled', action };
}
