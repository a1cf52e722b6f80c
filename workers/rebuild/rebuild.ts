// `countersign rebuild`: after the store has lost its latest entries (it was restored from a backup, or a standby that was
// behind took over), derive again from Temporal what can be derived. With the DATABASE_URL of the tables' owner, while no
// role runs. Guarantees: where nothing is lost nothing changes; it is all done, or nothing is.
import { readFile } from 'node:fs/promises';
import { Client } from '@temporalio/client';
import type { Entry } from '../../domain/entry.ts';
import { pairOf } from '../../store/entries.ts';
import { type LostClaim, openRebuilding, type Rebuilding } from '../../store/rebuild.ts';
import { notesIn } from '../../trust/ledger-file.ts';
import { parseCheckpoint } from '../../trust/note.ts';
import { ownersPool } from '../admin.ts';
import { readConfig } from '../config.ts';
import { createLog, installRuntime } from '../log.ts';
import { connectTemporal } from '../temporal.ts';
import { type Call, type Derived, derive } from './derive.ts';
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
  const found = { kept, published: published.size, runs: lost.runs, problems: lost.problems };
  const isLost = lost.sure > 0 || published.size > kept;
  if (!isLost) return { ...found, entries: 0, claims: 0, origin: null };
  const counted = { ...found, entries: lost.entries.size, claims: lost.claims.size };
  if (dryRun) return { ...counted, origin: null };
  // As they happened, and not as Temporal lists them.
  const entries = [...lost.entries.values()].toSorted((one, other) => one.atMs - other.atMs);
  const claims = [...lost.claims.values()];
  const origin = await ledger.resume({ entries, claims, published: published.note, by, reason, nowMs });
  return { ...counted, origin };
}

interface Lost {
  /** By subject and step: the Workflow may have recorded the same twice. */
  readonly entries: Map<string, Entry>;
  readonly claims: Map<string, LostClaim>;
  /** How many of the entries were there for sure. */
  sure: number;
  runs: number;
  readonly problems: string[];
}

async function lostOf(client: Client, ledger: Rebuilding): Promise<Lost> {
  const lost: Lost = { entries: new Map(), claims: new Map(), sure: 0, runs: 0, problems: [] };
  for await (const { workflowId, calls, problem } of replayedRuns(client)) {
    lost.runs += 1;
    if (problem !== undefined) lost.problems.push(`${workflowId} does not replay: ${problem}`);
    const derived = calls.map(derivedOf);
    lost.problems.push(...derived.flatMap((one) => (typeof one === 'string' ? [`${workflowId}: ${one}`] : [])));
    await add(
      lost,
      ledger,
      derived.filter((one) => typeof one !== 'string'),
    );
  }
  return lost;
}

/** Or why it cannot be read: somebody may have put a task on a queue by hand. */
function derivedOf(call: Call): Derived | string {
  try {
    return derive(call);
  } catch (error) {
    return `${call.name} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Of what one run put on record, what the ledger does not have. */
async function add(lost: Lost, ledger: Rebuilding, derived: readonly Derived[]): Promise<void> {
  const sure = new Set(derived.flatMap(({ entries, isGuess }) => (isGuess === true ? [] : entries.map(pairOf))));
  const missing = await ledger.missing(derived.flatMap(({ entries }) => entries));
  const isMissing = new Set(missing.map(pairOf));
  for (const entry of missing) if (!lost.entries.has(pairOf(entry))) lost.entries.set(pairOf(entry), entry);
  if (lost.entries.size > MAX_LOST) {
    throw new Error(`more than ${MAX_LOST} entries are lost: restore a later backup, and rebuild from there`);
  }
  lost.sure += missing.filter((entry) => sure.has(pairOf(entry))).length;
  for (const claim of derived.flatMap(({ claims }) => claims)) {
    if (!isMissing.has(pairOf({ subject: claim.actionId, step: 'claimed' }))) continue;
    const known = lost.claims.get(claim.actionId);
    if (known === undefined || known.outcome === null) lost.claims.set(claim.actionId, claim);
  }
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
