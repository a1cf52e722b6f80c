// Rules are code: pure functions over an action and what is known about it. First answer wins; there is one default.
// Pure: no clock, no I/O. May import domain only.
import type { Evidence, Effect } from './action.ts';
import { isRecord, isText } from './declared.ts';
import type { Amount } from './entitlement.ts';
import type { Verdict } from './verdict.ts';
import type { Json, JsonObject } from './json.ts';
import { type Counting, countingFor, type LimitUse, type PeriodLimit } from './limit.ts';
import type { RestedOn } from './memory.ts';
import { CURRENCY, type Principal } from './principal.ts';
import type { Procedure } from './procedure.ts';
import { originOfArgument, type Provenance } from './provenance.ts';
import type { Origin } from './sources.ts';
import { cutText } from './text.ts';
import type { Tool } from './tool.ts';

/** What a rule sees. `input` is parsed; `evidence` is what the tool's system of record said, null if it has none. */
export interface RuleCase<Input = JsonObject> extends Pick<Counting, 'used' | 'wants' | 'fits'> {
  readonly actionId: string;
  readonly tool: string;
  readonly effect: Effect;
  readonly egress: boolean;
  /** Of a step of a procedure: whose code proposes it. Absent where the model does. */
  readonly proposedBy?: { readonly procedure: string; readonly step: string };
  readonly input: Input;
  readonly evidence: Evidence | null;
  readonly principal: Principal;
  /** The arguments that decide who, where and how much, as the tool declares them. */
  readonly critical?: readonly string[] | undefined;
  /** Where each value comes from; undefined where that was not traced, and so unknown. */
  readonly provenance?: Provenance | undefined;
  /** The worst origin among the values of an argument, or of one path; undefined where there is no such value. */
  readonly origin: (argument: string) => Origin | undefined;
  /** The groups of the directory that the principal stands in now. */
  readonly groups: readonly string[];
  /** Where it stands in each limit of the agent that counts it; absent where none does. Ask by `used` and `fits`. */
  readonly limits?: readonly LimitUse[];
  /** What is remembered, and its values rest on; absent where there is nothing. */
  readonly facts?: readonly RestedOn[];
  readonly nowMs: number;
}

/** What is known about an action. */
export type RuleFacts = Omit<RuleCase, 'origin' | 'used' | 'wants' | 'fits'>;

/** True when who asks stands in the group of the directory. A group that nobody wrote down has no members. */
export const inGroup = ({ groups }: Pick<RuleCase<never>, 'groups'>, group: string): boolean => groups.includes(group);

export type Answer =
  | { readonly kind: 'allow'; readonly reason: string }
  | { readonly kind: 'deny'; readonly reason: string }
  | {
      readonly kind: 'ask';
      readonly reason: string;
      readonly group: string;
      readonly quorum: number;
      readonly withinMs: number;
      readonly escalation?: AskVerdict['escalation'];
      readonly amount?: Amount;
    };

type AskVerdict = AskOf<Verdict>;

// 24 h: approvers work office hours in one time zone; past it we deny, never allow.
export const APPROVAL_WITHIN_MS = 24 * 60 * 60 * 1000;
// 30 days: the evidence of a run is kept that long; an approval must end while its history can be read.
export const MAX_APPROVAL_WITHIN_MS = 30 * 24 * 60 * 60 * 1000;

export const allow = (reason = 'allowed'): Answer => ({ kind: 'allow', reason });
export const deny = (reason: string): Answer => ({ kind: 'deny', reason });
export const ask = (who: {
  group: string;
  quorum?: number;
  withinMs?: number;
  reason?: string;
  /** Who else may decide once nobody has for that long: `[{ group: 'leads', afterMs: 4 * 3_600_000 }]`. */
  escalation?: AskVerdict['escalation'];
  /** How much it is about; who has a limit of their own in the directory decides up to it only. */
  amount?: Amount;
}): Answer => ({
  kind: 'ask',
  reason: who.reason ?? `asks ${who.group}`,
  group: who.group,
  quorum: who.quorum ?? 1,
  withinMs: who.withinMs ?? APPROVAL_WITHIN_MS,
  ...(who.escalation === undefined ? {} : { escalation: who.escalation }),
  ...(who.amount === undefined ? {} : { amount: who.amount }),
});

/** One rule. `tool` '' means every tool of the agent. */
export interface Rule {
  readonly id: string;
  readonly tool: string;
  /** A person of the directory who answers for it; by default the agent's owner. See `ownedBy`. */
  readonly owner?: string;
  readonly answer: (action: RuleCase<never>) => Answer | undefined;
}

/** The rules, with another owner than the agent's. */
export const ownedBy = (owner: string, ...rules: readonly Rule[]): readonly Rule[] =>
  rules.map((one) => Object.freeze({ ...one, owner }));

