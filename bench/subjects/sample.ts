// Temporal's own sample shape, on a server of the same settings: what the engine alone takes for such a turn, without
// anything that Countersign adds.
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { z } from 'zod';
import { historyOf } from '../../test/proofs/flat/measure.ts';
import { DEV_SERVER, type Engine } from '../engines.ts';
import { createSender } from '../http.ts';
import type { Running, Subject, Surroundings } from '../measure.ts';
import { startWorker } from '../worker-process.ts';
import { wordsFor } from '../words.ts';
import { modelCallsOf } from './model-calls.ts';

export const sampleOn = (engine: Engine): Subject => ({
  name: `temporal-sample${engine.suffix}`,
  start: (at) => start(at, engine),
});

export const sample = sampleOn(DEV_SERVER);

const WORKER = fileURLToPath(new URL('./sample-worker.ts', import.meta.url));
const Up = z.object({ port: z.number() });
const Replied = z.object({ reply: z.string() });

async function start(at: Surroundings, engine: Engine): Promise<Running> {
  const temporal = await engine.start(at);
  try {
    const env = { TEMPORAL_ADDRESS: temporal.address, MODEL_URL: at.modelUrl };
    const worker = await startWorker(WORKER, env, (message) => Up.parse(message));
    const sender = createSender(`http://127.0.0.1:${worker.told.port}`);
    return {
      async turn(conversation, n) {
        const { status, body } = await sender.post('/', { conversation, n, text: wordsFor(conversation, n) });
        const replied = Replied.safeParse(body);
        if (status !== 200 || !replied.success) throw new Error(`no reply: ${status} ${JSON.stringify(body)}`);
        return replied.data.reply;
      },
      pids: () => ({ worker: worker.pid, temporal: temporal.pid() ?? 0 }),
      spent: (conversations) => historiesOf(temporal.address, conversations),
      modelCalls: (conversations) => modelCallsOf(temporal.address, 'callModel', conversations),
      async stop() {
        sender.end();
        await worker.stop();
        await temporal.stop();
      },
    };
  } catch (error) {
    await temporal.stop();
    throw error;
  }
}

/** What Temporal keeps of these conversations: events, and their bytes as JSON. */
export async function historiesOf(
  address: string,
  conversations: readonly string[],
): Promise<Readonly<Record<'history_events' | 'history_bytes', number>>> {
  const connection = await Connection.connect({ address });
  const spent = { history_events: 0, history_bytes: 0 };
  try {
    const client = new Client({ connection });
    for (const conversation of conversations) {
      const { events } = await historyOf(client, conversation);
      spent.history_events += events.length;
      for (const { amount } of events) spent.history_bytes += amount;
    }
    return spent;
  } finally {
    await connection.close();
  }
}
