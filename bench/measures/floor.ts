// The floor under a turn: an empty Workflow with the same number of Activities, on the same Temporal server, in the minutes
// in which the steps of our turn were measured.
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { spawnGroup, waitFor } from '../../test/proofs/support.ts';
import { FROM_SOURCE } from '../../test/support/children.ts';
import { ROOT } from '../../test/support/sources.ts';
import { quantile } from '../load.ts';
import type { Figure } from '../measure.ts';

const WORKER = fileURLToPath(new URL('./floor-worker.ts', import.meta.url));
// 60 s: its Workflow is bundled at each start, which takes some seconds.
const UP_LIMIT_MS = 60_000;
// 10: code is compiled, and the server's caches fill, as in the conversations before those that count.
const WARM_UP = 10;

/** Named after what a turn consists of; each has `turns` of them, in turns with the other. */
const SHAPES = [
  { shape: '3 Activities', withLocalOnes: false },
  { shape: '3 Activities, 3 local ones', withLocalOnes: true },
] as const;

/** As `floor_turn_p50_ms`, of one caller. Rejects where its process does not come up. */
export async function floorOf(address: string, turns: number): Promise<readonly Figure[]> {
  const told: { isUp?: true } = {};
  const worker = spawnGroup(process.execPath, [...FROM_SOURCE, WORKER], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], TEMPORAL_ADDRESS: address },
    onMessage: (message) => void Object.assign(told, message),
  });
  const connection = await Connection.connect({ address });
  try {
    await waitFor('the worker of the floor', UP_LIMIT_MS, () => {
      if (worker.ended() !== undefined) throw new Error(`it ended: ${worker.output()}`);
      return told.isUp;
    });
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
    await worker.kill('SIGKILL');
  }
}
