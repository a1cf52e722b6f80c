// The table of an agent's rules: calls, what the record says, who asks, and what the rules must answer. It lies beside the
// rules, and `countersign rules check` runs it. Pure. May import domain only.
import { type Agent, callablesOf, periodLimitsOf } from './agent.ts';
import type { Json, JsonObject } from './json.ts';
import { scalarsOf } from './leaves.ts';
import { countsOf, currencyOf, type LimitUse, type PeriodLimit, type Quantity, unitsIn, usesFor } from './limit.ts';
import { DEFAULT_TENANT } from './principal.ts';
import type { Procedure } from './procedure.ts';
import type { Provenance } from './provenance.ts';
import type { RuleFacts } from './rule.ts';
import { isStrangers, type Origin } from './sources.ts';
import type { Callable, Tool } from './tool.ts';
import { reservesIn, type Verdict } from './verdict.ts';

/** What the rules must answer: the rule that answers, and for an ask whom. `default` answers where no rule does. */
export type Expected =
  | { readonly kind: 'allow' | 'deny'; readonly ruleId: string }
  | { readonly kind: 'ask'; readonly ruleId: string; readonly group: string; readonly quorum: number };

export const allows = (ruleId: string): Expected => ({ kind: 'allow', ruleId });
export const denies = (ruleId: string): Expected => ({ kind: 'deny', ruleId });
export const asks = (ruleId: string, group: string, quorum = 1): Expected => ({ kind: 'ask', ruleId, group, quorum });

/** One call, as the rules see it. */
export interface RowCase<Input> {
  readonly input: Input;
  /** What the tool read from its system of record; left out where it reads none, or could not. */
  readonly record?: JsonObject;
  /** Whom the record belongs to, '' where there is none; by default whoever asks. */
  readonly recordOf?: string;
  /** Who asks, by id; the directory says in which groups. By default somebody whom it does not know. */
  readonly by?: string;
  /** When, epoch ms; by default a fixed day. */
  readonly atMs?: number;
  /** Where arguments come from, by name; what is not named the requester said. */
  readonly origins?: Readonly<Record<string, Origin>>;
  /** Whether the model had read what anybody may have written; by default where an origin says so. */
  readonly context?: Provenance['context'];
  /** What has been taken of the limits that count it, by name; of what is not named nothing. */
  readonly used?: Readonly<Record<string, Quantity>>;
  /** Of which procedure it is a step, and of which name; left out where the model calls. */
  readonly proposedBy?: { readonly procedure: string; readonly step: string };
}

/** A row of the table, with the input erased. */
export interface RuleRow {
  readonly tool: string;
  readonly of: RowCase<unknown>;
  readonly expected: Expected;
}

/** `row(refund, { input: { orderId: '1042', … }, record: { state: 'paid' } }, denies('refund.after-delivery'))` */
export function row<Input, Output extends Json>(
  tool: Tool<Input, Output> | Procedure<Input>,
  of: RowCase<Input>,
  expected: Expected,
): RuleRow {
  return Object.freeze({ tool: tool.name, of, expected });
}

/** Whoever asks in a row that does not say. */
export const SOMEBODY = 'somebody';
// 2026-03-02 10:00 UTC, a Monday: rules that look at the clock must answer the same whenever the table is run.
const A_DAY_MS = Date.UTC(2026, 2, 2, 10);

/** The case that the rules are asked, as they would be for a real call. `input` is what the schema has made of it. */
export function caseOf(
  { agent, tool }: { readonly agent: Pick<Agent, 'name' | 'periodLimits'>; readonly tool: Callable },
  of: RowCase<unknown>,
  input: JsonObject,
  groups: readonly string[],
): RuleFacts {
  const { record, by = SOMEBODY, atMs: nowMs = A_DAY_MS, proposedBy } = of;
  const call = { agent: agent.name, tenant: DEFAULT_TENANT, principalId: by, tool: tool.name };
  const uses = usesFor(periodLimitsOf(agent), call, nowMs);
  return {
    actionId: 'table:1:0',
    tool: tool.name,
    effect: tool.effect,
    egress: tool.egress,
    ...(proposedBy === undefined ? {} : { proposedBy }),
    input,
    evidence: record === undefined ? null : { asOfMs: nowMs, version: '1', subject: of.recordOf ?? by, record },
    principal: { id: by, name: by, tenant: DEFAULT_TENANT },
    critical: tool.critical,
    provenance: provenanceOf(of, input),
    groups,
    ...(uses.length === 0 ? {} : { limits: uses.map((use) => usedIn(use, of)) }),
    nowMs,
  };
}

