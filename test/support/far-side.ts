// An agent for tests, over a far side that counts every effect: tools of each kind, and rules for each verdict.
import { z } from 'zod';
import { allow, ask, defineAgent, defineDirectory, defineTool, deny, DidNotHappen, rule } from 'countersign';

export interface FarSide {
  /** Every effect that happened, in order, as "tool key amount". */
  readonly effects: string[];
  /** What the records say now; tests change it. */
  readonly record: {
    state: string;
    fail: '' | 'did_not_happen' | 'did_not_happen_elsewhere' | 'throw';
    readable: boolean;
    /** What `transfer` says when it is asked after a crash, and how long it takes, ms. */
    reconciles: 'happened' | 'did_not_happen' | 'unknown' | 'throws' | 'hangs';
    takesMs: number;
    /** What it says where it fails. */
    words: string;
  };
}

export const directory = defineDirectory({
  people: [
    { id: 'finn', name: 'Finn' },
    { id: 'olga', name: 'Olga' },
    { id: 'lena', name: 'Lena', approvesUpTo: { EUR: 80 } },
  ],
  groups: { finance: ['finn', 'olga'], support: ['olga'], leads: ['lena'], nobody: [] },
});

export function createFarSide(): FarSide {
  return {
    effects: [],
    record: {
      state: 'delivered',
      fail: '',
      readable: true,
      reconciles: 'unknown',
      takesMs: 0,
      words: 'the connection broke',
    },
  };
}

const input = z.strictObject({ order: z.int(), cents: z.int().min(1) });
const DAY_MS = 86_400_000;
const base = { version: '1', input, egress: false, critical: ['order', 'cents'], scopes: ['far:write'] } as const;

/** What a later deployment declares otherwise of the tool `pay`. */
type PayDeclared = Partial<Record<'version', string> & Record<'scopes', readonly string[]>>;

export function createTestAgent(far: FarSide, declared: PayDeclared = {}) {
  const { look, note, pay, wide, escalate, transfer } = createTools(far, declared);
  return defineAgent({
    name: 'tester',
    owner: 'olga',
    team: 'support',
    purpose: 'to be tested',
    instructions: 'You are tested.',
    // Room for a batch of a hundred.
    limits: { callsPerModelCall: 100 },
    tools: [look, note, pay, wide, escalate, transfer],
    rules: [
      rule('look', look, () => allow()),
      rule('note.small', note, ({ input: { cents } }) => (cents <= 100 ? allow() : ask({ group: 'finance' }))),
      rule('wide', wide, () => ask({ group: 'finance' })),
      rule('escalate', escalate, () => allow()),
      rule('transfer', transfer, () => allow()),
      rule('pay.never', pay, ({ input: { cents } }) => (cents > 1_000_000 ? deny('too much') : undefined)),
      rule('pay.gone', pay, ({ evidence }) =>
        evidence?.record['state'] === 'refunded' ? deny('already paid') : undefined,
      ),
      rule('pay.nobody', pay, ({ input: { cents } }) => (cents === 13 ? ask({ group: 'nobody' }) : undefined)),
      // 77 is asked for a month, and of the leads after ten days; 88 is more than the only one of them may approve.
      rule('pay.long', pay, ({ input: { cents } }) =>
        cents === 77
          ? ask({ group: 'finance', withinMs: 30 * DAY_MS, escalation: [{ group: 'leads', afterMs: 10 * DAY_MS }] })
          : undefined,
      ),
      rule('pay.limited', pay, ({ input: { cents } }) =>
        cents === 88 ? ask({ group: 'leads', amount: { currency: 'EUR', minorUnits: 88 } }) : undefined,
      ),
      rule('pay.two', pay, ({ input: { cents } }) =>
        cents > 50_000 ? ask({ group: 'finance', quorum: 2 }) : undefined,
      ),
      rule('pay', pay, () => ask({ group: 'finance', withinMs: 3_600_000 })),
    ],
  });
}

/** As an agent brings it along that has a copy of the package of its own. */
class DidNotHappenElsewhere extends Error {
  override readonly name = 'DidNotHappen';
}

const effectOf =
  (far: FarSide, tool: string) =>
  async (call: { input: z.output<typeof input> }, { idempotencyKey }: { idempotencyKey: string }) => {
    if (far.record.fail === 'did_not_happen') throw new DidNotHappen('the far side refused');
    if (far.record.fail === 'did_not_happen_elsewhere') throw new DidNotHappenElsewhere('the far side refused');
    far.effects.push(`${tool} ${idempotencyKey} ${call.input.cents}`);
    if (far.record.fail === 'throw') throw new Error(far.record.words);
    return { done: true };
  };

function createTools(far: FarSide, declared: PayDeclared) {
  const effect = (tool: string) => effectOf(far, tool);
  const look = defineTool({
    ...base,
    name: 'look',
    description: 'read an order',
    effect: 'read',
    idempotent: true,
    scopes: ['far:read'],
    trust: 'record',
    execute: async ({ input: { order } }) => ({ order, state: far.record.state }),
  });
  const note = defineTool({
    ...base,
    name: 'note',
    description: 'a small write',
    effect: 'write',
    idempotent: false,
    execute: effect('note'),
  });
  const pay = defineTool({
    ...base,
    ...declared,
    name: 'pay',
    description: 'pay out',
    effect: 'irreversible',
    idempotent: false,
    preconditions: ['state'],
    summarize: ({ order, cents }) => `pay ${cents} for order ${order}`,
    inspect: async () => {
      if (!far.record.readable) throw new Error(`the record cannot be read: ${far.record.words}`);
      return { asOfMs: 1, version: '1', subject: 'ada', record: { state: far.record.state } };
    },
    execute: effect('pay'),
  });
  const wide = defineTool({
    ...base,
    name: 'wide',
    description: 'a write whose summary is as long and wide as a model could make it',
    effect: 'write',
    idempotent: false,
    summarize: () => '€😀'.repeat(200),
    execute: effect('wide'),
  });
  const escalate = defineTool({
    ...base,
    name: 'escalate',
    description: 'hand over to a person',
    timeoutMs: 1_000,
    effect: 'write',
    idempotent: true,
    then: 'handover',
    execute: effect('escalate'),
  });
  return { look, note, pay, wide, escalate, transfer: createTransfer(far) };
}

/** A write that can be asked about, and may be slow. */
function createTransfer(far: FarSide) {
  return defineTool({
    ...base,
    name: 'transfer',
    description: 'a write that can be asked about, and may be slow',
    effect: 'write',
    idempotent: false,
    timeoutMs: 1_000,
    execute: async (call, context) => {
      await new Promise((resolve) => setTimeout(resolve, far.record.takesMs));
      return effectOf(far, 'transfer')(call, context);
    },
    reconcile: async () => {
      const { reconciles } = far.record;
      if (reconciles === 'throws') throw new Error(`the far side restarts: ${far.record.words}`);
      if (reconciles === 'hangs') return new Promise<never>(() => undefined);
      return reconciles === 'happened' ? { kind: reconciles, result: { done: true } } : { kind: reconciles };
    },
  });
}
