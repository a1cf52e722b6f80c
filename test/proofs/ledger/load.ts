// Loads a large ledger into PostgreSQL: conversations told as the soak lives them (see test/support/ledger-stories.ts),
// fifty at a time, so that what belongs together lies apart as it does in life. Each text is made and hashed as the store
// does it; rows go in by the thousand, past appendEntries, which would take a day over a million. Checkpoints are the
// duty's own.
import pg from 'pg';
import type { Entry } from '../../../domain/entry.ts';
import { entryText, leafOf, type SealedText } from '../../../store/entry-text.ts';
import type { CheckpointDuty } from '../../../workers/checkpoints.ts';
import { ADA, aStory, type KeyedItem, type Story, type ToldAction } from '../../support/ledger-stories.ts';
import { createRandom, type Random } from '../support.ts';

export interface Loaded {
  /** Actions that have ended, all of whose entries are there. */
  readonly actions: readonly string[];
  readonly conversations: number;
  /** In words: what share of the entries each kind has, and how long their texts are. */
  readonly mix: string;
  readonly tookMs: number;
}

/** As many entries as a checkpoint has, which is made after each. */
export const LOAD_BATCH = 1_000;
const AT_ONCE = 50;
const STARTED_MS = 1_760_000_000_000;

export async function loadLedger(url: string, size: number, random: Random, duty: CheckpointDuty): Promise<Loaded> {
  const begunMs = Date.now();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  // What is loaded is no answer to anybody: nobody waits for the disk. It is made fast at the end.
  await client.query('set synchronous_commit = off');
  await client.query(`alter system set max_wal_size = '8GB'`);
  await client.query('select pg_reload_conf()');
  const telling = createTelling(random);
  const chars = new Uint32Array(size);
  const kinds = new Map<string, number>();
  try {
    let under: Promise<unknown> = Promise.resolve();
    for (let seq = 0; seq < size; ) {
      const entries = telling.next(Math.min(LOAD_BATCH, size - seq));
      const rows = entries.map((entry, at) => ({ entry, seq: seq + at + 1, ...textOf(entry, seq + at + 1) }));
      for (const row of rows) {
        chars[row.seq - 1] = row.text.length;
        kinds.set(row.entry.fact.kind, (kinds.get(row.entry.fact.kind) ?? 0) + 1);
      }
      const stories = telling.begun();
      seq += entries.length;
      // The next thousand are made while these go in, and the checkpoint of those before.
      await under;
      under = Promise.all([insert(client, rows, stories), duty.round()]);
      // Else an error of it would be nobody's until the next turn of the loop.
      under.catch(() => undefined);
    }
    await under;
    await duty.round();
    await client.query('alter system reset all');
    await client.query('select pg_reload_conf()');
    await client.query('analyze');
    await client.query('checkpoint');
  } finally {
    await client.end();
  }
  const mix = mixOf(kinds, chars.toSorted());
  return { actions: telling.ended(), conversations: telling.count(), mix, tookMs: Date.now() - begunMs };
}

function mixOf(kinds: ReadonlyMap<string, number>, chars: Uint32Array): string {
  const most = [...kinds].toSorted(([, one], [, other]) => other - one);
  const shares = most.map(([kind, count]) => `${kind} ${((100 * count) / chars.length).toFixed(1)} %`);
  const at = (share: number) => chars[Math.floor(share * (chars.length - 1))];
  return `${shares.join(', ')}; characters p50 ${at(0.5)}, p95 ${at(0.95)}, longest ${at(1)}`;
}

function textOf(entry: Entry, seq: number) {
  const { text, sealed } = entryText({ ...entry, seq });
  return { text, sealed, leaf: leafOf(text) };
}

