// The part of the proof `ledger` in a real database: a ledger that the product has written and published is tampered with in
// PostgreSQL, one thing at a time; the API's own export is verified against what was published, and the duty that makes
// checkpoints is asked whether it noticed. What cannot be found is shown not to be, and said.
import { readFile } from 'node:fs/promises';
import { createNoteSigner } from '../../../trust/note.ts';
import { generateSigningKey } from '../../../trust/signing.ts';
import { CHECKPOINT_EVERY_MS } from '../../../workers/checkpoints.ts';
import { edited } from '../../support/ledger-mutations.ts';
import { inShort, objection, ours } from '../../support/ledger-verifiers.ts';
import { createRandom, type ProofContext, type ProofResult } from '../support.ts';
import { startDuty } from './duty.ts';
import { type Bench, copyOfFile, exportNow, type Kept, openBench, restore, writeLedger } from './pristine.ts';
import { put, type Scene, textOf } from './tables.ts';
import { type Due, TAMPERINGS, UNHASHED } from './tampering.ts';

// 320: each kind ten times. Each costs a copy of the tables, an export and two starts of the duty.
const TAMPERED = { quick: 20, full: 320 };
// 1,100 entries: two chunks of an export. Quickly some 250, written in two seconds.
const LEDGER = { quick: { checkpoints: 6, every: 40 }, full: { checkpoints: 11, every: 100 } };

type Noticed = Due['noticed'];

export async function proveDatabase(context: ProofContext, url: string): Promise<ProofResult> {
  const { quick, random, folder, log } = context;
  const bench = await openBench(url, folder);
  try {
    const options = { signingKey: generateSigningKey(), ...(quick ? LEDGER.quick : LEDGER.full), random };
    const otherName = await writeLedger(bench, {
      ...options,
      schema: 'other_name',
      origin: 'countersign/ledger/other',
    });
    const origin = 'countersign/ledger/proof';
    const sameName = await writeLedger(bench, { ...options, schema: 'same_name', origin });
    const kept = await writeLedger(bench, { ...options, schema: 'kept', origin });
    log(`database: ${kept.size} entries, ${kept.sizes.length} checkpoints published, the last of ${kept.last} entries`);
    const scene = { bench, kept, others: { otherName, sameName } };
    const tampered = await tamperAll(context, scene);
    const tail = await tamperTheTail({ ...scene, random }, log);
    return { cases: tampered.cases + tail.cases, violations: [...tampered.violations, ...tail.violations] };
  } finally {
    await bench.close();
  }
}

async function tamperAll({ seed, quick, random, log }: ProofContext, of: Omit<Scene, 'random'>): Promise<ProofResult> {
  const violations: string[] = [];
  const kinds = [...Object.entries(TAMPERINGS), ...Object.entries(UNHASHED)];
  const count = quick ? TAMPERED.quick : TAMPERED.full;
  const from = quick ? random.between(0, kinds.length - 1) : 0;
  const noticed = new Map<Noticed, number>();
  const unfound = new Set<string>();
  for (let tried = 0; tried < count; tried++) {
    const [name, tamper] = kinds[(from + tried) % kinds.length]!;
    const caseSeed = random.between(0, 2 ** 31);
    await restore(of.bench, of.kept);
    const duties = await startDuties(of);
    try {
      const due = await tamper({ ...of, random: createRandom(caseSeed) });
      const wrong = [await unchanged(of), await ofExport(of, due), await ofSeal(of, due), await duties.wrong(due)];
      for (const one of wrong)
        if (one !== undefined) violations.push(`${name} (seed ${seed}, case ${caseSeed}): ${one}`);
      noticed.set(due.noticed, (noticed.get(due.noticed) ?? 0) + 1);
      if (Object.hasOwn(UNHASHED, name)) unfound.add(name);
    } finally {
      await duties.stop();
    }
  }
  log(`tampered in the database: ${count} of ${kinds.length} kinds, not as it must be: ${violations.length}`);
  const counts = [...noticed].map(([who, times]) => `${who} ${times}`).join(', ');
  log(`noticed by the duty that makes checkpoints, running or at the next start: ${counts}`);
  for (const name of unfound) log(`cannot be found by an export, as no hash covers it: ${name}`);
  return { cases: count, violations };
}

