// `countersign rebuild`: after the store has lost its latest entries (it was restored from a backup, or a standby that was
// behind took over), derive again from Temporal what can be derived. With the DATABASE_URL of the tables' owner, while no
// role runs. Guarantees: where nothing is lost nothing changes; it is all done, or nothing is.
import { Client } from '@temporalio/client';
import { openRebuilding, type Rebuilding } from '../../store/rebuild.ts';
import { ownersPool } from '../admin.ts';
import { masterKeyIn, readConfig } from '../config.ts';
import { createLog, installRuntime } from '../log.ts';
import { createPayloadCodec } from '../payload-codec.ts';
import { findProcedures } from '../procedures.ts';
import { connectTemporal } from '../temporal.ts';
import { claimOf, inOrder, itemsSince, lostOf } from './lost.ts';
import type { Lost } from './found.ts';
import { largestOf, type Published, readPublished } from './published.ts';
import { bundleForReplay, type Replaying } from './replay.ts';
import { assertStopped } from './stopped.ts';

export interface RebuildInput {
  readonly by: string;
  readonly reason: string;
  /** The file of checkpoints that were published before the loss; '' where there is none. */
  readonly publishedPath: string;
  /** Where the agents are: the histories of their procedures replay on their code. */
  readonly agentsFolder: string;
  /** Only say what would be done. */
  readonly dryRun: boolean;
  /** Go on where a history cannot be read. */
  readonly despiteUnread: boolean;
  /** Go on where the ledger knows no conversation of the namespace. */
  readonly despiteUnknown: boolean;
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
  /** Conversations of which nothing could be read, since their keys were lost with the store. */
  readonly keyless: readonly string[];
  /** Runs that were passed over, as their person is erased and the ledger has their end. */
  readonly erased: number;
  /** Workflows that were started, and of whose end neither Temporal nor the ledger knows anything. */
  readonly gone: readonly string[];
}

/** Rejects with a sentence that says what to do. */
export async function rebuild(input: RebuildInput, env: NodeJS.ProcessEnv): Promise<Rebuilt> {
  const pool = ownersPool(env);
  const config = readConfig(env);
  const { logLevel } = config;
  const notes = await readPublished(input.publishedPath);
  const endRuntime = installRuntime(createLog(logLevel === 'debug' ? logLevel : 'error'));
  const masterKey = masterKeyIn(config);
  const ledger = masterKey === undefined ? openRebuilding(pool) : openRebuilding(pool, masterKey);
  try {
    await ledger.assertMasters();
    const { connection, namespace, close } = await connectTemporal({ env });
    try {
      const client = new Client({ connection, namespace });
      const rolesAreStopped = () => assertStopped(client, ledger, Date.now());
      if (!input.dryRun) await rolesAreStopped();
      const workflowBundle = await bundleForReplay(await findProcedures(input.agentsFolder));
      const codec = createPayloadCodec(ledger.sealedBytes);
      const deps = { client, workflowBundle, ledger, rolesAreStopped, codec };
      return await rebuildFrom(deps, { ...input, notes });
    } finally {
      await close();
    }
  } finally {
    await ledger.close();
    await endRuntime();
  }
}

export type Rebuild = Omit<RebuildInput, 'publishedPath' | 'agentsFolder'> & {
  /** What was published before the loss. */
  readonly notes: readonly string[];
};

export interface RebuildDeps extends Replaying {
  readonly ledger: Rebuilding;
  /** Rejects where a role is at work. */
  rolesAreStopped(): Promise<void>;
}

export async function rebuildFrom(deps: RebuildDeps, asked: Rebuild): Promise<Rebuilt> {
  const { client, ledger } = deps;
  const { by, reason, dryRun, nowMs, notes } = asked;
  const kept = await ledger.size();
  const before = await ledger.resumedFrom();
  const former = before.map(({ origin }) => origin);
  const published = largestOf(notes, { origin: await ledger.origin(), former });
  const lost = await lostOf(deps, ledger);
  await assertOurs(client, ledger, { lost, kept, despiteUnknown: asked.despiteUnknown });
  const { runs, problems, gone, erased } = lost;
  const isNews = published.size > kept && !before.some((one) => isToldBy(one, published));
  const passed = { keyless: [...lost.keyless], erased };
  const found = { kept, published: isNews ? published.size : 0, runs, problems, gone, ...passed };
  const all = [...lost.entries.values()];
  const isLost = all.some(({ isGuess }) => !isGuess) || isNews;
  if (!isLost) return { ...found, entries: 0, claims: 0, origin: null };
  const counted = { ...found, entries: lost.entries.size, claims: lost.claims.size };
  // What is not read may tell of an act that would be done twice.
  if (dryRun || (problems.length > 0 && !asked.despiteUnread)) return { ...counted, origin: null };
  const entries = inOrder(all.map(({ entry }) => entry));
  const claims = [...lost.claims.values()].flatMap(claimOf);
  const items = itemsSince(lost.items, entries);
  // Histories are read for minutes or hours: whoever began a role meanwhile has written what they do not tell of.
  await deps.rolesAreStopped();
  const origin = await ledger.resume({ entries, claims, items, kept, published: published.note, by, reason, nowMs });
  return { ...counted, origin };
}

