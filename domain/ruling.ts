// What surrounds the rules in a decision: the facts that they are handed, and what their answer comes to. `decide` and a
// replay of it call the same functions, so that a replay asks what was asked. Pure. May import domain only.
import { authorsOf, type Evidence, type Proposal } from './action.ts';
import { entitledPeople } from './entitlement.ts';
import { parseStepId } from './ids.ts';
import type { JsonObject } from './json.ts';
import type { Directory } from './principal.ts';
import type { RuleFacts } from './rule.ts';
import type { Callable } from './tool.ts';
import type { Verdict } from './verdict.ts';

/** What rules see of the call itself: it stands in the proposal, the evidence and the declaration of its tool. */
type OfTheCall =
  | 'actionId'
  | 'tool'
  | 'effect'
  | 'egress'
  | 'proposedBy'
  | 'input'
  | 'evidence'
  | 'principal'
  | 'critical'
  | 'provenance';

/**
 * All else that rules see. It goes on record with the verdict, so that the very same can be asked of other rules: whatever
 * rules get to see besides is part of it, and the compiler wants it of whoever decides.
 */
export type Given = Omit<RuleFacts, OfTheCall>;

/** The part of a proposal that a ruling needs. `args` is canonical JSON. */
export type Ruled = Pick<
  Proposal,
  'actionId' | 'tool' | 'args' | 'principal' | 'editors' | 'proposedBy' | 'provenance' | 'inspects'
>;

/** The case that the rules are asked. */
export function factsOf(
  proposal: Ruled,
  tool: Pick<Callable, 'name' | 'effect' | 'egress' | 'critical'>,
  evidence: Evidence | null,
  given: Given,
): RuleFacts {
  return {
    actionId: proposal.actionId,
    tool: tool.name,
    effect: tool.effect,
    egress: tool.egress,
    ...stepOf(proposal),
    input: JSON.parse(proposal.args) as JsonObject,
    evidence,
    principal: proposal.principal,
    critical: tool.critical,
    provenance: proposal.provenance,
    ...given,
  };
}

/** Whose code proposes it, where it is a step of a procedure. */
function stepOf({ actionId, proposedBy }: Ruled): Pick<RuleFacts, 'proposedBy'> {
  if (proposedBy === undefined) return {};
  return { proposedBy: { procedure: proposedBy.procedure, step: parseStepId(actionId)?.step ?? '' } };
}

/** What the answer of the rules comes to: where they ask people who could never give leave, it is a deny. */
export function heldToPeople(verdict: Verdict, proposal: Ruled, directory: Directory): Verdict {
  const nobody = verdict.kind === 'ask' ? whyNobodyCan(directory, proposal, verdict) : undefined;
  if (nobody === undefined) return verdict;
  const { ruleId, ruleVersion } = verdict;
  return { kind: 'deny', ruleId, ruleVersion, reason: nobody };
}

/** Why the people whom a rule asks could never give leave; undefined when they can. Asking nobody denies. */
export function whyNobodyCan(
  directory: Directory,
  proposal: Pick<Ruled, 'principal' | 'editors'>,
  { group, quorum, escalation = [], amount }: Extract<Verdict, { kind: 'ask' }>,
): string | undefined {
  const able = (of: string) =>
    entitledPeople(directory, { group: of, escalation: [], authors: authorsOf(proposal), amount }, 0).length;
  if (able(group) < quorum)
    return `the rule asks ${quorum} of ${group}, where ${able(group)} may decide${whoseWords(proposal)}`;
  const empty = escalation.find((one) => able(one.group) === 0);
  return empty && `the rule escalates to ${empty.group}, where nobody may decide`;
}

/** Where words of others led to it, those cannot decide; in the requester's own words it can be asked of them. */
const whoseWords = ({ editors = [] }: Pick<Ruled, 'editors'>): string =>
  editors.length === 0 ? '' : `: it rests on words of ${editors.join(', ')}; the requester may ask for it in their own`;
