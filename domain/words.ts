// What code says where the model has no words. Pure. May import domain types only.
import type { Reached, TurnLimit } from './budget.ts';
import type { FailureType } from './failure.ts';
import { budgetText, moneyText, shutText } from './spending-words.ts';
import type { ReachedBudget } from './spending.ts';

const MODEL_FAILED: Partial<Record<FailureType, string>> = {
  ModelRateLimited: 'my language model is overloaded just now. Write again in a while',
  ModelUnavailable: 'my language model could not be reached. Write again to have me try once more',
  ModelAnswerUnusable: 'my language model gave no answer that I can use. Write again, perhaps in other words',
};
// An operator has to mend the key, the model or the agent; the log says what.
const MODEL_REFUSED = 'my language model did not accept the request. Whoever runs this service has to mend that';

/** The end of a turn in which no model answered. `waiting` is what waits for people, in sentences, or ''. */
export function wordsOfModelFailure(type: string, waiting: string): string {
  const why = MODEL_FAILED[type as FailureType] ?? MODEL_REFUSED;
  const kept = 'Your message is kept, and nothing was done beyond what this conversation shows.';
  return [`I cannot answer: ${why}.`, kept, waiting].filter((part) => part !== '').join(' ');
}

// 60: a list that a person still reads; each one is on record besides.
const MAX_LISTED = 60;

const LIMITS: Readonly<Record<TurnLimit, (most: number) => string>> = {
  model_calls: (most) => `one turn may ask my language model ${times(most)}`,
  tool_calls: (most) => `one turn may call tools ${times(most)}`,
  identical_calls: (most) => `one turn may make the very same call ${times(most)}`,
  no_progress: (most) => `${most === 1 ? 'a step' : `${most} steps in a row`} led nowhere`,
  work_time: (most) => `one turn may work for ${timeIn(most)}`,
  turn_tokens: (most) => `one turn may use ${most} tokens of my language model`,
  turn_money: (most) => `one turn may cost ${moneyText(most)} of my language model`,
};

const times = (most: number): string => (most === 1 ? 'once' : `${most} times`);

const timeIn = (ms: number): string =>
  ms < 60_000 ? countOf(ms / 1_000, 'second') : countOf(Math.round(ms / 60_000), 'minute');

const countOf = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** What was done in a turn by its end and what was not, and what waits. */
interface SoFar {
  readonly done: readonly string[];
  readonly notDone: readonly string[];
  readonly waiting: string;
  /** Of what this turn was to tell that it has ended. */
  readonly ended?: readonly string[];
}

/** The end of a turn that has come to a limit: which, and how far it has come. */
export const wordsOfLimit = ({ limit, most }: Reached, so: SoFar): string =>
  stopped(LIMITS[limit](most), so, 'Write again to have me go on.');

/** The end of a turn for which a budget has no room: which, until when it is shut, and how far it has come. */
export const wordsOfBudget = (budget: ReachedBudget, so: SoFar): string =>
  stopped(
    `${budgetText(budget)}, and that is used up`,
    so,
    `${shutText(budget)} What you write until then I answer after it.`,
  );

function stopped(why: string, { done, notDone, waiting, ended = [] }: SoFar, then: string): string {
  const changed = done.length === 0 ? 'Nothing was changed.' : `Done: ${inList(done)}.`;
  const isMore = waiting !== '' || ended.length > 0;
  const parts = [
    `I stopped here: ${why}.`,
    ended.length === 0 ? '' : `What waited has ended: ${inList(ended)}. How, the record of this conversation says.`,
    // Of what waits, or has waited, it would be too much to say that nothing was changed.
    done.length === 0 && isMore ? '' : changed,
    notDone.length === 0 ? '' : `Not done: ${inList(notDone)}.`,
    waiting,
    then,
  ];
  return parts.filter((part) => part !== '').join(' ');
}

function inList(all: readonly string[]): string {
  const more = all.length > MAX_LISTED ? [`and ${all.length - MAX_LISTED} more`] : [];
  return [...all.slice(0, MAX_LISTED), ...more].join('; ');
}

/** Said where the rules have denied too much in one turn. */
export const wordsOfDenials =
  'I was refused several times here, so I stop and hand over: somebody of the team will answer you.';

/** Said where a model that may only speak has called again. */
export const wordsOfSilence =
  'I stopped here, and my language model had no words for it. Write again to have me go on.';

/** Said where an intake calls a person. */
export const wordsOfIntake = 'Somebody of the team takes over from here, and reads what you wrote.';

/** The end of a turn that was stopped: what was not done, by its summaries. */
export function wordsOfStop(undone: readonly string[]): string {
  const words = 'An operator stopped this conversation while I was working. What had not begun was not done';
  if (undone.length === 0) return `${words}.`;
  const more = undone.length > MAX_LISTED ? `\n- and ${undone.length - MAX_LISTED} more` : '';
  const lines = undone.slice(0, MAX_LISTED).map((summary) => `\n- ${summary}`);
  return `${words}:${lines.join('')}${more}`;
}
