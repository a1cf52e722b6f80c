// The ledger's checkpoints, a duty of the API process: now and then the tree of all entries is signed, stored, and
// published outside of the database. May import trust, the store's types and the places. Guarantees: nothing is signed over
// a ledger that does not go on from what was published last, as far as this process can know it; what is not published yet
// is tried again; one round at a time. A round reads what came since the last checkpoint; where it begins anew, or compares
// with what the database has no checkpoint before, it reads all entries, some thousand at a time, and takes its time.
import type { Logger } from 'pino';
import { type Check, checkOf } from '../api/doctor.ts';
import type { CheckpointRow, Store } from '../store/ports.ts';
import { type Checkpoint, checkpointText, type NoteSigner, openNote, parseCheckpoint } from '../trust/note.ts';
import type { FilePlace, Place } from './checkpoint-places.ts';

// 1,000 entries or a minute: what lies after the last published checkpoint is what could still be rewritten unseen.
export const CHECKPOINT_EVERY_ENTRIES = 1_000;
export const CHECKPOINT_EVERY_MS = 60_000;
// 5 s between looks: a look costs three statements by key, and a busy system writes 1,000 entries in less than a minute.
const LOOK_EVERY_MS = 5_000;
// 100 in one round: more wait after an outage of hours only, and the next round goes on.
const PUBLISHED_AT_ONCE = 100;

