import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Outcome } from '../../../domain/action.ts';
import type { Reserve } from '../../../domain/limit.ts';
import type { ClaimResult, Counted, Taking } from '../../../store/claim-port.ts';
import type { Store } from '../../../store/ports.ts';
import { aConversationId, anAsk, aProposal, ruled, underWarrant } from '../builders.ts';
import type { Contract } from '../contract.test.ts';

const PERIOD = { name: '2026-11', fromMs: 1_000, toMs: 2_000 };
const failed: Outcome = { kind: 'failed', reason: 'no' };
const unknown: Outcome = { kind: 'unknown', reason: 'the connection broke' };
const succeeded: Outcome = { kind: 'succeeded', result: null };

/** One agent of its own for each test: nothing that others take is counted. */
const anAgent = (): string => randomUUID();

const aReserve = (over: Partial<Reserve> = {}): Reserve => ({
  ...{ limit: 'refunds', per: 'principal', key: 'ada', period: PERIOD, currency: 'EUR' },
  ...{ takes: 40, most: 100, atMs: 1_500 },
  ...over,
});

interface Of {
  readonly agent: string;
  readonly tenant?: string;
  readonly id?: string;
}

/** Claim a fresh action that takes these, for this principal, under a verdict on record. */
async function claim(
  store: Store,
  { agent, tenant = 'default', id = aConversationId() }: Of,
  reserves: readonly Reserve[],
  principalId = 'ada',
): Promise<ClaimResult & { readonly actionId: string }> {
  const { actionId, digest, tool } = aProposal(id);
  const taking: Taking = { principalId, reserves };
  await store.record([ruled(id, anAsk)]);
  const claiming = { actionId, conversationId: id, digest, tenant, agent, tool, nowMs: 50 };
  return { ...(await store.claims.claim({ claiming, ...underWarrant('ruled'), taking })), actionId };
}

const usedOf = (store: Store, agent: string, over: Partial<Counted> = {}) =>
  store.limits.used({
    ...{ agent, limit: 'refunds', per: 'principal', period: PERIOD },
    ...{ tenant: 'default', principalId: 'ada', actionId: 'another', ...over },
  });