/** Rejects where the namespace is that of nobody, or of others. */
async function assertOurs(
  client: Client,
  ledger: Rebuilding,
  how: { readonly lost: Lost; readonly kept: number; readonly despiteUnknown: boolean },
): Promise<void> {
  const { lost, kept, despiteUnknown } = how;
  const { namespace } = client.options;
  const check = 'check TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE';
  if (lost.runs === 0) throw new Error(`Temporal’s namespace "${namespace}" has no Workflow of ours; ${check}`);
  const conversations = [...lost.conversations];
  if (kept === 0 || despiteUnknown || (await ledger.known(conversations)) > 0) return;
  throw new Error(
    `Temporal’s namespace "${namespace}" has ${conversations.length} conversations, and this ledger, of ${kept} entries, knows ` +
      `none of them: they are another deployment’s, or all began after the loss; ${check}, or say --despite-unknown`,
  );
}

/** What was published of a ledger that this one has gone on from tells of no other loss than that one. */
const isToldBy = (before: { readonly origin: string; readonly published: string }, { note }: Published): boolean =>
  before.published === note || before.origin === note.split('\n', 1)[0];

/** For people, a line each. */
export function saidOf(rebuilt: Rebuilt): readonly string[] {
  const { kept, published, runs, entries, claims, origin, problems, gone, erased } = rebuilt;
  const short = published > kept ? `, ${published - kept} fewer than were published` : '';
  const looked = `${kept} entries are left${short}; ${runs} runs of Workflows were looked at`;
  const found = entries === 0 && short === '' ? 'nothing is lost' : `${entries} entries and ${claims} claims are lost`;
  const passed = erased === 0 ? [] : [`${erased} of these runs are of people who are erased, and had ended before`];
  const done =
    origin === null
      ? `${found}${problems.length === 0 ? '' : ', of what could be read'}; nothing was changed`
      : `${found}, and were derived again; the ledger is now ${origin}. Move the file of checkpoints and its .key to where ` +
        'you keep evidence, then start the roles';
  const untold = gone.map((id) => `Temporal has no history of ${id} any more, and nothing is known of its end`);
  return [looked, ...passed, done, ...problems.map((one) => `not read: ${one}`), ...untold, ...adviceOn(rebuilt)];
}

function adviceOn({ problems, keyless, origin }: Rebuilt): readonly string[] {
  if (problems.length === 0) return [];
  return [...(keyless.length === 0 ? [] : [adviceOnKeys(keyless, origin)]), ...(origin === null ? [GO_ON] : [])];
}

const GO_ON =
  'What could not be read may tell of more, and is not passed over. Run the version that wrote these histories; or go on ' +
  'with --despite-unread: of what could not be read only the acts are looked at, and people are asked about those.';

// 10 names: who needs more finds them above.
const MAX_NAMED = 10;

function adviceOnKeys(keyless: readonly string[], origin: string | null): string {
  const more = keyless.length > MAX_NAMED ? ` and ${keyless.length - MAX_NAMED} more` : '';
  const named = `${keyless.slice(0, MAX_NAMED).join(', ')}${more}`;
  const lost = `The keys of ${keyless.length} conversations (${named}) were lost with the store, and without them nothing of it can be read`;
  if (origin !== null) return `${lost}: end their Workflows, which cannot go on either.`;
  return (
    `${lost}. Bring the keys back first, from their own backup: countersign keys import FILE; then run this again. ` +
    'Where there is none, these conversations are lost for good, and their Workflows cannot go on; nothing of them acts any more.'
  );
}
