// Limits per principal and period: what an agent declares that is counted, and how a ruling comes to what it takes. How much
// there may be of it a rule says. Pure. May import domain only.
import { addAmounts, amountOf, isMoreThan } from './amount.ts';
import { OF_LIMIT } from './declared-agent.ts';
import { problemOfFields } from './declared.ts';
import type { Amount } from './entitlement.ts';
import type { Effect } from './action.ts';
import type { JsonObject } from './json.ts';
import { isTimeZone, type Period, periodAt, WITHIN, type Within } from './period.ts';

/** Whose count it is: one for each requester, one for each tenant, or one for the whole agent. */
export const PER = ['principal', 'tenant', 'agent'] as const;
export type Per = (typeof PER)[number];

/** How much: an amount of money, or how often. */
export type Quantity = Amount | number;

/** A tool whose calls can be counted. */
interface Countable<Input> {
  readonly name: string;
  readonly effect: Effect;
  readonly input: { readonly _output: Input };
}

export interface LimitDefinition<Input> {
  readonly name: string;
  /** The tools whose calls take of it. */
  readonly of: readonly Countable<Input>[];
  readonly per: Per;
  readonly within: Within;
  /** Whose calendar it is, by its IANA name: "Europe/Berlin". */
  readonly timeZone: string;
  /** How much a call takes; without it calls are counted. */
  readonly amount?: (input: Input) => Amount;
}

/** What is counted, with the input erased. */
export interface PeriodLimit<Q extends Quantity = Quantity> {
  readonly name: string;
  readonly of: readonly string[];
  readonly per: Per;
  readonly within: Within;
  readonly timeZone: string;
  readonly takes: (input: JsonObject) => Q;
}

const LIMIT_NAME = /^[a-z][a-z0-9-]{0,47}$/;
// 16: each is one look at the store before a ruling, and one more in the claim.
export const MAX_LIMITS = 16;

/** Declare what is counted, in money. Throws with a sentence where the declaration cannot be right. */
export function defineLimit<Input>(
  definition: LimitDefinition<Input> & { readonly amount: (input: Input) => Amount },
): PeriodLimit<Amount>;
/** Declare what is counted, in calls. */
export function defineLimit<Input>(
  definition: LimitDefinition<Input> & { readonly amount?: undefined },
): PeriodLimit<number>;
export function defineLimit<Input>(definition: LimitDefinition<Input>): PeriodLimit {
  const { name, of, per, within, timeZone, amount } = definition;
  const wrong = (what: string): Error => new Error(`limit "${name}": ${what}`);
  if (!LIMIT_NAME.test(name)) throw wrong('a name is lower-kebab-case, at most 48 characters');
  const problem = problemOfFields(OF_LIMIT, definition, ['name', 'per', 'within', 'timeZone']);
  if (problem !== undefined) throw wrong(problem);
  if (of.length === 0) throw wrong('it counts no tool; name one in `of`');
  for (const tool of of) {
    // What claims nothing leaves nothing to count.
    if (tool.effect === 'read') throw wrong(`${tool.name} is a read, which takes nothing; limits count writes`);
    if (tool.effect === 'start') throw wrong(`${tool.name} is a procedure; count the tools that its steps call`);
  }
  if (!PER.includes(per)) throw wrong(`per is one of ${PER.join(', ')}`);
  if (!WITHIN.includes(within)) throw wrong(`within is one of ${WITHIN.join(', ')}`);
  if (!isTimeZone(timeZone)) {
    throw wrong(`there is no time zone "${timeZone}"; write its IANA name, such as Europe/Berlin or UTC`);
  }
  const takes = amount === undefined ? () => 1 : (input: JsonObject) => amount(input as Input);
  return Object.freeze({ name, of: of.map((tool) => tool.name), per, within, timeZone, takes });
}

