// Doing the faults of a soak, one after the other, and seeing that each really happened, and when.
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:net';
import type { Rig } from '../rig/rig.ts';
import { type Fault, type Timed, wordsOf } from './plan.ts';

/** A time, ms. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A fault that happened, and how long it may have been felt. */
export interface Felt extends Span {
  readonly fault: Fault;
}

export interface Faulting {
  /** Faults that happened, by kind. */
  readonly happened: ReadonlyMap<string, number>;
  /** All that happened so far; the last one may go on. */
  felt(): readonly Felt[];
  /** Faults that did not do what they should, as sentences. */
  readonly failed: readonly string[];
  /** Finish the fault under way, and begin no other. */
  stop(): Promise<void>;
}

// 1.5 s from the effect to the answer: half of what a tool of the proofs allows, so that it is slow and no fault of its own.
const SLOW_ANSWER_MS = 1_500;
// 5 s after a fault is over: what the design promises until all goes on. What comes later is no fault's doing.
const RECOVERY_MS = 5_000;

/** `over`: when it was over; 0 until then. */
interface Struck {
  readonly fault: Fault;
  readonly fromMs: number;
  over: () => number;
}

export function startFaults(rig: Rig, plan: readonly Timed[], log: (line: string) => void): Faulting {
  const happened = new Map<string, number>();
  const failed: string[] = [];
  const struck: Struck[] = [];
  const ending = new AbortController();
  const running = (async () => {
    for (const { afterMs, fault } of plan) {
      await sleep(afterMs, undefined, { signal: ending.signal }).catch(() => undefined);
      if (ending.signal.aborted) return;
      const one: Struck = { fault, fromMs: Date.now(), over: () => 0 };
      struck.push(one);
      try {
        const came = await strike(rig, fault);
        const overMs = Date.now();
        one.over = () => came.overMs?.() ?? overMs;
        if (came.kind === 'happened') happened.set(fault.kind, (happened.get(fault.kind) ?? 0) + 1);
        else if (came.kind === 'failed') failed.push(`${wordsOf(fault)}: ${came.why}`);
      } catch (error) {
        failed.push(`${wordsOf(fault)}: ${String(error)}`);
        return;
      }
    }
    log('all planned faults are done');
  })();
  const toMs = (overMs: number): number => (overMs === 0 ? Number.POSITIVE_INFINITY : overMs + RECOVERY_MS);
  return {
    happened,
    failed,
    felt: () => struck.map(({ fault, fromMs, over }) => ({ fault, fromMs, toMs: toMs(over()) })),
    async stop() {
      ending.abort();
      await running;
    },
  };
}

type Came = (
  | { readonly kind: 'happened' }
  /** There was nothing for it to strike: that is no fault of the proof, and counts for nothing. */
  | { readonly kind: 'missed' }
  | { readonly kind: 'failed'; readonly why: string }
) & {
  /** Where it is over later than it returns: when; 0 until then. */
  readonly overMs?: () => number;
};

const cameOf = (itDid: boolean, otherwise: string): Came =>
  itDid ? { kind: 'happened' } : { kind: 'failed', why: otherwise };

/** Do it and undo it. */
async function strike(rig: Rig, fault: Fault): Promise<Came> {
  switch (fault.kind) {
    case 'kill': {
      const before = rig.roles.deaths.length;
      await rig.roles.kill(fault.role);
      await sleep(0); // its supervisor hears of it
      const death = rig.roles.deaths.slice(before).find(({ role }) => role === fault.role);
      return { ...cameOf(death !== undefined, 'nobody died'), overMs: () => death?.upMs ?? 0 };
    }
    case 'freeze': {
      const frozen = rig.roles.freeze(fault.role);
      await sleep(fault.forMs);
      const was = frozen.isStopped();
      frozen.thaw();
      return cameOf(was, 'the process ran on');
    }
    case 'temporal':
      return outage(fault.forMs, [rig.temporal], [rig.temporal.address]);
    case 'postgres':
      return outage(fault.forMs, [rig.postgres], [new URL(rig.databaseUrl).host]);
    case 'both':
      return outage(fault.forMs, [rig.temporal, rig.postgres], [rig.temporal.address, new URL(rig.databaseUrl).host]);
    case 'slow far side': {
      const before = rig.far.answeredLate;
      rig.far.answersAfterMs = SLOW_ANSWER_MS;
      await sleep(fault.forMs);
      rig.far.answersAfterMs = 0;
      await sleep(SLOW_ANSWER_MS); // what was asked last is answered by then
      return { kind: rig.far.answeredLate > before ? 'happened' : 'missed' };
    }
    default:
      return fault satisfies never;
  }
}

interface Server {
  kill(): Promise<void>;
  start(): Promise<void>;
}

async function outage(forMs: number, servers: readonly Server[], addresses: readonly string[]): Promise<Came> {
  await Promise.all(servers.map((server) => server.kill()));
  const answering = await Promise.all(addresses.map(answers));
  await sleep(forMs);
  await Promise.all(servers.map((server) => server.start()));
  return cameOf(!answering.includes(true), 'it still took connections');
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
