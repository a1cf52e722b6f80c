// How much one turn may use before code ends it, and how that is counted. A model that calls for ever is stopped by one of
// these, whatever it says. Pure. May import domain types only.
import type { Case, Ending } from './action.ts';

/** What one turn may use. */
export interface TurnLimits {
  readonly modelCallsPerTurn: number;
  readonly toolCallsPerTurn: number;
  /** How often the same tool may be called with the same arguments. */
  readonly sameCallsPerTurn: number;
  /** Answers of the model in a row of which every call was denied, could not be read, or had been made before. */
  readonly vainAnswersPerTurn: number;
  /** Of work: while the conversation is paused, or waits for people, no time goes by. */
  readonly workMsPerTurn: number;
  /** Of what models were shown and said, in all. */
  readonly tokensPerTurn: number;
  /** What that costs, by the dearest model that the agent may be answered by; absent in turns opened under 0.6.0. */
  readonly microUsdPerTurn: number;
}

export const DEFAULT_OF_A_TURN: TurnLimits = {
  // 12: the longest lawful path of the reference agent needs 5; past 12 a model goes in circles.
  modelCallsPerTurn: 12,
  // 48: three pages of records, read side by side; a person who asks for more asks twice.
  toolCallsPerTurn: 48,
  // 3: before a change, after it, and once more in doubt. What a record says does not change by being asked.
  sameCallsPerTurn: 3,
  // 4: two misunderstandings and two tries to mend them; who has learned nothing by then does not learn.
  vainAnswersPerTurn: 4,
  // 10 min: what one model call may take at worst, and far more than anybody looks at a silent chat.
  workMsPerTurn: 600_000,
  // 500,000: twelve calls that each show 40,000 tokens, a long transcript with its records.
  tokensPerTurn: 500_000,
  // 25 dollars: those twelve calls, each with a long answer, of the dearest model there is (see prices.ts).
  microUsdPerTurn: 25_000_000,
};

/** No agent may raise them above these. */
export const MOST_OF_A_TURN: TurnLimits = {
  // 50 and 6,400 (of 128 each): an action's index has four digits; past them no approval could be named.
  modelCallsPerTurn: 50,
  toolCallsPerTurn: 6_400,
  sameCallsPerTurn: 6_400,
  vainAnswersPerTurn: 50,
  // 24 h: a turn that works for a day is no turn but a procedure.
  workMsPerTurn: 86_400_000,
  // 50 million: fifty calls of the largest context that is sold.
  tokensPerTurn: 50_000_000,
  // 10,000 dollars: what those cost of the dearest model and more than anybody spends on an answer.
  microUsdPerTurn: 10_000_000_000,
};

export type TurnLimit =
  | 'model_calls'
  | 'tool_calls'
  | 'identical_calls'
  | 'no_progress'
  | 'work_time'
  | 'turn_tokens'
  | 'turn_money';

/** A limit that a turn has come to, and how much it is. */
export interface Reached {
  readonly limit: TurnLimit;
  readonly most: number;
}

/** What a turn has used, and what came of it: one printable object. */
export interface TurnUse {
  readonly beganMs: number;
  toolCalls: number;
  tokens: number;
  /** Answers in a row that led nowhere. */
  vainAnswers: number;
  /** How often each call was made, by its tool and arguments. */
  readonly calls: Record<string, number>;
  /** Changes, by their summaries. */
  readonly done: string[];
  readonly notDone: string[];
}

export interface TurnBudget {
  readonly limits: TurnLimits;
  readonly use: TurnUse;
}

export const beginUse = (beganMs: number): TurnUse => ({
  ...{ beganMs, toolCalls: 0, tokens: 0, vainAnswers: 0 },
  ...{ calls: {}, done: [], notDone: [] },
});

/** The limits of a turn that was opened by a version without these: only its model calls are counted. */
export const onlyModelCalls = (modelCallsPerTurn: number): TurnLimits => ({
  modelCallsPerTurn,
  toolCallsPerTurn: Infinity,
  sameCallsPerTurn: Infinity,
  vainAnswersPerTurn: Infinity,
  workMsPerTurn: Infinity,
  tokensPerTurn: Infinity,
  microUsdPerTurn: Infinity,
});

/** Why no further model call may be made; undefined while one may. `workedMs`: how long the turn has worked. */
export function reachedBefore({ limits, use }: TurnBudget, workedMs: number): Reached | undefined {
  const { vainAnswersPerTurn, workMsPerTurn, tokensPerTurn } = limits;
  if (use.vainAnswers >= vainAnswersPerTurn) return { limit: 'no_progress', most: vainAnswersPerTurn };
  if (workedMs >= workMsPerTurn) return { limit: 'work_time', most: workMsPerTurn };
  return use.tokens >= tokensPerTurn ? { limit: 'turn_tokens', most: tokensPerTurn } : undefined;
}

/** Count the calls of one answer of the model, before any is made. Where they are too many, none of them is to be made. */
export function countCalls({ limits, use }: TurnBudget, cases: readonly Case[]): Reached | undefined {
  const isVain = cases.map((one) => leadsNowhere(use, one));
  use.vainAnswers = isVain.includes(false) ? 0 : use.vainAnswers + 1;
  use.toolCalls += cases.length;
  for (const one of cases) if (one.kind === 'ruled') use.calls[keyOf(one)] = madeBefore(use, one) + 1;
  const { toolCallsPerTurn, sameCallsPerTurn } = limits;
  if (use.toolCalls > toolCallsPerTurn) return { limit: 'tool_calls', most: toolCallsPerTurn };
  const isTooOften = cases.some((one) => one.kind === 'ruled' && madeBefore(use, one) > sameCallsPerTurn);
  return isTooOften ? { limit: 'identical_calls', most: sameCallsPerTurn } : undefined;
}

/** What came of a change, for the words at the turn's end. What was cancelled is listed by whoever cancelled it. */
export function noteEnding({ done, notDone }: TurnUse, summary: string, { kind }: Ending): void {
  if (kind === 'succeeded') done.push(summary);
  else if (kind === 'unknown') done.push(`${summary} (it may have happened)`);
  else if (kind !== 'cancelled') notDone.push(summary);
}

type Ruled = Extract<Case, { kind: 'ruled' }>;

const leadsNowhere = (use: TurnUse, one: Case): boolean =>
  one.kind === 'invalid' || one.action.verdict.kind === 'deny' || madeBefore(use, one) > 0;

const madeBefore = ({ calls }: TurnUse, one: Ruled): number => calls[keyOf(one)] ?? 0;

/** Arguments are canonical in a proposal: the same call has the same text. No name of a tool holds a blank. */
const keyOf = ({ action: { proposal } }: Ruled): string => `${proposal.tool} ${proposal.args}`;
