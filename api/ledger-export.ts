// The lines of an export: the header, then each entry with its proof against a checkpoint. Goes through the leaves once for
// the tree and once more, chunk by chunk, for the proofs. May import store types and trust. Guarantees: what is kept at a
// time does not grow with the ledger, but for 32 bytes a thousand entries; what cannot be finished throws, and never ends
// as if it were whole.
import type { Logger } from 'pino';
import type { CheckpointRow, Store } from '../store/ports.ts';
import { CHUNK_LEAVES, chunkRoot, type ChunkedProver, createChunkedProver } from '../trust/chunked-prover.ts';
import { entryLine, headerLine } from '../trust/export-lines.ts';
import { EXPORT_PAGE } from './limits.ts';

type Reads = Pick<Store, 'ledger' | 'checkpoints'>;

export interface Exported {
  readonly origin: string;
  readonly checkpoint: CheckpointRow;
  /** Entries `from` to `to`, which the checkpoint covers. */
  readonly from: number;
  readonly to: number;
}

/** Several lines at a time, each ended by a newline. */
export async function* exportLines(
  store: Reads,
  exported: Exported,
  signal: AbortSignal,
  log: Pick<Logger, 'error'>,
): AsyncGenerator<string> {
  const { origin, checkpoint, from, to } = exported;
  const { size, note } = checkpoint;
  try {
    yield `${headerLine({ origin, size, from, to, checkpoint: note })}\n`;
    const prover = createChunkedProver(await rootsOf(store, size, signal));
    for (let chunk = chunkOf(from); chunk <= chunkOf(to); chunk++) {
      yield* linesOf(store, { chunk, prover, ...exported }, signal);
    }
  } catch (error) {
    // The answer has begun, so only the log can say why it broke off. A client that left is no error.
    if (!signal.aborted) log.error({ err: error, from, to }, 'an export of the ledger broke off');
    throw error;
  }
}

const chunkOf = (seq: number): number => Math.floor((seq - 1) / CHUNK_LEAVES);

async function rootsOf(store: Reads, size: number, signal: AbortSignal): Promise<readonly Buffer[]> {
  const roots: Buffer[] = [];
  for (let chunk = 0; chunk <= chunkOf(size); chunk++) {
    signal.throwIfAborted();
    roots.push(chunkRoot(await leavesOf(store, chunk, size)));
  }
  return roots;
}

async function leavesOf({ checkpoints }: Reads, chunk: number, size: number): Promise<readonly Buffer[]> {
  const before = chunk * CHUNK_LEAVES;
  const count = Math.min(CHUNK_LEAVES, size - before);
  const leaves = await checkpoints.leaves(before, count);
  if (leaves.length === count) return leaves;
  throw new Error(`the ledger has only ${before + leaves.length} of the ${size} entries of its last checkpoint`);
}

async function* linesOf(
  store: Reads,
  { chunk, prover, checkpoint, from, to }: Exported & { readonly chunk: number; readonly prover: ChunkedProver },
  signal: AbortSignal,
): AsyncGenerator<string> {
  const before = chunk * CHUNK_LEAVES;
  const proofOf = prover.ofChunk(chunk, await leavesOf(store, chunk, checkpoint.size));
  const last = Math.min(to, before + CHUNK_LEAVES);
  for (let seq = Math.max(from, before + 1); seq <= last; ) {
    signal.throwIfAborted();
    const rows = await store.ledger.hashed(seq - 1, Math.min(EXPORT_PAGE, last - seq + 1));
    // Up to the first that is not in its place: what comes after a gap would be taken for it, and only later miss a proof.
    const gap = rows.findIndex((row, at) => row.seq !== seq + at);
    const here = gap < 0 ? rows : rows.slice(0, gap);
    if (here.length === 0) throw new Error(`entry ${seq} of the ledger is missing`);
    yield here.map((row) => `${entryLine(row.seq, row.text, proofOf(row.seq - 1 - before))}\n`).join('');
    seq += here.length;
  }
}