export const limitsContract: Contract = {
  'what is claimed is counted for whom it is, in its period, by currency': async ({ store }) => {
    const agent = anAgent();
    const none = (over: Partial<Counted>) => usedOf(store, agent, over).then((sums) => assert.deepEqual(sums, {}));
    const { actionId } = await claim(store, { agent }, [
      aReserve(),
      aReserve({ limit: 'often', currency: '', takes: 1 }),
    ]);
    await claim(store, { agent }, [aReserve({ currency: 'JPY', takes: 7 })]);
    await claim(store, { agent }, [
      aReserve({ takes: 1, atMs: 1_000 }),
      aReserve({ limit: 'often', currency: '', takes: 1 }),
    ]);
    await claim(store, { agent }, [aReserve({ takes: 20 })], 'ben');
    await claim(store, { agent, tenant: 'other' }, [aReserve({ takes: 5 })]);
    await claim(store, { agent: anAgent() }, [aReserve()]);
    assert.deepEqual(await usedOf(store, agent), { EUR: 41, JPY: 7 });
    assert.deepEqual(await usedOf(store, agent, { limit: 'often' }), { '': 2 });
    assert.deepEqual(await usedOf(store, agent, { principalId: 'ben' }), { EUR: 20 });
    assert.deepEqual(await usedOf(store, agent, { per: 'tenant' }), { EUR: 61, JPY: 7 });
    assert.deepEqual(await usedOf(store, agent, { per: 'agent' }), { EUR: 66, JPY: 7 });
    assert.deepEqual(await usedOf(store, agent, { actionId }), { EUR: 1, JPY: 7 }, 'never its own');
    await none({ limit: 'mails' });
    await none({ principalId: 'chloe' });
    // From its first instant on, and before its end.
    await none({ period: { ...PERIOD, fromMs: 1_501 } });
    await none({ period: { ...PERIOD, toMs: 1_000 } });
    assert.deepEqual(await usedOf(store, agent, { period: { ...PERIOD, toMs: 1_500 } }), { EUR: 1 });
  },

  'of many who race for the last of a limit exactly those are claimed that fit': async ({ store }) => {
    const agent = anAgent();
    const racing = Array.from({ length: 12 }, () => claim(store, { agent }, [aReserve({ takes: 30 })]));
    const kinds = (await Promise.all(racing)).map(({ kind }) => kind);
    assert.equal(kinds.filter((kind) => kind === 'claimed').length, 3);
    assert.equal(kinds.filter((kind) => kind === 'does_not_fit').length, 9);
    assert.deepEqual(await usedOf(store, agent), { EUR: 90 });
    const last = await claim(store, { agent }, [aReserve({ takes: 10 })]);
    assert.equal(last.kind, 'claimed', 'the last of it can be taken to the cent');
    assert.equal((await claim(store, { agent }, [aReserve({ takes: 1 })])).kind, 'does_not_fit');
    assert.equal((await claim(store, { agent }, [aReserve({ takes: 0 })])).kind, 'claimed');
  },

  'who does not fit into one limit takes of none, claims nothing, and leaves nothing on record': async ({ store }) => {
    const agent = anAgent();
    const one = [aReserve(), aReserve({ limit: 'of-shop', per: 'tenant', key: 'default', most: 39 })];
    const { actionId, ...result } = await claim(store, { agent }, one);
    assert.deepEqual(result, { kind: 'does_not_fit', reserve: one[1] });
    assert.deepEqual([await usedOf(store, agent), await usedOf(store, agent, { limit: 'of-shop' })], [{}, {}]);
    assert.equal(await store.claims.get(actionId), undefined);
    const chain = await store.ledger.ofSubject(actionId);
    assert.deepEqual(
      chain.map(({ step }) => step),
      ['ruled'],
    );
  },

  'what people let through beyond a limit is counted all the same': async ({ store }) => {
    const agent = anAgent();
    for (const takes of [90, 90]) {
      assert.equal((await claim(store, { agent }, [aReserve({ takes, most: null })])).kind, 'claimed');
    }
    assert.deepEqual(await usedOf(store, agent), { EUR: 180 });
    assert.equal((await claim(store, { agent }, [aReserve({ takes: 1 })])).kind, 'does_not_fit');
  },

  'an action takes once, however often it is claimed': async ({ store }) => {
    const agent = anAgent();
    const id = aConversationId();
    const kinds = await Promise.all([1, 2, 3].map(() => claim(store, { agent, id }, [aReserve()])));
    assert.deepEqual(kinds.map(({ kind }) => kind).toSorted(), ['claimed', 'exists', 'exists']);
    assert.deepEqual(await usedOf(store, agent), { EUR: 40 });
  },

  'what did not happen is given back, also when people say so later; what may have happened is not': async ({
    store,
  }) => {
    const agent = anAgent();
    const claimed = async () => (await claim(store, { agent }, [aReserve({ most: 1_000 })])).actionId;
    const ends = (actionId: string, outcome: Outcome) =>
      store.claims.receipt({ actionId, epoch: 1, outcome, nowMs: 60 });
    const [done, open, undone, asked, denied] = [
      ...[await claimed(), await claimed(), await claimed(), await claimed(), await claimed()],
    ];
    assert.notEqual(open, undefined);
    await ends(done!, succeeded);
    await ends(undone!, failed);
    await ends(asked!, unknown);
    await ends(denied!, unknown);
    assert.deepEqual(await usedOf(store, agent), { EUR: 160 });
    await store.claims.answer({ actionId: asked!, outcome: failed, nowMs: 70 });
    await store.claims.answer({ actionId: denied!, outcome: succeeded, nowMs: 70 });
    // Nothing corrects what is known, and nothing is given back twice.
    await store.claims.answer({ actionId: done!, outcome: failed, nowMs: 80 });
    await ends(undone!, failed);
    assert.deepEqual(await usedOf(store, agent), { EUR: 120 });
    const freed = await claim(store, { agent }, [aReserve({ takes: 60, most: 180 })]);
    assert.equal(freed.kind, 'claimed', 'what was given back can be taken');
  },

  'what is closed before it began takes nothing': async ({ store }) => {
    const agent = anAgent();
    const id = aConversationId();
    const { actionId, digest, tool } = aProposal(id);
    const claiming = { actionId, conversationId: id, digest, tenant: 'default', agent, tool, nowMs: 50 };
    await store.claims.close(claiming, { kind: 'expired', reason: 'too late' });
    assert.equal((await claim(store, { agent, id }, [aReserve()])).kind, 'exists');
    assert.deepEqual(await usedOf(store, agent), {});
  },

  'the sums are those of the ledger: of what was claimed, by its ruling, without what failed': async ({ store }) => {
    const agent = anAgent();
    let expected = 0;
    for (const [nth, outcome] of [succeeded, failed, unknown, null, succeeded].entries()) {
      const id = aConversationId();
      const reserves = [aReserve({ takes: nth + 1, most: null })];
      const { actionId, digest, tool } = aProposal(id);
      await store.record([ruled(id, { ...anAsk, reserves })]);
      const claiming = { actionId, conversationId: id, digest, tenant: 'default', agent, tool, nowMs: 50 };
      await store.claims.claim({ claiming, ...underWarrant('ruled'), taking: { principalId: 'ada', reserves } });
      if (outcome !== null) await store.claims.receipt({ actionId, epoch: 1, outcome, nowMs: 60 });
      for (const { fact } of await store.ledger.ofSubject(actionId)) {
        const sign = fact.kind === 'ruled' ? 1 : fact.kind === 'settled' && fact.outcome.kind === 'failed' ? -1 : 0;
        expected += sign * (nth + 1);
      }
    }
    assert.equal(expected, 13);
    assert.deepEqual(await usedOf(store, agent), { EUR: expected });
  },
};
