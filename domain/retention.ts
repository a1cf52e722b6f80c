// How long an agent's conversations and their texts are kept. What is not said is kept for ever. Pure. May import nothing.

/** In whole days; each may be left out, which means never. */
export interface Retention {
  /** After so long without a word a conversation is archived: lists leave it out. A message brings it back. */
  readonly archiveIdleAfterDays?: number;
  /** After so long without a word an open or stopped conversation is to be closed, which is final. */
  readonly closeIdleAfterDays?: number;
  /** So long after its last change the texts of a closed conversation are to be deleted. */
  readonly deleteTextsAfterDays?: number;
}

// 100 years: longer is never, which is said by saying nothing.
const MOST_DAYS = 36_500;
const DAY_MS = 86_400_000;
const SPANS = ['archiveIdleAfterDays', 'closeIdleAfterDays', 'deleteTextsAfterDays'] as const;

/** Why it cannot be right, as the end of a sentence; undefined where it can. */
export function whyNoRetention(retention: Retention): string | undefined {
  const inherited = SPANS.find((span) => span in retention && !Object.hasOwn(retention, span));
  if (inherited !== undefined) return `retention.${inherited} is inherited; say it in the object itself`;
  for (const [span, days] of Object.entries(retention) as [string, unknown][]) {
    if (!SPANS.some((known) => known === span)) return `retention.${span} is unknown; there are ${SPANS.join(', ')}`;
    // Left out, as where one writes it and leaves it undefined.
    if (days === undefined) continue;
    if (typeof days === 'number' && Number.isInteger(days) && days >= 1 && days <= MOST_DAYS) continue;
    return `retention.${span} must be a whole number of days from 1 to ${MOST_DAYS}; leave it out to keep for ever`;
  }
  return undefined;
}

/** Of one agent: after how long something is due. */
export interface DueAfter {
  readonly agent: string;
  readonly afterMs: number;
}

/** Of the agents that declare this span; the others are not among them. */
export function dueAfter(
  span: (typeof SPANS)[number],
  agents: Iterable<{ readonly name: string; readonly retention?: Retention | undefined }>,
): readonly DueAfter[] {
  return [...agents].flatMap(({ name: agent, retention }) => {
    // What is inherited was looked at by nobody.
    const days = retention !== undefined && Object.hasOwn(retention, span) ? retention[span] : undefined;
    return days === undefined ? [] : [{ agent, afterMs: days * DAY_MS }];
  });
}

/** Phases in which a person holds a conversation: it is never idle, however long nothing is said in it. */
export const HELD_PHASES = ['paused', 'handed_over'] as const;

/** Of which agents' conversations those are archived that have not changed since, and that no person holds. */
export const archivedBefore = (
  agents: Parameters<typeof dueAfter>[1],
  nowMs: number,
): readonly { readonly agent: string; readonly beforeMs: number }[] =>
  dueAfter('archiveIdleAfterDays', agents).map(({ agent, afterMs }) => ({ agent, beforeMs: nowMs - afterMs }));