/** A rule over one tool sees its typed input: `rule('refund.small', refund, ({ input, evidence }) => …)`. */
export function rule<Input, Output extends Json>(
  id: string,
  tool: Tool<Input, Output>,
  answer: (action: RuleCase<Input>) => Answer | undefined,
): Rule;
/** A rule over the start of one procedure; its steps are ruled on as calls of their tools. */
export function rule<Input>(
  id: string,
  procedure: Procedure<Input>,
  answer: (action: RuleCase<Input>) => Answer | undefined,
): Rule;
/** A rule over every tool and procedure of the agent. */
export function rule(id: string, answer: (action: RuleCase) => Answer | undefined): Rule;
export function rule(
  id: string,
  toolOrAnswer: { readonly name: string } | ((action: RuleCase) => Answer | undefined),
  answer?: (action: RuleCase<never>) => Answer | undefined,
): Rule {
  if (typeof toolOrAnswer === 'function' && answer === undefined) {
    return Object.freeze({ id, tool: '', answer: toolOrAnswer as Rule['answer'] });
  }
  if (answer === undefined) throw new Error(`rule "${id}": has no function`);
  // A caller need not have been type-checked: it may hand over a tool's name alone, or one that it did not import.
  if (!isRecord(toolOrAnswer) || !isText(toolOrAnswer.name))
    throw new Error(`rule "${id}": what it is about is no tool; hand it the tool itself, as rule("${id}", refund, …)`);
  return Object.freeze({ id, tool: toolOrAnswer.name, answer });
}

/**
 * Ask the rules in order. 'default' speaks when none does: an own read that carries nothing out runs, a procedure starts,
 * for that has no effect, and all else is denied. A throw denies. `entering` is told the place of each rule before it is
 * asked. What it takes of limits goes with the answer.
 */
export function decideByRules(
  rules: readonly Rule[],
  ruleVersion: string,
  facts: RuleFacts,
  { limits = [], entering = () => undefined }: Deciding = {},
): Verdict {
  const counting = countingFor(limits, facts);
  const verdict = firstAnswer(rules, ruleVersion, facts, counting, entering);
  if (verdict.kind === 'deny') return verdict;
  try {
    const reserves = counting.reserves();
    return reserves.length === 0 ? verdict : { ...verdict, reserves };
  } catch (error) {
    const reason = cut(`what it takes of a limit cannot be told: ${messageOf(error)}`);
    return { kind: 'deny', ruleId: verdict.ruleId, ruleVersion, reason };
  }
}

export interface Deciding {
  /** Of the agent. */
  readonly limits?: readonly PeriodLimit[];
  readonly entering?: (place: number) => void;
}

function firstAnswer(
  rules: readonly Rule[],
  ruleVersion: string,
  facts: RuleFacts,
  { used, wants, fits }: Counting,
  entering: (place: number) => void,
): Verdict {
  const origin = (argument: string) => originOfArgument(facts.provenance, argument);
  const action: RuleCase = { ...facts, origin, used, wants, fits };
  for (const [place, one] of rules.entries()) {
    if (one.tool !== '' && one.tool !== action.tool) continue;
    entering(place);
    const denied = (reason: string): Verdict => ({ kind: 'deny', ruleId: one.id, ruleVersion, reason: cut(reason) });
    try {
      const answer = one.answer(action as RuleCase<never>);
      if (answer !== undefined) return verdictOf(one.id, ruleVersion, answer) ?? denied('the rule answers nonsense');
    } catch (error) {
      return denied(`the rule threw: ${messageOf(error)}`);
    }
  }
  if (isPlainRead(action) && action.evidence !== null && action.evidence.subject === action.principal.id) {
    return { kind: 'allow', ruleId: 'default', ruleVersion, reason: "a read of the principal's own data" };
  }
  if (action.effect === 'start') {
    return { kind: 'allow', ruleId: 'default', ruleVersion, reason: 'each step of it is ruled on by itself' };
  }
  return { kind: 'deny', ruleId: 'default', ruleVersion, reason: 'no rule allows it' };
}

/** A read that carries data out is a write to whoever gets it. */
export const isPlainRead = ({ effect, egress }: Pick<RuleFacts, 'effect' | 'egress'>): boolean =>
  effect === 'read' && !egress;

// 500 characters: a reason is one sentence on a card and in a ledger line.
export const MAX_REASON_CHARS = 500;

const cut = (reason: string): string => cutText(reason, MAX_REASON_CHARS);
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'something that is no Error');

/** Undefined where the answer is none: a rule need not have been type-checked, and what is no answer must not run. */
function verdictOf(ruleId: string, ruleVersion: string, answer: Answer | null): Verdict | undefined {
  if (typeof answer?.reason !== 'string') return undefined;
  const about = { ruleId, ruleVersion, reason: cut(answer.reason) };
  switch (answer.kind) {
    case 'allow':
    case 'deny':
      return { kind: answer.kind, ...about };
    case 'ask': {
      if (!isPossible(answer)) return { kind: 'deny', ...about, reason: 'the rule asks for an impossible approval' };
      const { kind, group, quorum, withinMs, escalation, amount } = answer;
      const more = { ...(escalation === undefined ? {} : { escalation }), ...(amount === undefined ? {} : { amount }) };
      return { kind, ...about, group, quorum, withinMs, ...more };
    }
    default:
      return void (answer satisfies never);
  }
}

// 5: past five groups nobody is left to ask; each stands on the card.
const MAX_ESCALATIONS = 5;

function isPossible({ group, quorum, withinMs, escalation = [], amount }: AskOf<Answer>): boolean {
  const isAmount =
    amount === undefined ||
    (CURRENCY.test(amount.currency) && Number.isSafeInteger(amount.minorUnits) && amount.minorUnits >= 0);
  return (
    typeof group === 'string' &&
    Number.isInteger(quorum) &&
    quorum >= 1 &&
    withinMs > 0 &&
    withinMs <= MAX_APPROVAL_WITHIN_MS &&
    escalation.length <= MAX_ESCALATIONS &&
    escalation.every((one) => typeof one.group === 'string' && one.afterMs > 0 && one.afterMs < withinMs) &&
    isAmount
  );
}

type AskOf<T> = Extract<T, { kind: 'ask' }>;