/** Why an agent cannot have these limits, as a sentence; undefined when it can. */
export function whyNotLimits(limits: readonly PeriodLimit[], tools: readonly string[]): string | undefined {
  if (limits.length > MAX_LIMITS) return `it has more than ${MAX_LIMITS} period limits`;
  for (const [at, { name, of }] of limits.entries()) {
    if (limits.findIndex((one) => one.name === name) !== at) return `two limits are named "${name}"`;
    const unknown = of.find((tool) => !tools.includes(tool));
    if (unknown !== undefined) return `the limit "${name}" counts the tool "${unknown}", which the agent does not have`;
  }
  return undefined;
}

/** By currency, in its smallest units; under '' how often. */
export type Sums = Readonly<Record<string, number>>;

/** Of one limit: whose count it is, in which period, and what had been taken of it by then. Plain data. */
export interface LimitUse extends Pick<PeriodLimit, 'per' | 'within' | 'timeZone'> {
  readonly limit: string;
  /** The id of the principal or of the tenant, or the name of the agent. */
  readonly key: string;
  readonly period: Period;
  readonly used: Sums;
}

/** What a verdict lets an action take of one limit. It stands in the signed verdict, and the claim takes it. */
export interface Reserve extends Pick<LimitUse, 'limit' | 'per' | 'key' | 'period'> {
  /** '' where calls are counted. */
  readonly currency: string;
  readonly takes: number;
  /** Up to how much in all the verdict holds, this action's share included; null where no rule asked. */
  readonly most: number | null;
  /** When it was ruled on: it counts in the period of that time, whenever it is carried out. */
  readonly atMs: number;
}

/** "refunds-of-the-shop (2026-03)". */
export const nameOf = ({ limit, period }: Pick<Reserve, 'limit' | 'period'>): string => `${limit} (${period.name})`;

/** Whose action it is, and of which tool. */
export interface CountedCall {
  readonly agent: string;
  readonly tenant: string;
  readonly principalId: string;
  readonly tool: string;
}

/** The limits of which a call of the tool takes. */
export const countsOf = (limits: readonly PeriodLimit[], tool: string): readonly PeriodLimit[] =>
  limits.filter(({ of }) => of.includes(tool));

/** Where the call stands in each limit that counts it, but for what had been taken. */
export function usesFor(
  limits: readonly PeriodLimit[],
  call: CountedCall,
  nowMs: number,
): readonly Omit<LimitUse, 'used'>[] {
  return countsOf(limits, call.tool).map(({ name, per, within, timeZone }) => {
    return { limit: name, per, within, timeZone, key: keyOf(per, call), period: periodAt(nowMs, within, timeZone) };
  });
}

/**
 * What was used by what is on record of a ruling. Of a limit that was declared otherwise then, or not at all, nothing is on
 * record; then it is not whole, and stands as if nothing had been taken.
 */
export function usedAsOnRecord(
  uses: readonly Omit<LimitUse, 'used'>[],
  recorded: readonly LimitUse[] = [],
): { readonly limits: readonly LimitUse[]; readonly isWhole: boolean } {
  const asThen = uses.map((use) => recorded.find((one) => isOfSameCount(one, use)));
  const limits = uses.map((use, at): LimitUse => asThen[at] ?? { ...use, used: {} });
  return { limits, isWhole: !asThen.includes(undefined) };
}

const isOfSameCount = (one: Omit<LimitUse, 'used'>, other: Omit<LimitUse, 'used'>): boolean =>
  one.limit === other.limit &&
  one.per === other.per &&
  one.key === other.key &&
  one.period.fromMs === other.period.fromMs &&
  one.period.toMs === other.period.toMs;

function keyOf(per: Per, { principalId, tenant, agent }: CountedCall): string {
  return { principal: principalId, tenant, agent }[per];
}

