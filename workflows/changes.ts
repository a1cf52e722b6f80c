// What Workflow code does otherwise than it once did, so that every older history still replays. Temporal keeps a mark for
// each such change that a run has, in its history and among its search attributes: two events, and a write to what the UI
// lists runs by, and a first turn had six. So a run has one mark: that it began under code with all of these.
// May import @temporalio/workflow only.
import { patched } from '@temporalio/workflow';

/**
 * What a run has that began under 0.11 or newer; an older one has a mark of its own for each. A later change asks `patched`
 * itself, until there are so many that a next mark for all of them is worth it.
 */
export type Change =
  | 'asks-anew-for-a-changed-tool'
  | 'ask-whether-it-happened'
  | 'budgets'
  | 'cards-of-gone'
  | 'denials-hand-over'
  | 'ends-if-idle'
  | 'ends-unheard'
  | 'forget-gone'
  | 'holds-at-opening'
  | 'intake'
  | 'keeps-up'
  | 'one-at-a-time'
  | 'others-first'
  | 'phase-announcer'
  | 'record-committed-phase'
  | 'reminds'
  | 'renew-early'
  | 'renew-when-told'
  | 'rules-at-once'
  | 'sums-up'
  | 'tell-of-stop';

// Each Workflow run has this of its own. It is found at the run's first question and holds for all of it: of a run that is
// replayed its history says whether it has the mark, of one that begins it has.
let hasAll: boolean | undefined;

/** Whether this run does it the new way. */
export function has(change: Change): boolean {
  hasAll ??= patched('as-of-0.11');
  return hasAll || patched(change);
}
