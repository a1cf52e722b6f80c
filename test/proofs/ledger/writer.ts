// One process that appends to the ledger through the store, for the part `writers`: `writer.ts ROLE URL FIRST [FILE
// KEY]`, under the PostgreSQL login of its role. Batch after batch from the number FIRST on, until it is killed; tells
// its parent the number of each batch that was committed. The API is the maker of checkpoints too: a round of its duty
// after each batch.
import { setTimeout as sleep } from 'node:timers/promises';
import { openStore } from '../../../store/store.ts';
import { createNoteSigner } from '../../../trust/note.ts';
import { CHECKPOINT_EVERY_MS, type CheckpointDuty } from '../../../workers/checkpoints.ts';
import { startDuty } from './duty.ts';
import { batchOf, type WriterRole } from './batches.ts';

/** What a writer tells. */
export interface Told {
  readonly committed: number;
  /** Why the duty makes no checkpoint, or what it could not do: nothing here is a reason. */
  readonly trouble?: string;
}

const [role = '', url = '', first = '', file = '', key = ''] = process.argv.slice(2);
// 5 ms: writers of one ledger take turns; without a pause they would do nothing but wait for each other.
const PAUSE_MS = 5;

const store = await openStore({ pool: { connectionString: url, max: 2 }, migrate: false });
const clock = { ms: Date.now() };
const duty = file === '' ? undefined : await makeCheckpoints();

for (let number = Number(first); ; number++) {
  await store.record(batchOf(role as WriterRole, number));
  const trouble = duty === undefined ? undefined : await round(duty);
  process.send?.({ committed: number, ...(trouble === undefined ? {} : { trouble }) } satisfies Told);
  await sleep(PAUSE_MS);
}

async function makeCheckpoints(): Promise<CheckpointDuty> {
  return startDuty({ store }, createNoteSigner(await store.checkpoints.origin(), key), file, clock);
}

/** As if a minute had passed. */
async function round(of: CheckpointDuty): Promise<string | undefined> {
  clock.ms += CHECKPOINT_EVERY_MS;
  await of.round();
  const { kind, text } = await of.check();
  return kind === 'ok' ? undefined : text;
}