function usedIn(use: Omit<LimitUse, 'used'>, { used = {} }: RowCase<unknown>): LimitUse {
  const taken = used[use.limit];
  return { ...use, used: taken === undefined ? {} : { [currencyOf(taken)]: unitsIn(taken) } };
}

/** Why a row cannot be asked as it stands: it names a limit that does not count the tool. */
export function whyNotUsed(limits: readonly PeriodLimit[], { tool, of }: RuleRow): string | undefined {
  const counting = countsOf(limits, tool).map(({ name }) => name);
  const unknown = Object.keys(of.used ?? {}).find((name) => !counting.includes(name));
  return unknown === undefined ? undefined : `the agent has no limit "${unknown}" of ${tool}`;
}

function provenanceOf({ origins = {}, context }: RowCase<unknown>, input: JsonObject): Provenance {
  const values = scalarsOf(input)
    .filter(({ value }) => typeof value !== 'object')
    .map(({ path, top: name }) => ({ path, name, origin: origins[path] ?? origins[name] ?? 'principal' }) as const);
  const isUntrusted = values.some(({ origin }) => isStrangers(origin));
  return { context: context ?? (isUntrusted ? 'untrusted' : 'clean'), values };
}

/** How the answer differs from what the row expects, as a sentence; undefined where it does not. */
export function whyNotExpected({ expected }: RuleRow, verdict: Verdict): string | undefined {
  const [wanted, given] = [inWords(expected), inWords(verdict)];
  return wanted === given ? undefined : `expected: ${wanted}; the rules say: ${given} (${verdict.reason})`;
}

function inWords(one: Expected): string {
  const whom = one.kind === 'ask' ? ` of ${one.group}, ${one.quorum} must approve` : '';
  return `${one.kind} by ${one.ruleId}${whom}`;
}

/** What a table leaves out. */
export interface Gaps {
  /** Ids of rules that answered no row. */
  readonly neverHit: readonly string[];
  /** Tools and procedures that no row calls. */
  readonly neverCalled: readonly string[];
  /** Writes that no rule is about: nothing but a rule over every tool can ever let them run. */
  readonly withoutRule: readonly string[];
  /** Limits on which the answer to no row rests: what is counted, and not limited. */
  readonly neverAsked: readonly string[];
}

/** The gaps of an agent, by the verdicts that its rows got, in order. */
export function gapsOf(
  { rules, tools, procedures, periodLimits }: Pick<Agent, 'rules' | 'tools' | 'procedures' | 'periodLimits'>,
  rows: readonly RuleRow[],
  verdicts: readonly Verdict[],
): Gaps {
  const hit = new Set(verdicts.map(({ ruleId }) => ruleId));
  const called = new Set(rows.map(({ tool }) => tool));
  const ruled = new Set(rules.map(({ tool }) => tool));
  const asked = new Set(verdicts.flatMap(reservesIn).flatMap(({ limit, most }) => (most === null ? [] : [limit])));
  return {
    neverHit: rules.map(({ id }) => id).filter((id) => !hit.has(id)),
    neverCalled: callablesOf({ tools, procedures })
      .map(({ name }) => name)
      .filter((name) => !called.has(name)),
    withoutRule: tools.filter(({ effect, name }) => effect !== 'read' && !ruled.has(name)).map(({ name }) => name),
    neverAsked: periodLimitsOf({ periodLimits })
      .map(({ name }) => name)
      .filter((name) => !asked.has(name)),
  };
}

/** Reads that no rule is about, which is no gap: those of the principal's own data run, all others are denied. */
export const readsWithoutRule = ({ rules, tools }: Pick<Agent, 'rules' | 'tools'>): readonly string[] =>
  tools
    .filter(({ effect, name }) => effect === 'read' && rules.every(({ tool }) => tool !== name))
    .map(({ name }) => name);
