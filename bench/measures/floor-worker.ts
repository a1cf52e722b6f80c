// The process of the floor: one Worker for each of three Task Queues, as our roles have, with Activities that do nothing.
// Environment: TEMPORAL_ADDRESS.
import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';

export const NOTHING = { nothing: async (): Promise<void> => undefined };

const { TEMPORAL_ADDRESS: address = '' } = process.env;
const connection = await NativeConnection.connect({ address });
const workers = await Promise.all([
  Worker.create({
    connection,
    taskQueue: 'floor',
    workflowsPath: fileURLToPath(new URL('./floor-workflow.ts', import.meta.url)),
    activities: NOTHING,
  }),
  Worker.create({ connection, taskQueue: 'floor-assistant', activities: NOTHING }),
  Worker.create({ connection, taskQueue: 'floor-actor', activities: NOTHING }),
]);
for (const worker of workers) {
  worker.run().catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
}
// Whoever started it has ended.
process.once('disconnect', () => process.exit(0));
process.send?.({ isUp: true });
