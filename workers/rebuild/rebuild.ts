// `countersign rebuild`: after the store has lost its latest entries (it was restored from a backup, or a standby that was
// behind took over), derive again from Temporal what can be derived. With the DATABASE_URL of the tables' owner, while no
// role runs. Guarantees: where nothing is lost nothing changes; it is all done, or nothing is.
import { readFile } from 'node:fs/promises';
import { Client } from '@temporalio/client';
import type { Entry } from '../../domain/entry.ts';
import { pairOf } from '../../store/entries.ts';
import { type LostClaim, type LostItem, openRebuilding, type Rebuilding } from '../../store/rebuild.ts';
import { notesIn } from '../../trust/ledger-file.ts';
import { parseCheckpoint } from '../../trust/note.ts';
import { ownersPool } from '../admin.ts';
import { readConfig } from '../config.ts';
import { createLog, installRuntime } from '../log.ts';
import { connectTemporal } from '../temporal.ts';
import { type Around, aroundEach, type Call, type Derived, derive, NOTHING } from './derive.ts';
import { itemsOf } from './items.ts';
import { replayedRuns } from './replay.ts';

// 1,000,000 entries held at once: a gigabyte, and three weeks of a busy system. Who lost more restores a later backup.
const MAX_LOST = 1_000_000;

export interface RebuildInput {
  readonly by: string;
  readonly reason: string;
  /** The file of checkpoints that were published before the loss; '' where there is none. */
  readonly publishedPath: string;
  /** Only say what would be done. */
  readonly dryRun: boolean;
  readonly nowMs: number;
}

/** What was found and done. `origin`: the new name of the ledger; null where nothing is lost, or nothing was to be done. */
export interface Rebuilt {
  readonly kept: number;
  /** How many entries were published; 0 where that is known to be of a ledger before this one. */
  readonly published: number;
  readonly runs: number;
  readonly entries: number;
  readonly claims: number;
  readonly origin: string | null;
  /** Histories of which a part could not be read, as sentences. */
  readonly problems: readonly string[];
}

/** Rejects with a sentence that says what to do. */
export async function rebuild(input: RebuildInput, env: NodeJS.ProcessEnv): Promise<Rebuilt> {
  const pool = ownersPool(env);
  const { logLevel } = readConfig(env);
  const published = await lastPublished(input.publishedPath);
  const endRuntime = installRuntime(createLog(logLevel === 'debug' ? logLevel : 'error'));
  const ledger = openRebuilding(pool);
  try {
    const { connection, namespace, close } = await connectTemporal({ env });
    try {
      return await rebuildFrom(new Client({ connection, namespace }), ledger, { ...input, published });
    } finally {
      await close();
    }
  } finally {
    await ledger.close();
    await endRuntime();
  }
}

interface Published {
  readonly note: string;
  readonly size: number;
}

export async function rebuildFrom(
  client: Client,
  ledger: Rebuilding,
  { by, reason, dryRun, nowMs, published }: Omit<RebuildInput, 'publishedPath'> & { readonly published: Published },
): Promise<Rebuilt> {
  const kept = await ledger.size();
  const lost = await lostOf(client, ledger);
  if (lost.runs === 0) {
    const { namespace } = client.options;
    throw new Error(
      `Temporal’s namespace "${namespace}" has no Workflow of ours; check TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE`,
    );
  }
  const isNews = published.size > kept && !(await ledger.resumedFrom()).some((before) => isToldBy(before, published));
  const found = { kept, published: isNews ? published.size : 0, runs: lost.runs, problems: lost.problems };
  const all = [...lost.entries.values()];
  const isLost = all.some(({ isGuess }) => !isGuess) || isNews;
  if (!isLost) return { ...found, entries: 0, claims: 0, origin: null };
  const counted = { ...found, entries: lost.entries.size, claims: lost.claims.size };
  if (dryRun) return { ...counted, origin: null };
  const entries = inOrder(all.map(({ entry }) => entry));
  const claims = [...lost.claims.values()].flatMap(claimOf);
  const items = itemsSince(lost.items, entries);
  const origin = await ledger.resume({ entries, claims, items, published: published.note, by, reason, nowMs });
  return { ...counted, origin };
}

/** What was published of a ledger that this one has gone on from tells of no other loss than that one. */
const isToldBy = (before: { readonly origin: string; readonly published: string }, { note }: Published): boolean =>
  before.published === note || before.origin === note.split('\n', 1)[0];

