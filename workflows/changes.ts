// What Workflow code does otherwise than it once did, so that every older history still replays. Temporal keeps a mark for
// each such change that a run has, in its history and among its search attributes: two events, and a write to what the UI
// lists runs by, and a first turn had six. So a run has one mark: that it first asked under code with all of these.
// May import @temporalio/workflow and what a run has of its own.
import { patched } from '@temporalio/workflow';
import { perRun } from './per-run.ts';

/**
 * All that the one mark stands for; an older run has a mark of its own for each. Closed for good: with one more, a run that
 * has the mark would go another way than it went. A later change asks `patched` itself, until there are so many that a
 * next mark for all of them is worth it.
 */
export const CHANGES = [
  'ask-whether-it-happened',
  'asks-anew-for-a-changed-tool',
  'budgets',
  'cards-of-gone',
  'denials-hand-over',
  'ends-if-idle',
  'ends-unheard',
  'forget-gone',
  'holds-at-opening',
  'intake',
  'keeps-up',
  'one-at-a-time',
  'others-first',
  'phase-announcer',
  'record-committed-phase',
  'reminds',
  'renew-early',
  'renew-when-told',
  'rules-at-once',
  'sums-up',
  'tell-of-stop',
] as const;

export type Change = (typeof CHANGES)[number];

// Found at the run's first question, and holds for all of it: of a run that is replayed its history says whether it has the
// mark, and one that goes its first way here gets it.
const mark = perRun(() => ({ hasAll: patched('as-of-0.11') }));

/** Whether this run does it the new way. */
export function has(change: Change): boolean {
  return mark().hasAll || patched(change);
}