/** Entries of fifty conversations in turn, each in its own order; where one has ended, the next begins. */
function createTelling(random: Random) {
  let count = 0;
  const begun: Story[] = [];
  const ended: string[] = [];
  const begin = () => {
    count += 1;
    const story = aStory(`large-${count}`, createRandom(random.next() * 2 ** 32), STARTED_MS + count * 1_000);
    begun.push(story);
    return { story, at: 0 };
  };
  const open = Array.from({ length: AT_ONCE }, begin);
  return {
    next(length: number): readonly Entry[] {
      return Array.from({ length }, () => {
        const place = random.between(0, AT_ONCE - 1);
        const one = open[place]!;
        const entry = one.story.entries[one.at]!;
        one.at += 1;
        if (one.at === one.story.entries.length) {
          for (const { outcome, proposal } of one.story.actions) if (outcome !== null) ended.push(proposal.actionId);
          open[place] = begin();
        }
        return entry;
      });
    },
    /** Since it was asked last. */
    begun: (): readonly Story[] => begun.splice(0),
    ended: () => ended,
    count: () => count,
  };
}

interface Row {
  readonly entry: Entry;
  readonly seq: number;
  readonly text: string;
  readonly leaf: Buffer;
  readonly sealed: SealedText | null;
}

async function insert(client: pg.Client, rows: readonly Row[], stories: readonly Story[]): Promise<void> {
  const seals = rows.flatMap(({ seq, sealed }) => (sealed === null ? [] : [{ seq, ...sealed }]));
  const put = (table: string, types: readonly string[], columns: readonly (readonly unknown[])[]) =>
    client.query(
      `insert into countersign.${table} select * from unnest(${types.map((type, at) => `$${at + 1}::${type}[]`).join()})`,
      [...columns],
    );
  await client.query('begin');
  await put(
    'ledger (seq, subject, step, conversation_id, at_ms, kind, entry, leaf)',
    ['bigint', 'text', 'text', 'text', 'bigint', 'text', 'text', 'bytea'],
    [
      rows.map(({ seq }) => seq),
      rows.map(({ entry }) => entry.subject),
      rows.map(({ entry }) => entry.step),
      rows.map(({ entry }) => entry.conversationId),
      rows.map(({ entry }) => entry.atMs),
      rows.map(({ entry }) => entry.fact.kind),
      rows.map(({ text }) => text),
      rows.map(({ leaf }) => leaf),
    ],
  );
  await put(
    'ledger_seals (seq, salt, body)',
    ['bigint', 'text', 'text'],
    [seals.map(({ seq }) => seq), seals.map(({ salt }) => salt), seals.map(({ body }) => body)],
  );
  await putRows(
    client,
    'conversations',
    stories.map(({ entries: [first] }) => conversationRow(first!)),
  );
  await putRows(
    client,
    'actions',
    stories.flatMap(({ actions }) => actions.map(actionRow)),
  );
  await putRows(
    client,
    'items',
    stories.flatMap(({ items }) => items.map(itemRow)),
  );
  await client.query('commit');
}

/** Few, and wide: by their names, as JSON. */
async function putRows(client: pg.Client, table: string, rows: readonly Record<string, unknown>[]): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const names = Object.keys(first).join();
  await client.query(
    `insert into countersign.${table} (${names})
     select ${names} from json_populate_recordset(null::countersign.${table}, $1)`,
    [JSON.stringify(rows)],
  );
}

function conversationRow({ conversationId: id, atMs }: Entry): Record<string, unknown> {
  return {
    ...{ id, agent: 'prover', tenant: 'default', owner: 'olga', principal_id: ADA.id, principal: ADA },
    ...{ phase: 'open', created_ms: atMs, updated_ms: atMs },
  };
}

/** As the projections leave it. */
function actionRow({ proposal, evidence, verdict, approvalId, outcome }: ToldAction): Record<string, unknown> {
  const { salt: _, ...shown } = proposal;
  return {
    ...{ id: proposal.actionId, conversation_id: proposal.conversationId, proposal: shown, evidence, verdict },
    ...{ approval_id: approvalId, stage: outcome === null ? 'waiting' : 'settled', outcome },
    ...{ outcome_kind: outcome?.kind ?? null, created_ms: STARTED_MS, updated_ms: STARTED_MS },
  };
}

function itemRow({ id, conversationId, key, turn, trust, body, salt, createdMs }: KeyedItem): Record<string, unknown> {
  const place = { id, conversation_id: conversationId, key, turn, trust, kind: body.kind };
  return { ...place, body, salt, created_ms: createdMs };
}