interface Lost {
  /** By subject and step: what was recorded twice is there once. */
  readonly entries: Map<string, { readonly entry: Entry; readonly isGuess: boolean }>;
  /** Of each action all that is known of its claim. */
  readonly claims: Map<string, LostClaim[]>;
  /** What no transcript has, lost or erased. */
  readonly items: LostItem[];
  runs: number;
  readonly problems: string[];
}

async function lostOf(client: Client, ledger: Rebuilding): Promise<Lost> {
  const lost: Lost = { entries: new Map(), claims: new Map(), items: [], runs: 0, problems: [] };
  for await (const { workflowId, calls, problem } of replayedRuns(client)) {
    lost.runs += 1;
    if (problem !== undefined) lost.problems.push(`${workflowId} does not replay: ${problem}`);
    const arounds = aroundEach(calls);
    const derived = calls.map((call, nth) => derivedOf(call, arounds[nth]));
    lost.problems.push(...derived.flatMap((one) => (typeof one === 'string' ? [`${workflowId}: ${one}`] : [])));
    await add(
      lost,
      ledger,
      derived.filter((one) => typeof one !== 'string'),
    );
    lost.items.push(...(await ledger.missingItems(itemsOf(calls))));
  }
  return lost;
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
  const missing = new Set((await ledger.missing(derived.flatMap(({ entries }) => entries))).map(pairOf));
  for (const { entries, claims, isGuess = false } of derived) {
    const gone = entries.filter((entry) => missing.has(pairOf(entry)));
    for (const entry of gone) {
      const known = lost.entries.get(pairOf(entry));
      if (known === undefined || isBefore({ entry, isGuess }, known))
        lost.entries.set(pairOf(entry), { entry, isGuess });
    }
    if (gone.length === 0) continue;
    for (const claim of claims) lost.claims.set(claim.actionId, [...(lost.claims.get(claim.actionId) ?? []), claim]);
  }
  if (lost.entries.size > MAX_LOST) {
    throw new Error(`more than ${MAX_LOST} entries are lost: restore a later backup, and rebuild from there`);
  }
}

type Found = { readonly entry: Entry; readonly isGuess: boolean };

/** What is sure stands before a guess, and the first before what was recorded again: runs come as Temporal lists them. */
const isBefore = (one: Found, other: Found): boolean =>
  one.isGuess === other.isGuess ? one.entry.atMs < other.entry.atMs : other.isGuess;

/** As they happened; what others need to be there comes first of what happened at once. */
function inOrder(lost: readonly Entry[]): readonly Entry[] {
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
function itemsSince(items: readonly LostItem[], [first]: readonly Entry[]): readonly LostItem[] {
  if (first === undefined) return [];
  return items.filter(({ atMs }) => atMs >= first.atMs - BESIDE_MS).toSorted((one, other) => one.atMs - other.atMs);
}

/** One claim of all that is known of it: as it was taken first, and as it ended last. Only \`unknown\` is corrected. */
function claimOf(known: readonly LostClaim[]): readonly LostClaim[] {
  const [first, ...later] = known.toSorted((one, other) => one.claimedMs - other.claimedMs);
  if (first === undefined) return [];
  const ends = later.flatMap(({ digest, outcome }) => (digest === first.digest && outcome !== null ? [outcome] : []));
  const outcome = ends.reduce(
    (stands, end) => (stands === null || stands.kind === 'unknown' ? end : stands),
    first.outcome,
  );
  return [{ ...first, outcome }];
}

async function lastPublished(path: string): Promise<Published> {
  if (path === '') return { note: '', size: 0 };
  try {
    const note = notesIn(await readFile(path, 'utf8')).at(-1) ?? '';
    // Its signature is not looked at: an auditor who has the old key does, and what it says goes on record as it is.
    return { note, size: parseCheckpoint(note.slice(0, note.indexOf('\n\n') + 1)).size };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${path} holds no published checkpoint (${why}); name the file that was published, or none`, {
      cause: error,
    });
  }
}

/** For people, a line each. */
export function saidOf({ kept, published, runs, entries, claims, origin, problems }: Rebuilt): readonly string[] {
  const short = published > kept ? `, ${published - kept} fewer than were published` : '';
  const looked = `${kept} entries are left${short}; ${runs} runs of Workflows were looked at`;
  const found = entries === 0 && short === '' ? 'nothing is lost' : `${entries} entries and ${claims} claims are lost`;
  const done =
    origin === null
      ? `${found}; nothing was changed`
      : `${found}, and were derived again; the ledger is now ${origin}. Move the file of checkpoints and its .key to where ` +
        'you keep evidence, then start the roles';
  return [looked, done, ...problems.map((one) => `not read: ${one}`)];
}
