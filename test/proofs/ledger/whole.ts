// Whether a ledger in PostgreSQL is whole: no gap, each leaf the hash of its text, each column what the text says, no fork
// between what was published, and each batch that a writer was told is committed there once and complete.
import { readFileSync } from 'node:fs';
import type pg from 'pg';
import { leafOf } from '../../../store/entry-text.ts';
import { type Published, readPublished } from '../../../trust/ledger-file.ts';
import { appendLeaf, createProver, EMPTY_FRONTIER, rootOf, verifyConsistency } from '../../../trust/merkle.ts';
import { createNoteSigner, openNote, parseCheckpoint } from '../../../trust/note.ts';
import { batchOf, conversationOf, type WriterRole } from './batches.ts';

interface Written {
  readonly file: string;
  readonly signingKey: string;
  readonly told: ReadonlyMap<WriterRole, ReadonlySet<number>>;
}

interface Row {
  readonly seq: string;
  readonly subject: string;
  readonly step: string;
  readonly conversation_id: string;
  readonly kind: string;
  readonly entry: string;
  readonly leaf: Buffer;
}

export async function wrongWith(
  client: pg.Pool,
  { file, signingKey, told }: Written,
): Promise<{ readonly lines: readonly string[]; readonly violations: readonly string[] }> {
  const { rows } = await client.query<Row>('select * from countersign.ledger order by seq');
  const { rows: names } = await client.query<{ origin: string }>('select origin from countersign.ledger_identity');
  const signer = createNoteSigner(names[0]?.origin ?? '', signingKey);
  const published = publishedIn(file, signer.verifierKey);
  if (typeof published === 'string') return { lines: [], violations: [published] };
  const { rows: stored } = await client.query<{ size: string; note: string; published_ms: string | null }>(
    'select size, note, published_ms from countersign.checkpoints order by size',
  );
  const roots = new Map(
    stored.map(({ size, note }) => [Number(size), parseCheckpoint(openNote(note, signer.verifierKey)).root]),
  );
  const unmarked = stored.filter(({ size, published_ms: ms }) => ms !== null && !published.roots.has(Number(size)));
  const pairs = consistent(rows, published.roots);
  const violations = [
    ...ofRows(rows),
    ...ofRoots(rows, 'published', published.roots),
    ...ofRoots(rows, 'stored', roots),
    ...unmarked.map(({ size }) => `the checkpoint of ${size} is marked as published, and is not in the file`),
    ...pairs.wrong.map((pair) => `the published checkpoints ${pair} are not consistent`),
    ...ofBatches(rows, told),
    ...(await ofActions(client)),
  ];
  const batches = [...told].map(([role, numbers]) => `${role} ${numbers.size}`).join(', ');
  const lines = [
    `afterwards: ${rows.length} entries; batches that a writer was told are committed: ${batches}`,
    `checkpoints: ${stored.length} stored, ${published.roots.size} published, ${pairs.count} pairs consistent`,
  ];
  if (published.roots.size < 2) violations.push('fewer than two checkpoints were published');
  return { lines, violations };
}

/** Or why nobody could verify by it. */
function publishedIn(file: string, verifierKey: string): Published | string {
  try {
    return readPublished(readFileSync(file, 'utf8'), verifierKey);
  } catch (error) {
    return `the file of checkpoints: ${String(error)}`;
  }
}

function ofRows(rows: readonly Row[]): readonly string[] {
  return rows.flatMap((row, at) => {
    const { seq, subject, step, conversationId, kind } = JSON.parse(row.entry) as Record<string, string | number>;
    const isInPlace = Number(row.seq) === at + 1 && seq === at + 1;
    const isFiled = [subject, step, conversationId, kind].join() === filed(row);
    return [
      ...(isInPlace ? [] : [`entry ${row.seq}, which says ${seq}, stands in place ${at + 1}`]),
      ...(isFiled ? [] : [`the columns of entry ${row.seq} are not what its text says`]),
      ...(row.leaf.equals(leafOf(row.entry)) ? [] : [`the leaf of entry ${row.seq} is not the hash of its text`]),
    ];
  });
}

const filed = ({ subject, step, conversation_id: conversation, kind }: Row): string =>
  [subject, step, conversation, kind].join();

/** Each root must be that of the first entries, as many as its size says. */
function ofRoots(rows: readonly Row[], what: string, roots: ReadonlyMap<number, Buffer>): readonly string[] {
  let tree = EMPTY_FRONTIER;
  const wrong: string[] = [];
  for (const { leaf } of rows) {
    tree = appendLeaf(tree, leaf);
    const root = roots.get(tree.size);
    if (root?.equals(rootOf(tree)) === false) wrong.push(`the ${what} root of ${tree.size} is not that of the entries`);
  }
  const beyond = [...roots.keys()].filter((size) => size > rows.length);
  return [...wrong, ...beyond.map((size) => `a checkpoint of ${size} is ${what}; there are ${rows.length} entries`)];
}

/** Of each pair, by a proof that the smaller tree is the beginning of the larger one. */
function consistent(rows: readonly Row[], roots: ReadonlyMap<number, Buffer>) {
  const prover = createProver(rows.map(({ leaf }) => leaf));
  const all = [...roots].filter(([size]) => size <= rows.length).toSorted(([one], [other]) => one - other);
  const wrong: string[] = [];
  let count = 0;
  for (const [at, [from, fromRoot]] of all.entries()) {
    for (const [to, toRoot] of all.slice(at + 1)) {
      count += 1;
      const path = prover.consistency(from, to);
      if (!verifyConsistency({ from, to, fromRoot, toRoot, path })) wrong.push(`${from} and ${to}`);
    }
  }
  return { count, wrong };
}

/** What was told is there once and whole; of what was under way, all of a batch or nothing. */
function ofBatches(rows: readonly Row[], told: Written['told']): readonly string[] {
  const found = new Map<string, string[]>();
  for (const { conversation_id: id, entry } of rows) {
    const { subject, step } = JSON.parse(entry) as Record<string, string>;
    found.set(id, [...(found.get(id) ?? []), `${subject} ${step}`]);
  }
  return [...told].flatMap(([role, numbers]) => {
    const last = Math.max(0, ...numbers);
    return Array.from({ length: last + 1 }, (_, at) => at + 1).flatMap((number) => {
      const written = found.get(conversationOf(role, number)) ?? [];
      const due = batchOf(role, number).map(({ subject, step }) => `${subject} ${step}`);
      const isThere = written.join() === due.join();
      if (isThere || (written.length === 0 && !numbers.has(number))) return [];
      return [`batch ${number} of ${role}: [${written.join(', ')}] instead of [${due.join(', ')}]`];
    });
  });
}

/** The read model goes with its entries: each proposed action is there, ruled on. */
async function ofActions(client: pg.Pool): Promise<readonly string[]> {
  const { rows } = await client.query<{ subject: string }>(
    `select subject from countersign.ledger left join countersign.actions on id = subject
     where kind = 'ruled' and stage is distinct from 'ruled'`,
  );
  return rows.map(({ subject }) => `the action ${subject} was ruled on, and its read model does not say so`);
}
