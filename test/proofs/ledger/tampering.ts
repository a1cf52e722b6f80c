// Every way in which a ledger is tampered with inside its database, one at a time, with what must be said of it afterwards.
// To add one: a line in TAMPERINGS. Whoever does it is a superuser, and whoever signs anew has a key.
import { createNoteSigner } from '../../../trust/note.ts';
import { generateSigningKey } from '../../../trust/signing.ts';
import { edited, type Tampered } from '../../support/ledger-mutations.ts';
import { restore } from './pristine.ts';
import {
  alterFrontier,
  ask,
  cut,
  inserted,
  put,
  rangeOf,
  remove,
  renumber,
  type Scene,
  type Stored,
  sealedSeq,
  seqOf,
  shift,
  signAnew,
  swapped,
  textOf,
} from './tables.ts';

/** The first bad entry, or the range in which it lies, as in the files of a ledger. */
export type Named = Omit<Tampered, 'files'>;

export interface Due {
  /** What the verifier says of the next export; `holds` where no export can tell. */
  readonly verifier: Named | 'holds';
  /** What the export itself says, where it cannot be finished. */
  readonly brokeOff?: string;
  /** Who of the two notices: an API process that has run since before, and one that starts afterwards. */
  readonly noticed: 'by both' | 'at the next start' | 'by none';
  /** What reading the entry where it is found now says of its words. */
  readonly seal?: { readonly seq: number; readonly is: 'broken' | 'gone' };
}

type Tamper = (scene: Scene) => Promise<Due>;

export const TAMPERINGS: Readonly<Record<string, Tamper>> = {
  'edit the text of an entry': async (scene) => {
    const seq = seqOf(scene);
    await put(scene, [{ seq, entry: edited(await textOf(scene, seq), scene.random) }], 'the text');
    return { verifier: { seq }, noticed: 'by none', seal: { seq, is: 'broken' } };
  },
  'edit the text of an entry, and its leaf': async (scene) => {
    const seq = seqOf(scene);
    await put(scene, [{ seq, entry: edited(await textOf(scene, seq), scene.random) }]);
    return { verifier: rangeOf(scene, seq), noticed: 'by none' };
  },
  'edit a leaf': async (scene) => {
    const seq = seqOf(scene);
    await ask(scene, 'update countersign.ledger set leaf = sha256(leaf) where seq = $1', [seq]);
    // The proof of the entry itself does not pass through its leaf.
    return { verifier: { seq: seq === 1 ? 2 : 1 }, noticed: 'by none' };
  },
  'delete an entry': (scene) => deleted(scene, seqOf(scene), 1),
  'delete some entries': (scene) => deleted(scene, scene.random.between(1, scene.kept.last - 5), 4),
  'delete an entry, the others numbered anew in their column': async (scene) => {
    const seq = seqOf(scene);
    await remove(scene, seq, 1);
    await shift(scene, seq, -1);
    return { verifier: upTo(scene, seq), noticed: 'by none' };
  },
  'delete an entry, the others numbered and hashed anew': async (scene) => {
    const seq = seqOf(scene);
    await remove(scene, seq, 1);
    await shift(scene, seq, -1);
    await renumber(scene, seq);
    return { verifier: rangeOf(scene, seq), noticed: 'by none' };
  },
  'insert an entry, the others numbered anew in their column': async (scene) => {
    const seq = seqOf(scene);
    await inserted(scene, seq);
    const { until } = rangeOf(scene, seq);
    return { verifier: { ...rangeOf(scene, seq), until: Math.min(until, seq + 1) }, noticed: 'by none' };
  },
  'insert an entry, the others numbered and hashed anew': async (scene) => {
    const seq = seqOf(scene);
    await inserted(scene, seq);
    await renumber(scene, seq + 1);
    return { verifier: rangeOf(scene, seq), noticed: 'by none' };
  },
  'swap two entries in their column': async (scene) => {
    const [one, other] = await swapped(scene);
    const seq = Math.min(one, other);
    return { verifier: upTo(scene, seq), noticed: 'by none' };
  },
  'swap two entries, both numbered and hashed anew': async (scene) => {
    const [one, other] = await swapped(scene);
    await renumber(scene, one, one);
    await renumber(scene, other, other);
    return { verifier: rangeOf(scene, Math.min(one, other)), noticed: 'by none' };
  },
  'cut the tail': async (scene) => {
    const { last } = scene.kept;
    const size = scene.random.between(1, last - 1);
    await cut(scene, size, ['ledger', 'ledger_seals']);
    const brokeOff = `the ledger has only ${size} of the ${last} entries of its last checkpoint`;
    return { verifier: { seq: 1 }, brokeOff, noticed: 'by both' };
  },
  'go back to an older copy of the database': async (scene) => {
    const { sizes, last } = scene.kept;
    const size = scene.random.between(sizes[0]!, last - 1);
    await cut(scene, size, ['ledger', 'ledger_seals', 'checkpoints']);
    return { verifier: { seq: sizes.findLast((one) => one <= size)! + 1 }, noticed: 'by both' };
  },
  'go back to a copy of when a checkpoint was made': async (scene) => {
    const size = scene.random.pick(scene.kept.sizes.slice(0, -1));
    await cut(scene, size, ['ledger', 'ledger_seals', 'checkpoints']);
    return { verifier: { seq: size + 1 }, noticed: 'by both' };
  },
  'alter sealed words': async (scene) => {
    const seq = await sealedSeq(scene);
    await ask(scene, `update countersign.ledger_seals set body = '{"forged":"words"}' where seq = $1`, [seq]);
    return { verifier: 'holds', noticed: 'by none', seal: { seq, is: 'broken' } };
  },
  'erase sealed words': async (scene) => {
    const seq = await sealedSeq(scene);
    await ask(scene, 'delete from countersign.ledger_seals where seq = $1', [seq]);
    return { verifier: 'holds', noticed: 'by none', seal: { seq, is: 'gone' } };
  },
  'alter the tree that the next checkpoint goes on from': async (scene) => {
    await alterFrontier(scene, scene.kept.last);
    return { verifier: 'holds', noticed: 'by both' };
  },
  'alter the note of the last checkpoint': async (scene) => {
    const { sql } = scene.bench;
    await sql.query(`update countersign.checkpoints set note = translate(note, 'abc', 'bca') where size = $1`, [
      scene.kept.last,
    ]);
    return { verifier: { seq: 0 }, noticed: 'by both' };
  },
  'put an older note in the place of the last': async (scene) => {
    const { last, sizes } = scene.kept;
    const older = scene.random.pick(sizes.slice(0, -1));
    const noteOf = '(select note from countersign.checkpoints where size = $2)';
    await ask(scene, `update countersign.checkpoints set note = ${noteOf} where size = $1`, [last, older]);
    return { verifier: { seq: 0 }, noticed: 'by both' };
  },
  'delete the last checkpoint': async (scene) => {
    const { last, sizes } = scene.kept;
    await ask(scene, 'delete from countersign.checkpoints where size = $1', [last]);
    // It is made again, the same, at the next round: nothing is lost by it.
    return { verifier: { seq: sizes.at(-2)! + 1 }, noticed: 'by none' };
  },
  'change the name of the ledger': async (scene) => {
    await ask(scene, `update countersign.ledger_identity set origin = 'countersign/ledger/renamed'`);
    return { verifier: { seq: 0 }, noticed: 'at the next start' };
  },
  'swap the database for one of another name': async ({ bench, others }) => {
    await restore(bench, others.otherName);
    return { verifier: { seq: 0 }, noticed: 'by both' };
  },
  'swap the database for one of the same name': async ({ bench, kept, others }) => {
    await restore(bench, others.sameName);
    return { verifier: { seq: 1, until: kept.sizes[0]! }, noticed: 'by both' };
  },
  'edit, and sign all checkpoints anew by another key': async (scene) => {
    const seq = seqOf(scene);
    await put(scene, [{ seq, entry: edited(await textOf(scene, seq), scene.random) }]);
    await signAnew(scene, createNoteSigner(scene.kept.signer.name, generateSigningKey()));
    return { verifier: { seq: 0 }, noticed: 'by both' };
  },
  'edit, and sign all checkpoints anew by the key of the ledger': async (scene) => {
    const seq = seqOf(scene);
    await put(scene, [{ seq, entry: edited(await textOf(scene, seq), scene.random) }]);
    await signAnew(scene, scene.kept.signer);
    return { verifier: rangeOf(scene, seq), noticed: 'by both' };
  },
  'other entries from one on, signed by the key of the ledger': async (scene) => {
    const { kept, random, bench } = scene;
    const seq = seqOf(scene);
    const { rows } = await bench.sql.query<Stored>('select seq, entry from countersign.ledger where seq >= $1', [seq]);
    await put(
      scene,
      rows.map((row) => ({ seq: Number(row.seq), entry: edited(row.entry, random) })),
    );
    await signAnew(scene, kept.signer);
    return { verifier: rangeOf(scene, seq), noticed: 'by both' };
  },
};

