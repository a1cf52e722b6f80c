// What a superuser does to the tables of a ledger, in small steps. The tampering itself is in tampering.ts.
import type { JsonObject } from '../../../domain/json.ts';
import { leafOf } from '../../../store/entry-text.ts';
import { canonicalJson } from '../../../trust/digest.ts';
import { checkpointText, type NoteSigner } from '../../../trust/note.ts';
import type { Random } from '../support.ts';
import type { Bench, Kept } from './pristine.ts';

export interface Scene {
  readonly bench: Bench;
  readonly kept: Kept;
  /** Two that are not it: a ledger of another name, and another ledger of the same name. */
  readonly others: { readonly otherName: Kept; readonly sameName: Kept };
  readonly random: Random;
}

export interface Row {
  readonly seq: number;
  readonly entry: string;
}

/** As PostgreSQL's driver has it: a bigint is a text. */
export type Stored = Omit<Row, 'seq'> & { readonly seq: string };

export const ask = async ({ bench }: Pick<Scene, 'bench'>, statement: string, values: readonly unknown[] = []) =>
  (await bench.sql.query(statement, [...values])).rows as readonly Record<string, unknown>[];

export const seqOf = ({ kept, random }: Scene): number => random.between(1, kept.last);

/** Between the published checkpoint before an entry and the one after it. */
export function rangeOf({ kept }: Pick<Scene, 'kept'>, seq: number): { readonly seq: number; readonly until: number } {
  const before = kept.sizes.findLast((size) => size < seq) ?? 0;
  return { seq: before + 1, until: kept.sizes.find((size) => size >= seq) ?? kept.size };
}

export async function textOf(scene: Pick<Scene, 'bench'>, seq: number): Promise<string> {
  const [row] = await ask(scene, 'select entry from countersign.ledger where seq = $1', [seq]);
  if (row === undefined) throw new Error(`there is no entry ${seq}`);
  return String(row['entry']);
}

/** Other texts in the place of those that are there; with their leaves, if not told otherwise. */
export async function put(
  scene: Pick<Scene, 'bench'>,
  rows: readonly Row[],
  what: 'the text' | 'both' = 'both',
): Promise<void> {
  const leaf = what === 'both' ? ', leaf = new.leaf' : '';
  await ask(
    scene,
    `update countersign.ledger as old set entry = new.entry${leaf}
     from unnest($1::bigint[], $2::text[], $3::bytea[]) as new (seq, entry, leaf) where old.seq = new.seq`,
    [rows.map(({ seq }) => seq), rows.map(({ entry }) => entry), rows.map(({ entry }) => leafOf(entry))],
  );
}

/** The entries and what they seal, gone. */
export async function remove(scene: Scene, seq: number, count: number): Promise<void> {
  for (const table of ['ledger', 'ledger_seals'])
    await ask(scene, `delete from countersign.${table} where seq between $1 and $2`, [seq, seq + count - 1]);
}

/** Move the numbers of all entries from one on, in their column. */
export async function shift(scene: Scene, from: number, by: number): Promise<void> {
  for (const table of ['ledger', 'ledger_seals']) {
    // In two steps: a number may be taken only while nobody else has it.
    await ask(scene, `update countersign.${table} set seq = -seq - $2::bigint where seq >= $1`, [from, by]);
    await ask(scene, `update countersign.${table} set seq = -seq where seq < 0`);
  }
}

/** Let entries say the number that they have, and hash them anew. */
export async function renumber(scene: Scene, from: number, to = Number.MAX_SAFE_INTEGER): Promise<void> {
  const statement = 'select seq, entry from countersign.ledger where seq between $1 and $2';
  const rows = (await ask(scene, statement, [from, to])) as unknown as readonly Stored[];
  const anew = rows.map(({ seq, entry }) => {
    const place = Number(seq);
    return { seq: place, entry: canonicalJson({ ...(JSON.parse(entry) as JsonObject), seq: place }) };
  });
  await put(scene, anew);
}

/** A copy of another entry, as if it had been written here. */
export async function inserted(scene: Scene, seq: number): Promise<void> {
  const like = await textOf(scene, scene.random.between(1, scene.kept.size));
  await shift(scene, seq, 1);
  const entry = canonicalJson({ ...(JSON.parse(like) as JsonObject), subject: 'forged', step: 'x', seq });
  await ask(
    scene,
    `insert into countersign.ledger (seq, subject, step, conversation_id, at_ms, kind, entry, leaf)
     values ($1, 'forged', 'x', '', 0, 'phase', $2, $3)`,
    [seq, entry, leafOf(entry)],
  );
}

export async function swapped(scene: Scene): Promise<readonly [number, number]> {
  const one = scene.random.between(1, scene.kept.last - 1);
  const other = scene.random.between(one + 1, scene.kept.last);
  await ask(scene, 'update countersign.ledger set seq = -seq where seq in ($1, $2)', [one, other]);
  await ask(scene, 'update countersign.ledger set seq = $1::bigint + $2::bigint + seq where seq < 0', [one, other]);
  return [one, other];
}

export async function cut(scene: Scene, size: number, tables: readonly string[]): Promise<void> {
  for (const table of tables)
    await ask(scene, `delete from countersign.${table} where ${table === 'checkpoints' ? 'size' : 'seq'} > $1`, [size]);
}

export async function sealedSeq(scene: Scene): Promise<number> {
  const statement = 'select seq from countersign.ledger_seals where seq >= $1 order by seq limit 1';
  const [row] = await ask(scene, statement, [scene.random.between(1, Math.floor(scene.kept.last / 2))]);
  return Number(row?.['seq']);
}

export async function alterFrontier(scene: Scene, size: number): Promise<void> {
  const statement = `update countersign.checkpoints
    set frontier = set_byte(frontier, 0, get_byte(frontier, 0) # 1) where size = $1`;
  await ask(scene, statement, [size]);
}

/** All checkpoints gone, and one over everything made in their place. */
export async function signAnew({ bench }: Scene, signer: NoteSigner): Promise<void> {
  await bench.sql.query('delete from countersign.checkpoints');
  await bench.store.checkpoints.make({
    ...{ from: 'first_entry', nowMs: 0 },
    sign: (tree) => signer.sign(checkpointText({ origin: signer.name, ...tree })),
  });
}
