// How often a second those locks are taken that everybody waits for, by many at once, with nothing else to do: that of the
// ledger, of one and of several in databases of their own on one server; and that of an agent's budget of a day. Nothing in
// a turn goes faster than that.
import { NOTHING_USED } from '../../domain/spending.ts';
import type { LimitedBudget, Reserving } from '../../store/budget-port.ts';
import type { Store } from '../../store/ports.ts';
import { openStore } from '../../store/store.ts';
import { batchOf } from '../../test/proofs/ledger/batches.ts';
import { MASTER_KEY } from '../../test/support/master-key.ts';
import type { Stage } from '../stage.ts';

const WRITERS = 8;
// 2 s: hundreds of commits.
const WINDOW_MS = 2_000;

/** In all of them together, each append a batch of two entries. */
export async function appendsPerS(stage: Stage, ledgers: number): Promise<number> {
  const append = (store: Store, number: number) => store.record(batchOf('workflows', number));
  const rates = await Promise.all(Array.from({ length: ledgers }, () => rateOf(stage, append)));
  return rates.reduce((sum, rate) => sum + rate, 0);
}

/** Of one agent on one day, each for a conversation and a principal of its own. */
export const reservesPerS = (stage: Stage): Promise<number> =>
  rateOf(stage, async (store, number) => {
    const { kind } = await store.budgets.reserve(aCall(number));
    if (kind !== 'held') throw new Error(`a model call was not held: ${kind}`);
  });

/** Each of these waits until it is on the disk. */
async function rateOf(stage: Stage, work: (store: Store, number: number) => Promise<unknown>): Promise<number> {
  const at = await stage.surroundingsFor('locks');
  const pool = { connectionString: at.databaseUrl, max: WRITERS };
  try {
    const store = await openStore({ pool, masterKey: MASTER_KEY, isServer: true });
    try {
      let number = 0;
      let done = 0;
      const begunMs = performance.now();
      const write = async () => {
        while (performance.now() < begunMs + WINDOW_MS) {
          await work(store, (number += 1));
          done += 1;
        }
      };
      await Promise.all(Array.from({ length: WRITERS }, write));
      return done / ((performance.now() - begunMs) / 1_000);
    } finally {
      await store.close();
    }
  } finally {
    await stage.drop(at);
  }
}

const AGENT = 'agent';
const PLENTY = 1_000_000_000;
const DAY_MS = 86_400_000;

function aCall(number: number): Reserving {
  const conversationId = `c-${number}`;
  const atMs = Date.now();
  const day = new Date(atMs).toISOString().slice(0, 10);
  const today = { day, endsMs: Math.ceil(atMs / DAY_MS) * DAY_MS };
  const limited = (budget: Pick<LimitedBudget['budget'], 'scope' | 'of' | 'day' | 'endsMs'>): LimitedBudget => ({
    budget: { id: [AGENT, budget.scope, budget.of, budget.day].join('/'), tenant: 'default', agent: AGENT, ...budget },
    limits: { ...NOTHING_USED, modelCalls: PLENTY, toolCalls: PLENTY, tokens: PLENTY, microUsd: PLENTY },
  });
  return {
    ...{ callId: `${conversationId}:1:0`, conversationId, turn: 1, step: 'model:1:0', atMs },
    bounds: {
      promptTokens: 100,
      completionTokens: 10,
      toolCalls: 1,
      price: { promptMicroUsd: 1, completionMicroUsd: 2 },
    },
    budgets: {
      conversation: limited({ scope: 'conversation', of: conversationId, day: '', endsMs: null }),
      principal_day: limited({ scope: 'principal_day', of: `principal-${number}`, ...today }),
      agent_day: limited({ scope: 'agent_day', of: AGENT, ...today }),
    },
    turnLimits: { tokensPerTurn: PLENTY, microUsdPerTurn: PLENTY },
  };
}
