// A peer as a child process: starts `bench/peers/NAME.mjs`, sends it turns over HTTP as the load generator sends ours,
// names its pid, stops it. Guarantees: it ends with us, however we end; where it does not start, the error says its words.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type ProcessGroup, spawnGroup, waitFor } from '../../test/proofs/support.ts';
import { createSender } from '../http.ts';
import type { Running, Subject, Surroundings } from '../measure.ts';
import { wordsFor } from '../words.ts';
import { installPeers, PEERS } from './install-peers.ts';

// 60 s: the slowest creates its tables on a busy machine.
const UP_LIMIT_MS = 60_000;
// 6 s: the front gives its peer five to close its connections.
const STOP_LIMIT_MS = 6_000;

const Told = z.object({ port: z.number() });
const Replied = z.object({ reply: z.string() });

/** A peer that is one process. */
export const peer = (name: string): Subject => ({ name, start: (at) => startPeer(name, at) });

/** Start one; `more` are its variables besides the model's and the database's. Resolves once it answers turns. */
export async function startPeer(
  name: string,
  { modelUrl, databaseUrl, log }: Surroundings,
  more: Readonly<Record<string, string>> = {},
): Promise<Running> {
  await installPeers(log);
  let port: number | undefined;
  const group = spawnGroup(process.execPath, [join(PEERS, `${name}.mjs`)], {
    cwd: PEERS,
    // Nothing else of our environment: no settings of this machine's, no tracing, no secrets.
    env: { PATH: process.env['PATH'], MODEL_URL: modelUrl, DATABASE_URL: databaseUrl, ...more },
    onMessage: (message) => (port = Told.parse(message).port),
  });
  const up = await waitFor(
    `the peer ${name}`,
    UP_LIMIT_MS,
    () => port ?? (group.ended() !== undefined && 'ended'),
  ).catch(() => 'late');
  if (typeof up === 'string') {
    await end(group);
    throw new Error(`the peer ${name} did not start (${up}): ${group.output()}`);
  }
  const sender = createSender(`http://127.0.0.1:${up}`);
  return {
    async turn(conversation, n) {
      const { status, body } = await sender.post('/turn', { conversation, n, text: wordsFor(conversation, n) });
      const replied = Replied.safeParse(body);
      if (status !== 200 || !replied.success) throw new Error(`no reply: ${status} ${JSON.stringify(body)}`);
      return replied.data.reply;
    },
    pids: () => ({ [name]: group.pid }),
    async stop() {
      sender.end();
      await end(group);
    },
  };
}

/** Ask it to end in order; kill it where it does not in time. */
async function end(group: ProcessGroup): Promise<void> {
  group.signal('SIGTERM');
  await Promise.race([group.gone, sleep(STOP_LIMIT_MS, undefined, { ref: false })]);
  if (group.ended() === undefined) await group.kill('SIGKILL');
}