/**
 * What no hash covers, so that neither a verifier nor the duty can tell. By the columns beside the text an entry is found:
 * where it is found now it is told as broken, and where it should be it is not found, which nobody can tell.
 */
export const UNHASHED: Readonly<Record<string, Tamper>> = {
  ...Object.fromEntries(
    ['subject', 'step', 'kind', 'conversation_id'].map((column) => [
      `alter the column ${column} beside the text`,
      (scene: Scene) => misfiled(scene, `${column} = ${column} || ' altered'`),
    ]),
  ),
  'alter the column at_ms beside the text': (scene) => misfiled(scene, 'at_ms = at_ms + 1'),
  // From this one no tree is gone on from.
  'alter the tree of an older checkpoint': async (scene) => {
    await alterFrontier(scene, scene.random.pick(scene.kept.sizes.slice(0, -1)));
    return { verifier: 'holds', noticed: 'by none' };
  },
};

async function misfiled(scene: Scene, change: string): Promise<Due> {
  const seq = seqOf(scene);
  await ask(scene, `update countersign.ledger set ${change} where seq = $1`, [seq]);
  return { verifier: 'holds', noticed: 'by none', seal: { seq, is: 'broken' } };
}

/** The proofs of no entry hold, and the line of this one says so by itself: nothing after it is looked at. */
const upTo = (scene: Scene, seq: number): Named => ({ ...rangeOf(scene, seq), until: seq });

async function deleted(scene: Scene, seq: number, count: number): Promise<Due> {
  await remove(scene, seq, count);
  return { verifier: upTo(scene, seq), brokeOff: `entry ${seq} of the ledger is missing`, noticed: 'by none' };
}
