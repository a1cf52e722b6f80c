// The floor under a turn: an empty Workflow with the same number of Activities, on the same Temporal server, in the minutes
// in which the steps of our turn were measured.
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { z } from 'zod';
import { quantile } from '../load.ts';
import type { Figure } from '../measure.ts';
import { startWorker } from '../worker-process.ts';

const WORKER = fileURLToPath(new URL('./floor-worker.ts', import.meta.url));
const Up = z.object({ isUp: z.literal(true) });
// 10: code is compiled, and the server's caches fill, as in the conversations before those that count.
const WARM_UP = 10;

/** Named after what a turn consists of; each has `turns` of them, in turns with the other. */
const SHAPES = [
  { shape: '3 Activities', withLocalOnes: false },
  { shape: '3 Activities, 3 local ones', withLocalOnes: true },
] as const;

/** As `floor_turn_p50_ms`, of one caller. Rejects where its process does not come up. */
export async function floorOf(address: string, turns: number): Promise<readonly Figure[]> {
  const worker = await startWorker(WORKER, { TEMPORAL_ADDRESS: address }, (message) => Up.parse(message));
  const connection = await Connection.connect({ address });
  try {
    const { workflow } = new Client({ connection });
    const start = (workflowId: string) => workflow.start('emptyConversation', { workflowId, taskQueue: 'floor' });
    const handles = await Promise.all(SHAPES.map((_, nth) => start(`floor-${nth}`)));
    const timesMs = SHAPES.map((): number[] => []);
    for (let turn = 0; turn < WARM_UP + turns; turn++) {
      for (const [nth, { withLocalOnes }] of SHAPES.entries()) {
        const begunMs = performance.now();
        await handles[nth]?.executeUpdate<void, [boolean]>('turn', { args: [withLocalOnes] });
        if (turn >= WARM_UP) timesMs[nth]?.push(performance.now() - begunMs);
      }
    }
    await Promise.all(handles.map((handle) => handle.terminate()));
    return SHAPES.map(({ shape }, nth) => {
      const value = quantile(timesMs[nth] ?? [], 0.5);
      return { subject: 'temporal', name: 'floor_turn_p50_ms', value, at: { shape } };
    });
  } finally {
    await connection.close();
    await worker.stop();
  }
}