/** How rules ask about limits. What they were told is noted, for the verdict holds only as long as that does. */
export interface Counting {
  used<Q extends Quantity>(limit: PeriodLimit<Q>): Q;
  wants<Q extends Quantity>(limit: PeriodLimit<Q>): Q;
  fits<Q extends Quantity>(limit: PeriodLimit<Q>, most: Q): boolean;
  /** What it takes, with what the answers so far rest on. Throws where that cannot be told. */
  reserves(): readonly Reserve[];
}

interface CountedCase {
  readonly tool: string;
  readonly input: JsonObject;
  readonly limits?: readonly LimitUse[] | undefined;
  readonly nowMs: number;
}

export function countingFor(
  limits: readonly PeriodLimit[],
  { tool, input, limits: uses = [], nowMs }: CountedCase,
): Counting {
  const restsOn = new Map<string, number>();
  const note = (limit: string, most: number) => restsOn.set(limit, Math.min(most, restsOn.get(limit) ?? most));
  /** By name: rules and agent may be of two copies of one file. */
  const standing = <Q extends Quantity>({ name }: PeriodLimit<Q>) => {
    const limit = countsOf(limits, tool).find((one) => one.name === name);
    if (limit === undefined) {
      throw new Error(
        `the agent has no limit "${name}" of ${tool}; name it in periodLimits, and the tool in its \`of\``,
      );
    }
    const use = uses.find((one) => one.limit === name);
    if (use === undefined) throw new Error(`what was used of the limit "${name}" is not known`);
    const wants = checked(name, limit.takes(input)) as Q;
    const used = inUnitOf(wants, use.used);
    return { wants, used, all: sumOf(name, used, wants), use };
  };
  return {
    wants: (limit) => standing(limit).wants,
    used(limit) {
      const { used, all } = standing(limit);
      // Who looks at the figure itself may conclude anything from it: the verdict holds for this very figure, and below.
      note(limit.name, unitsIn(all));
      return used;
    },
    fits(limit, most) {
      const { all } = standing(limit);
      if (exceeds(all, checked(limit.name, most))) return false;
      note(limit.name, unitsIn(most));
      return true;
    },
    reserves: () =>
      countsOf(limits, tool).map((limit) => {
        const { wants, use } = standing(limit);
        const { per, key, period } = use;
        const about = { limit: limit.name, per, key, period, currency: currencyOf(wants), takes: unitsIn(wants) };
        return { ...about, most: restsOn.get(limit.name) ?? null, atMs: nowMs };
      }),
  };
}

/** Throws on what is no quantity: a rule need not have been type-checked. */
function checked<Q extends Quantity>(limit: string, quantity: Q): Q {
  const units = typeof quantity === 'number' ? quantity : amountOf(quantity.minorUnits, quantity.currency).minorUnits;
  if (Number.isSafeInteger(units) && units >= 0) return quantity;
  throw new Error(`${units} is no quantity of the limit "${limit}"`);
}

/** In the smallest units of its currency, or how often. */
export const unitsIn = (quantity: Quantity): number => (typeof quantity === 'number' ? quantity : quantity.minorUnits);
/** '' of how often. */
export const currencyOf = (quantity: Quantity): string => (typeof quantity === 'number' ? '' : quantity.currency);

/** What was used of the same kind: what was taken in another currency is neither added nor compared. */
function inUnitOf<Q extends Quantity>(wants: Q, used: Sums): Q {
  const units = used[currencyOf(wants)] ?? 0;
  return (typeof wants === 'number' ? units : amountOf(units, wants.currency)) as Q;
}

function sumOf<Q extends Quantity>(limit: string, used: Q, wants: Q): Q {
  if (typeof used === 'number' || typeof wants === 'number') return checked(limit, unitsIn(used) + unitsIn(wants)) as Q;
  return addAmounts(used, wants) as Q;
}

function exceeds(all: Quantity, most: Quantity): boolean {
  if (typeof all === 'number' && typeof most === 'number') return all > most;
  if (typeof all === 'number' || typeof most === 'number') throw new Error('calls and money are not compared');
  return isMoreThan(all, most);
}
