// An agent whose rules do all that rules must not: what its one tool is called with says which. May import countersign.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allow, ask, defineAgent, defineTool, deny, inGroup, type Rule, rule } from 'countersign';
import { z } from 'zod';

const note = defineTool({
  name: 'note',
  version: '1',
  description: 'Keeps a note.',
  input: z.strictObject({ order: z.int(), cents: z.int() }),
  effect: 'write',
  idempotent: true,
  egress: false,
  critical: ['order', 'cents'],
  scopes: [],
  execute: async () => ({}),
});

/** What a rule does, by the number that the note is called with. */
export const DEEDS = {
  loops: 1,
  throws: 2,
  allocates: 3,
  allocatesAtOnce: 4,
  splits: 5,
  exits: 6,
  sleeps: 7,
  backtracks: 8,
  promises: 9,
  loopsLater: 10,
  fillsBuffers: 11,
  isKilledOnce: 12,
  readsTheEnvironment: 13,
} as const;

/** Spins until it is stopped, at the longest for a minute. */
function spin(): void {
  const endMs = Date.now() + 60_000;
  while (Date.now() < endMs);
}

const keeping: unknown[] = [];

export const deeds: Readonly<Record<number, () => unknown>> = {
  [DEEDS.loops]: spin,
  [DEEDS.throws]: () => {
    throw new Error('boom');
  },
  [DEEDS.allocates]: () => {
    for (;;) keeping.push({ more: keeping.length });
  },
  [DEEDS.allocatesAtOnce]: () => {
    for (;;) keeping.push(Array.from({ length: 40_000_000 }).fill(1));
  },
  // More elements than an array may have: V8 gives up the whole process over it.
  [DEEDS.splits]: () => 'ab'.repeat(2 ** 28 - 20).split('').length,
  [DEEDS.exits]: () => process.exit(3),
  [DEEDS.sleeps]: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000),
  [DEEDS.backtracks]: () => /^(?:a+)+$/.test(`${'a'.repeat(40)}b`),
  [DEEDS.promises]: () => Promise.reject(new Error('nobody listens')),
  [DEEDS.loopsLater]: () => void setTimeout(spin),
  [DEEDS.fillsBuffers]: () => {
    for (;;) keeping.push(Buffer.alloc(10_000_000, 1));
  },
  [DEEDS.readsTheEnvironment]: () => deny(`sees ${Object.keys(process.env).join()}`),
};

/** As if somebody had killed the process just then, the first time that it is asked about this order. */
export function killedOnce(order: number): undefined {
  const marker = join(tmpdir(), `countersign-unruly-${order}`);
  if (existsSync(marker)) return rmSync(marker) as undefined;
  writeFileSync(marker, '');
  process.kill(process.pid, 'SIGKILL');
  spin();
}

const rules: readonly Rule[] = [
  rule('quiet', () => undefined),
  rule('unruly', note, ({ input }) => deeds[input.cents]?.() as undefined),
  rule('killed-once', note, ({ input }) => (input.cents === DEEDS.isKilledOnce ? killedOnce(input.order) : undefined)),
  rule('operations', note, (action) => (inGroup(action, 'operations') ? allow('operations may') : undefined)),
  rule('asks', note, ({ input }) => (input.cents > 1_000 ? ask({ group: 'finance' }) : undefined)),
  rule('small', note, () => allow('a small note')),
];

export default defineAgent({
  name: 'unruly',
  owner: 'olga',
  team: 'operations',
  purpose: 'Shows what becomes of rules that misbehave.',
  instructions: 'Do as you are told.',
  tools: [note],
  rules,
});
