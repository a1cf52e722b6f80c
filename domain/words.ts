// What code says where the model has no words. Pure. May import domain types only.
import type { FailureType } from './failure.ts';

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

/** The end of a turn that was stopped: what was not done, by its summaries. */
/** Said where the rules have denied too much in one turn. */
export const wordsOfDenials =
  'I was refused several times here, so I stop and hand over: somebody of the team will answer you.';

/** Said where an intake calls a person. */
export const wordsOfIntake = 'Somebody of the team takes over from here, and reads what you wrote.';

export function wordsOfStop(undone: readonly string[]): string {
  const words = 'An operator stopped this conversation while I was working. What had not begun was not done';
  if (undone.length === 0) return `${words}.`;
  const more = undone.length > MAX_LISTED ? `\n- and ${undone.length - MAX_LISTED} more` : '';
  const lines = undone.slice(0, MAX_LISTED).map((summary) => `\n- ${summary}`);
  return `${words}:${lines.join('')}${more}`;
}