export interface CheckpointDeps {
  readonly store: Pick<Store, 'checkpoints'>;
  /** Named by the origin of the ledger. */
  readonly signer: NoteSigner;
  readonly file?: FilePlace;
  readonly others: readonly Place[];
  readonly nowMs: () => number;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

export interface CheckpointDuty {
  /** By this, what is published is verified. */
  readonly verifierKey: string;
  /** Why no checkpoint is made: this is not the ledger that was published. A sentence; undefined when all is well. */
  disagreement(): string | undefined;
  /** What `doctor` says. */
  check(): Promise<Check>;
  /** One look, now: makes what is due and publishes what waits. Never rejects. */
  round(): Promise<void>;
  stop(): Promise<void>;
}

interface State {
  /** What was published last, as far as this process knows. */
  published: { readonly size: number; readonly note: string; readonly where: string } | undefined;
  /** The size that the file has for sure. */
  inFile: number;
  /** True until the first checkpoint of a file that was empty. */
  beginsAnew: boolean;
  disagreement: string | undefined;
  trouble: string | undefined;
  /** The note that was not published last, as it does not hold: it is told once. */
  refused: string | undefined;
  /** After something went wrong: not before. */
  waitUntilMs: number;
}

/** Begin. Resolves once it is known whether the ledger goes on from what was published. */
export async function keepCheckpoints(deps: CheckpointDeps): Promise<CheckpointDuty> {
  const { store, signer, file, nowMs, log } = deps;
  const inFile = sizeOf(file?.last, signer);
  const state: State = {
    published: file?.last === undefined ? undefined : { size: inFile, note: file.last, where: file.name },
    inFile,
    beginsAnew: file !== undefined && file.last === undefined,
    disagreement: undefined,
    trouble: undefined,
    refused: undefined,
    waitUntilMs: 0,
  };
  await orTrouble(deps, state, async () => {
    const last = await store.checkpoints.last();
    if (state.beginsAnew && last !== undefined && file !== undefined) {
      log.warn(`${file.name} is empty: the next checkpoint begins anew from the entries, and none before is compared`);
    }
    await compare(deps, state);
  });
  let running: Promise<void> | undefined;
  const round = async (): Promise<void> => {
    const leftMs = state.waitUntilMs - nowMs();
    // A clock that was set back meanwhile makes nobody wait longer.
    if (leftMs > 0 && leftMs <= CHECKPOINT_EVERY_MS) return;
    running ??= orTrouble(deps, state, () => look(deps, state)).finally(() => (running = undefined));
    await running;
  };
  const timer = setInterval(() => void round(), LOOK_EVERY_MS);
  timer.unref();
  return {
    verifierKey: signer.verifierKey,
    disagreement: () => state.disagreement,
    check: () => check(deps, state),
    round,
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}

async function check({ store, file, others, nowMs }: CheckpointDeps, state: State): Promise<Check> {
  if (state.disagreement !== undefined) return checkOf('ledger', [state.disagreement], '');
  const { entries, size, madeMs, unpublished } = await store.checkpoints.stats();
  if (state.trouble !== undefined) return checkOf('ledger', [`${state.trouble}; ${unpublished} checkpoints wait`], '');
  const places = [...(file === undefined ? [] : [file]), ...others].map(({ name }) => name).join(' and ');
  const made =
    madeMs === null
      ? 'none is in a checkpoint yet'
      : `${size} are in a checkpoint, made ${Math.max(0, Math.round((nowMs() - madeMs) / 1_000))} s ago`;
  return checkOf('ledger', [], `${entries} entries, ${made}; published to ${places}`);
}

/** What goes wrong is told once, and tried again after a while. */
async function orTrouble({ nowMs, log }: CheckpointDeps, state: State, work: () => Promise<void>): Promise<void> {
  try {
    await work();
    if (state.trouble !== undefined) log.info('checkpoints of the ledger are made and published again');
    state.trouble = undefined;
  } catch (error) {
    const trouble = error instanceof Error ? error.message : String(error);
    if (trouble !== state.trouble) log.warn({ err: error }, 'a checkpoint of the ledger is late');
    state.trouble = trouble;
    state.waitUntilMs = nowMs() + CHECKPOINT_EVERY_MS;
  }
}

async function look(deps: CheckpointDeps, state: State): Promise<void> {
  const { store, signer, nowMs, log } = deps;
  const stats = await store.checkpoints.stats();
  const isDue = isCheckpointDue(stats, state, nowMs());
  if (isDue || stats.unpublished > 0) {
    if (!(await compare(deps, state))) state.waitUntilMs = nowMs() + CHECKPOINT_EVERY_MS;
    else if (isDue) await make(deps, state);
  }
  if (state.disagreement !== undefined) return;
  for (const one of await store.checkpoints.unpublished(PUBLISHED_AT_ONCE)) {
    // The last one was looked at just now. One before it may wait under a key of before, or be somebody else's work: a note
    // that does not hold would spoil the file for whoever verifies by it.
    const wrong = contradiction(one, one.size, signer);
    if (wrong === undefined) await publish(deps, state, one);
    else if (state.refused !== one.note) log.error(`${wrong}; it is not published`);
    if (wrong !== undefined) state.refused = one.note;
  }
}

function isCheckpointDue(
  { entries, size, madeMs }: Awaited<ReturnType<Store['checkpoints']['stats']>>,
  { beginsAnew, published }: State,
  nowMs: number,
): boolean {
  // What holds fewer than was signed or published is looked at.
  if (entries < size || size < (published?.size ?? 0)) return true;
  if (entries === size) return false;
  if (beginsAnew) return true;
  const ageMs = madeMs === null ? CHECKPOINT_EVERY_MS : nowMs - madeMs;
  return entries - size >= CHECKPOINT_EVERY_ENTRIES || ageMs >= CHECKPOINT_EVERY_MS || ageMs < 0;
}

/** True when the ledger goes on from what was published last, and the next checkpoint can go on from the stored one. */
async function compare(deps: CheckpointDeps, state: State): Promise<boolean> {
  const { store, signer } = deps;
  const { entries } = await store.checkpoints.stats();
  const { published } = state;
  const outside = published === undefined ? undefined : await whatDiffers(deps, published.note, entries);
  if (outside !== undefined) return agree(deps, state, `${outside} (${published?.where ?? ''})`);
  const last = state.beginsAnew ? undefined : await store.checkpoints.last();
  return agree(deps, state, last === undefined ? undefined : contradiction(last, entries, signer));
}

function agree({ log }: CheckpointDeps, state: State, wrong: string | undefined): boolean {
  const sentence =
    wrong === undefined ? undefined : `the ledger is not the one that was published: ${wrong}. ${ADVICE}`;
  if (sentence !== state.disagreement) {
    if (sentence === undefined) log.info('the ledger goes on from what was published');
    else log.error(sentence);
  }
  state.disagreement = sentence;
  return sentence === undefined;
}

const ADVICE =
  'No checkpoint is made until the right database is back, or you say that this one is to go on: keep the file of ' +
  'checkpoints as evidence, put an empty one in its place, and start the API again (docs/operating.md)';

async function whatDiffers(
  { store, signer }: CheckpointDeps,
  note: string,
  entries: number,
): Promise<string | undefined> {
  const published = opened(note, signer);
  if (typeof published === 'string') return `the last checkpoint is not of this ledger and key: ${published}`;
  const { size, root } = published;
  if (entries < size) return `the database holds ${entries} entries, and ${size} were published`;
  const own = await store.checkpoints.rootAt(size);
  if (own?.equals(root) === true) return undefined;
  return `the first ${size} entries in the database are not those that were published`;
}

const sizeOf = (note: string | undefined, signer: NoteSigner): number => {
  const checkpoint = note === undefined ? '' : opened(note, signer);
  return typeof checkpoint === 'string' ? 0 : checkpoint.size;
};

/** The checkpoint, or why it is none of this ledger's. */
function opened(note: string, { name, verifierKey }: NoteSigner): Checkpoint | string {
  try {
    const checkpoint = parseCheckpoint(openNote(note, verifierKey));
    return checkpoint.origin === name ? checkpoint : `it is of ${checkpoint.origin}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function make({ store, signer, nowMs }: CheckpointDeps, state: State): Promise<void> {
  const made = await store.checkpoints.make({
    from: state.beginsAnew ? 'first_entry' : 'last_checkpoint',
    nowMs: nowMs(),
    sign: (tree, last) => {
      // Looked at just before, but this is the one that is gone on from.
      const wrong = last === undefined ? undefined : contradiction(last, tree.size, signer);
      if (wrong !== undefined) throw new Error(wrong);
      return signer.sign(checkpointText({ origin: signer.name, ...tree }));
    },
  });
  if (made !== undefined) state.beginsAnew = false;
}

/** Why the stored checkpoint cannot be gone on from: its frontier must have the root that its note signs. */
function contradiction({ size, root, note }: CheckpointRow, entries: number, signer: NoteSigner): string | undefined {
  if (entries < size) return `the database holds ${entries} entries, and a checkpoint of ${size} was made of it`;
  const signed = opened(note, signer);
  if (typeof signed === 'string') return `the stored checkpoint of ${size} entries does not hold: ${signed}`;
  if (signed.size === size && signed.root.equals(root)) return undefined;
  return `the stored checkpoint of ${size} entries is not the one that was signed`;
}

/** To each place in turn; the first that fails leaves it, and those after it, for the next round. */
async function publish(
  { store, file, others, nowMs }: CheckpointDeps,
  state: State,
  one: CheckpointRow,
): Promise<void> {
  // Once in the file is enough, however often a webhook fails after it.
  if (file !== undefined && one.size > state.inFile) {
    await file.publish(one);
    state.inFile = one.size;
  }
  for (const place of others) await place.publish(one);
  await store.checkpoints.published(one.size, nowMs());
  state.published = { size: one.size, note: one.note, where: 'published by this process' };
}
