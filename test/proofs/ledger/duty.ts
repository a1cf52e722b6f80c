// The duty that makes and publishes checkpoints, as an API process has it, with a file as its place and a clock moved by
// hand.
import type { Store } from '../../../store/ports.ts';
import type { NoteSigner } from '../../../trust/note.ts';
import { openCheckpointFile } from '../../../workers/checkpoint-places.ts';
import { type CheckpointDuty, keepCheckpoints } from '../../../workers/checkpoints.ts';

const nothing = () => undefined;
const QUIET = { info: nothing, warn: nothing, error: nothing };

export async function startDuty(
  { store }: { readonly store: Pick<Store, 'checkpoints'> },
  signer: NoteSigner,
  file: string,
  clock: { readonly ms: number },
): Promise<CheckpointDuty> {
  const place = await openCheckpointFile(file, signer.verifierKey);
  return keepCheckpoints({ store, signer, file: place, others: [], nowMs: () => clock.ms, log: QUIET });
}
