// The model server of the bench as its measures hold it: started, told how long to think, asked what it was asked.
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { spawnGroup, waitFor } from '../test/proofs/support.ts';
import { FROM_SOURCE } from '../test/support/children.ts';
import { ROOT } from '../test/support/sources.ts';

export interface ModelServer {
  /** With `/v1`. */
  readonly url: string;
  readonly pid: number;
  /** From now on it thinks so long about each call. */
  delay(ms: number): Promise<void>;
  /** What it was asked since the last look, and forget it. */
  take(): Promise<Taken>;
  stop(): Promise<void>;
}

const Taken = z.object({
  calls: z.number(),
  /** By the mark of a message, in order: when it was asked and when it had answered, ms since 1970, in turns. */
  timesMs: z.record(z.string(), z.array(z.number())),
});
export type Taken = z.output<typeof Taken>;

// 30 s: it is up within one on a quiet machine.
const UP_LIMIT_MS = 30_000;
// 10 s: it answers within a millisecond; after ten seconds it never will.
const ANSWER_LIMIT_MS = 10_000;
const SERVER = fileURLToPath(new URL('./model-server.ts', import.meta.url));

export async function startModelServer(): Promise<ModelServer> {
  const told: { port?: number } = {};
  const group = spawnGroup(process.execPath, [...FROM_SOURCE, SERVER], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'] },
    onMessage: (message) => void Object.assign(told, message),
  });
  const port = await waitFor('the model server', UP_LIMIT_MS, () => {
    if (group.ended() !== undefined) throw new Error(`the model server ended: ${group.output()}`);
    return told.port;
  });
  const base = `http://127.0.0.1:${port}`;
  const post = async (path: string, body: string): Promise<unknown> => {
    const response = await fetch(`${base}${path}`, {
      method: 'POST',
      body,
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    });
    return response.json();
  };
  return {
    url: `${base}/v1`,
    pid: group.pid,
    async delay(ms) {
      await post('/delay', String(ms));
    },
    take: async () => Taken.parse(await post('/take', '')),
    stop: () => group.kill('SIGTERM'),
  };
}
