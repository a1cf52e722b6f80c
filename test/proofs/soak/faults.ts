// Doing the faults of a soak, one after the other, and seeing that each really happened.
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:net';
import type { Rig } from '../rig/rig.ts';
import { type Fault, type Timed, wordsOf } from './plan.ts';

export interface Faulting {
  /** Faults that happened, by kind. */
  readonly happened: ReadonlyMap<string, number>;
  /** Faults that did not do what they should, as sentences. */
  readonly failed: readonly string[];
  /** Finish the fault under way, and begin no other. */
  stop(): Promise<void>;
}

// 1.5 s from the effect to the answer: half of what a tool of the proofs allows, so that it is slow and no fault of its own.
const SLOW_ANSWER_MS = 1_500;

export function startFaults(rig: Rig, plan: readonly Timed[], log: (line: string) => void): Faulting {
  const happened = new Map<string, number>();
  const failed: string[] = [];
  const ending = new AbortController();
  const running = (async () => {
    for (const { afterMs, fault } of plan) {
      await sleep(afterMs, undefined, { signal: ending.signal }).catch(() => undefined);
      if (ending.signal.aborted) return;
      try {
        const problem = await strike(rig, fault);
        if (problem === undefined) happened.set(fault.kind, (happened.get(fault.kind) ?? 0) + 1);
        else failed.push(`${wordsOf(fault)}: ${problem}`);
      } catch (error) {
        failed.push(`${wordsOf(fault)}: ${String(error)}`);
        return;
      }
    }
    log('all planned faults are done');
  })();
  return {
    happened,
    failed,
    async stop() {
      ending.abort();
      await running;
    },
  };
}

/** Do it and undo it. Undefined when it really happened; else why not. */
async function strike(rig: Rig, fault: Fault): Promise<string | undefined> {
  switch (fault.kind) {
    case 'kill': {
      const before = rig.roles.deaths.length;
      await rig.roles.kill(fault.role);
      await sleep(0); // its supervisor hears of it
      return rig.roles.deaths.length > before ? undefined : 'nobody died';
    }
    case 'freeze': {
      const frozen = rig.roles.freeze(fault.role);
      await sleep(fault.forMs);
      const was = frozen.isStopped();
      frozen.thaw();
      return was ? undefined : 'the process ran on';
    }
    case 'temporal':
      return outage(fault.forMs, [rig.temporal], [rig.temporal.address]);
    case 'postgres':
      return outage(fault.forMs, [rig.postgres], [new URL(rig.databaseUrl).host]);
    case 'both':
      return outage(fault.forMs, [rig.temporal, rig.postgres], [rig.temporal.address, new URL(rig.databaseUrl).host]);
    case 'slow far side':
      rig.far.answersAfterMs = SLOW_ANSWER_MS;
      await sleep(fault.forMs);
      rig.far.answersAfterMs = 0;
      return undefined;
    default:
      return fault satisfies never;
  }
}

interface Server {
  kill(): Promise<void>;
  start(): Promise<void>;
}

async function outage(
  forMs: number,
  servers: readonly Server[],
  addresses: readonly string[],
): Promise<string | undefined> {
  await Promise.all(servers.map((server) => server.kill()));
  const answering = await Promise.all(addresses.map(answers));
  await sleep(forMs);
  await Promise.all(servers.map((server) => server.start()));
  return answering.includes(true) ? 'it still took connections' : undefined;
}

function answers(address: string): Promise<boolean> {
  const { hostname, port } = new URL(`tcp://${address}`);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
