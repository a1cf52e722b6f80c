// The outages of the proof `server`: what goes away, for how long, and how that is seen to have happened.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Rig } from '../rig/rig.ts';
import { waitFor } from '../support.ts';

export type What = 'temporal' | 'postgres' | 'both' | 'connections';

/** Taken from the system, and to be given back. */
export interface Taken {
  /** Resolves once it is back. */
  giveBack(): Promise<void>;
  /** Resolves once it is seen to be away; rejects when it is not. */
  seenAway(): Promise<void>;
}

/** What each outage takes. `connections`: every connection that PostgreSQL has is somebody else's. */
export const TAKE: Readonly<Record<What, (rig: Rig) => Promise<Taken>>> = {
  temporal: ({ temporal }) => takeServer(temporal, temporal.address),
  postgres: ({ postgres }) => takeServer(postgres, new URL(postgres.url).host),
  async both(rig) {
    const both = await Promise.all([TAKE.temporal(rig), TAKE.postgres(rig)]);
    return {
      giveBack: async () => void (await Promise.all(both.map((one) => one.giveBack()))),
      seenAway: async () => void (await Promise.all(both.map((one) => one.seenAway()))),
    };
  },
  connections: ({ postgres }) => takeConnections(postgres.url),
};

// 2 s: the port of a killed process is closed at once; its children may hold it a moment longer.
const REFUSED_LIMIT_MS = 2_000;

async function takeServer(server: { kill(): Promise<void>; start(): Promise<void> }, address: string): Promise<Taken> {
  await server.kill();
  return {
    giveBack: () => server.start(),
    seenAway: async () => void (await waitFor(`${address} to refuse`, REFUSED_LIMIT_MS, () => isRefused(address))),
  };
}

function isRefused(address: string): Promise<boolean> {
  const { hostname, port } = new URL(`tcp://${address}`);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}

const TOO_MANY_CONNECTIONS = '53300';
// 200: twice what PostgreSQL gives by default; who gets more is not at its end.
const MAX_HELD = 200;
// 10 s: to push everybody else out, who comes back at once.
const PUSH_LIMIT_MS = 10_000;
const PUSH_PAUSE_MS = 20;

/** Take every connection, then end those of all others and take these too. */
async function takeConnections(url: string): Promise<Taken> {
  const held: pg.Client[] = [];
  const first = await open(url);
  if (first === undefined) throw new Error('PostgreSQL has no connection left before the proof takes any');
  held.push(first);
  const take = async (): Promise<void> => {
    for (let next = await open(url); next !== undefined; next = await open(url)) {
      held.push(next);
      if (held.length > MAX_HELD) throw new Error(`PostgreSQL gives more than ${MAX_HELD} connections`);
    }
  };
  const others = async (): Promise<number> => {
    const own = (await Promise.all(held.map(pidOf))).join();
    const query = `select pg_terminate_backend(pid) from pg_stat_activity
      where backend_type = 'client backend' and not pid = any($1::int[])`;
    return (await first.query(query, [`{${own}}`])).rowCount ?? 0;
  };
  await take();
  await waitFor('all connections', PUSH_LIMIT_MS, async () => {
    if ((await others()) === 0) return true;
    await sleep(PUSH_PAUSE_MS);
    await take();
    return false;
  });
  return {
    giveBack: async () => void (await Promise.all(held.map((client) => client.end()))),
    async seenAway() {
      const more = await open(url);
      await more?.end();
      if (more !== undefined) throw new Error('PostgreSQL still gives connections');
    },
  };
}

async function pidOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]?.pid ?? 0;
}

/** Undefined when the server has no connection left. */
async function open(url: string): Promise<pg.Client | undefined> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === TOO_MANY_CONNECTIONS) return undefined;
    throw error;
  }
}