/** One duty that runs since before; and what a start afterwards says. */
async function startDuties({ bench, kept }: Pick<Scene, 'bench' | 'kept'>) {
  const clock = { ms: 0 };
  const running = await startDuty(bench, kept.signer, await copyOfFile(bench, kept), clock);
  return {
    async wrong(due: Due): Promise<string | undefined> {
      const name = await bench.store.checkpoints.origin();
      const signer = name === kept.signer.name ? kept.signer : createNoteSigner(name, generateSigningKey());
      const next = await startDuty(bench, signer, await copyOfFile(bench, kept), clock);
      await next.stop();
      clock.ms += CHECKPOINT_EVERY_MS;
      await running.round();
      const said = [running.disagreement(), next.disagreement()];
      const who: Noticed | 'by the one that runs' =
        said[0] === undefined
          ? said[1] === undefined
            ? 'by none'
            : 'at the next start'
          : said[1] === undefined
            ? 'by the one that runs'
            : 'by both';
      return who === due.noticed ? undefined : `noticed ${who}, not ${due.noticed}: ${said.join(' / ')}`;
    },
    stop: () => running.stop(),
  };
}

/** A tampering that changed nothing proves nothing. */
async function unchanged({ bench, kept }: Pick<Scene, 'bench' | 'kept'>): Promise<string | undefined> {
  for (const table of ['ledger', 'ledger_seals', 'ledger_identity', 'checkpoints']) {
    const [now, before] = [`countersign.${table}`, `${kept.schema}.${table}`];
    const { rows } = await bench.sql.query(
      `(select * from ${now} except select * from ${before}) union all (select * from ${before} except select * from ${now})
       limit 1`,
    );
    if (rows.length > 0) return undefined;
  }
  return 'nothing in the database was changed';
}

async function ofExport({ bench, kept }: Pick<Scene, 'bench' | 'kept'>, due: Due): Promise<string | undefined> {
  const { bytes, brokeOff } = await exportNow(bench);
  if (due.brokeOff !== undefined && brokeOff !== due.brokeOff) return `broke off: ${brokeOff}, not: ${due.brokeOff}`;
  const verified = await ours({ export: bytes, published: kept.published }, kept.signer.verifierKey);
  if (due.verifier !== 'holds') return objection({ ...due.verifier, files: NO_FILES }, verified);
  if (brokeOff !== undefined) return `the export broke off: ${brokeOff}`;
  return verified.kind === 'holds' && verified.upTo === kept.last ? undefined : inShort(verified);
}

const NO_FILES = { export: Buffer.alloc(0), published: '' };

async function ofSeal({ bench }: Pick<Scene, 'bench'>, { seal }: Due): Promise<string | undefined> {
  if (seal === undefined) return undefined;
  const { rows } = await bench.sql.query<{ subject: string }>('select subject from countersign.ledger where seq = $1', [
    seal.seq,
  ]);
  const subject = rows[0]?.subject ?? '';
  const read = (await bench.store.ledger.ofSubject(subject)).find(({ seq }) => seq === seal.seq);
  return read?.seal === seal.is ? undefined : `the seal of entry ${seal.seq} is ${read?.seal}, not ${seal.is}`;
}

/**
 * After the last published checkpoint: a text by itself is found once a checkpoint covers it, as its leaf is another's. Text
 * and leaf together are not found by anybody: the next checkpoint is made over them, and published.
 */
async function tamperTheTail(scene: Scene, log: ProofContext['log']): Promise<ProofResult> {
  const { bench, kept, random } = scene;
  const violations: string[] = [];
  for (const what of ['the text', 'both'] as const) {
    await restore(bench, kept);
    const seq = random.between(kept.last + 1, kept.size);
    await put(scene, [{ seq, entry: edited(await textOf(scene, seq), random) }], what);
    const published = await publishAnother(bench, kept);
    const { bytes } = await exportNow(bench);
    const verified = await ours({ export: bytes, published }, kept.signer.verifierKey);
    const wrong =
      what === 'the text' ? objection({ seq, files: NO_FILES }, verified) : holdsAll(inShort(verified), kept.size);
    if (wrong !== undefined) violations.push(`the tail, ${what}: ${wrong}`);
  }
  log(
    `cannot be found: entries ${kept.last + 1} to ${kept.size}, text and leaf, until a checkpoint over them is published`,
  );
  return { cases: 2, violations };
}

const holdsAll = (said: string, size: number): string | undefined => {
  const holds = `holds: entries 1 to ${size}, proven up to ${size}`;
  return said === holds ? undefined : `"${said}" instead of "${holds}"`;
};

/** What a process that goes on publishes at its next round, with all that was published before. */
async function publishAnother(bench: Bench, kept: Kept): Promise<string> {
  const file = await copyOfFile(bench, kept);
  const clock = { ms: CHECKPOINT_EVERY_MS };
  const duty = await startDuty(bench, kept.signer, file, clock);
  clock.ms += CHECKPOINT_EVERY_MS;
  await duty.round();
  await duty.stop();
  return readFile(file, 'utf8');
}
