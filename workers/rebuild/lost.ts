// What the ledger lacks of what Temporal's histories tell: of each run what it put on record, made into one story. May
// import domain and the store's types. Guarantees: changes nothing; what the ledger has is not told again, and of what
// several runs tell the first stands.
import type { Entry } from '../../domain/entry.ts';
import { approvalId, conversationOfWorkflow, isQuestionId, QUESTION } from '../../domain/ids.ts';
import { pairOf } from '../../store/entries.ts';
import type { LostClaim, LostItem, Rebuilding } from '../../store/rebuild.ts';
import { type Around, aroundEach, type Call, type Derived, derive, NOTHING } from './derive.ts';
import type { Unread } from './decoded.ts';
import type { Found, Lost } from './found.ts';
import { type Closing, closedBy, closingsIn } from './gone.ts';
import { itemsOf } from './items.ts';
import { type Replaying, replayedRuns } from './replay.ts';

// 1,000,000 entries held at once: a gigabyte, and three weeks of a busy system. Who lost more restores a later backup.
const MAX_LOST = 1_000_000;
// 250,000,000 characters of their transcripts: half a gigabyte at most, and 250 for each of those entries.
const MAX_ITEM_CHARS = 250_000_000;

export async function lostOf(replaying: Replaying, ledger: Rebuilding): Promise<Lost> {
  const lost: Lost = {
    ...{ entries: new Map(), claims: new Map(), items: [], itemChars: 0, conversations: new Set() },
    ...{ runs: 0, problems: [], gone: [], keyless: new Set(), erased: 0 },
  };
  const closings: Closing[] = [];
  const listed = new Set<string>();
  const started = new Set<string>();
  for await (const { workflowId, calls, channel, children, problem, unread } of replayedRuns(replaying)) {
    lost.runs += 1;
    listed.add(workflowId);
    for (const child of children) started.add(child);
    // What is of no conversation is on record under none: its id would be that of entries which every ledger has.
    const conversationId = conversationOfWorkflow(workflowId);
    if (conversationId !== undefined) lost.conversations.add(conversationId);
    if (problem !== undefined) lost.problems.push(`${workflowId} does not replay: ${problem}`);
    if (unread !== undefined) await tellUnread(lost, ledger, { workflowId, unread });
    const arounds = aroundEach(calls, { workflowId, channel, isUnread: (problem ?? unread) !== undefined });
    const derived = calls.map((call, nth) => derivedOf(call, arounds[nth]));
    lost.problems.push(...derived.flatMap((one) => (typeof one === 'string' ? [`${workflowId}: ${one}`] : [])));
    const read = derived.filter((one) => typeof one !== 'string');
    await add(lost, ledger, read);
    closings.push(...closingsIn(calls));
    const items = await ledger.missingItems(itemsOf(calls));
    lost.items.push(...items);
    lost.itemChars += items.reduce((sum, { body }) => sum + JSON.stringify(body).length, 0);
    assertHeld(lost);
  }
  for (const closing of closings.toSorted((one, other) => one.atMs - other.atMs)) {
    await add(lost, ledger, closedBy(closing, await ledger.openOf(closing.of.conversationId), lost));
  }
  dropUnclaimed(lost);
  lost.gone = await endless(
    [...started].filter((id) => !listed.has(id)),
    lost,
    ledger,
  );
  return lost;
}

/** An erasure closes what its person has open before it destroys the key, so of what had ended nothing is lost. */
async function tellUnread(
  lost: Lost,
  ledger: Rebuilding,
  { workflowId, unread: { kind, why } }: { readonly workflowId: string; readonly unread: Unread },
): Promise<void> {
  const conversationId = conversationOfWorkflow(workflowId) ?? '';
  if (kind === 'erased' && (await ledger.isClosed(conversationId))) {
    lost.erased += 1;
    return;
  }
  if (kind === 'no_key') lost.keyless.add(conversationId || workflowId);
  lost.problems.push(`${workflowId} cannot be read: ${why}`);
}

/** Or why it cannot be read: somebody may have put a task on a queue by hand. */
function derivedOf(call: Call, around: Around | undefined): Derived | string {
  try {
    return around === undefined ? NOTHING : derive(call, around);
  } catch (error) {
    return `${call.name} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Of what one run put on record, what the ledger does not have. */
async function add(lost: Lost, ledger: Rebuilding, derived: readonly Derived[]): Promise<void> {
  const asked = derived.flatMap(({ entries }) => entries);
  const ends = asked.filter(isClaim).map(({ subject }) => ({ subject, step: 'settled' }));
  const missing = new Set((await ledger.missing([...asked, ...ends])).map(pairOf));
  for (const { entries, claims, isGuess = false } of derived) {
    // A claim is on record before its end: where the end is left and no claim, it ended without one (see claims.ts).
    const isUnclaimed = entries.some((one) => isClaim(one) && missing.has(pairOf(one)) && !missing.has(endOf(one)));
    const gone = entries.filter((one) => missing.has(pairOf(one)) && !(isUnclaimed && isClaim(one)));
    for (const entry of gone) {
      const known = lost.entries.get(pairOf(entry));
      if (known === undefined || isBefore({ entry, isGuess }, known))
        lost.entries.set(pairOf(entry), { entry, isGuess });
    }
    if (gone.length === 0 || isUnclaimed) continue;
    for (const claim of claims) lost.claims.set(claim.actionId, [...(lost.claims.get(claim.actionId) ?? []), claim]);
  }
  assertHeld(lost);
}

/** Throws where it is more than one process holds. */
export function assertHeld({ entries, itemChars }: Held): void {
  const bounds = [
    { isPassed: entries.size > MAX_LOST, what: `${MAX_LOST} entries` },
    { isPassed: itemChars > MAX_ITEM_CHARS, what: `${MAX_ITEM_CHARS} characters of transcripts` },
  ];
  for (const { isPassed, what } of bounds) {
    if (isPassed) throw new Error(`more than ${what} are lost: restore a later backup, and rebuild from there`);
  }
}

type Held = Pick<Lost, 'itemChars'> & { readonly entries: Pick<Lost['entries'], 'size'> };

const isClaim = ({ fact }: Entry): boolean => fact.kind === 'claimed';
const endOf = ({ subject }: Pick<Entry, 'subject'>): string => pairOf({ subject, step: 'settled' });

/** What is sure stands before a guess, and the first before what was recorded again: runs come as Temporal lists them. */
const isBefore = (one: Found, other: Found): boolean =>
  one.isGuess === other.isGuess ? one.entry.atMs < other.entry.atMs : other.isGuess;

/** What had ended before it was acted on, in a run before a Reset, was not claimed: the actor only told how it ended. */
function dropUnclaimed(lost: Lost): void {
  for (const [pair, { entry }] of lost.entries) {
    const end = isClaim(entry) ? lost.entries.get(endOf(entry)) : undefined;
    if (end === undefined || end.entry.atMs >= entry.atMs) continue;
    lost.entries.delete(pair);
    lost.claims.delete(entry.subject);
  }
}

/** Of Workflows that are listed no more, those of whose end nothing is known. */
async function endless(ids: readonly string[], lost: Lost, ledger: Rebuilding): Promise<readonly string[]> {
  const ends = ids.map((id) => ({ id, ...lastStepOf(id.slice(id.indexOf('/') + 1), id.startsWith('question/')) }));
  const unknown = new Set((await ledger.missing(ends)).map(pairOf));
  return ends.filter((one) => unknown.has(pairOf(one)) && !lost.entries.has(pairOf(one))).map(({ id }) => id);
}

/** What is on record of the end of a batch, or of a question, whatever else is. */
function lastStepOf(id: string, isQuestion: boolean): { readonly subject: string; readonly step: string } {
  const asked = isQuestion && !isQuestionId(id) ? `${id}${QUESTION}` : id;
  return { subject: isQuestion ? approvalId(asked, 0, 0) : id, step: 'settled' };
}

/** As they happened; what others need to be there comes first of what happened at once. */
export function inOrder(lost: readonly Entry[]): readonly Entry[] {
  const firstMs = new Map<string, number>();
  for (const { conversationId, atMs } of lost) {
    firstMs.set(conversationId, Math.min(atMs, firstMs.get(conversationId) ?? atMs));
  }
  // A conversation was opened before anything else in it; when, only its first message tells.
  const entries = lost.map((entry) =>
    entry.fact.kind === 'conversation_opened'
      ? { ...entry, atMs: firstMs.get(entry.conversationId) ?? entry.atMs }
      : entry,
  );
  return entries.toSorted((one, other) => one.atMs - other.atMs || rankOf(one) - rankOf(other));
}

const FIRST: readonly Entry['fact']['kind'][] = ['conversation_opened', 'message', 'proposed'];
const rankOf = ({ fact }: Entry): number => (FIRST.indexOf(fact.kind) + FIRST.length + 1) % (FIRST.length + 1);

// 1 min: an item is written just before or after its entry, by another clock.
const BESIDE_MS = 60_000;

/** In order. What is not there from before the loss was erased, and stays so. */
export function itemsSince(items: readonly LostItem[], [first]: readonly Entry[]): readonly LostItem[] {
  if (first === undefined) return [];
  return items.filter(({ atMs }) => atMs >= first.atMs - BESIDE_MS).toSorted((one, other) => one.atMs - other.atMs);
}

/** One claim of all that is known of it: as it was taken first, and as it ended last. Only \`unknown\` is corrected. */
export function claimOf(known: readonly LostClaim[]): readonly LostClaim[] {
  const [first, ...later] = known.toSorted((one, other) => one.claimedMs - other.claimedMs);
  if (first === undefined) return [];
  const ends = later.flatMap(({ digest, outcome }) => (digest === first.digest && outcome !== null ? [outcome] : []));
  const outcome = ends.reduce(
    (stands, end) => (stands === null || stands.kind === 'unknown' ? end : stands),
    first.outcome,
  );
  return [{ ...first, outcome }];
}
