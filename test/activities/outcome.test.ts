// What became of an action is said as far as it is known, and never guessed.
import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { VERDICT_FRESH_MS } from '../../activities/actor/warrant.ts';
import type { ActResult, Proposal } from '../../domain/action.ts';
import type { Store } from '../../store/ports.ts';
import { StoreUnavailable } from '../../store/unavailable.ts';
import { ALLOW, ASK } from '../domain/builders.ts';
import { eventually } from '../support/system.ts';
import { act, claimed, clock, endingOf, far, payment, warrantFor, world } from './stage.ts';

const transfer = () => payment({ tool: 'transfer', effect: 'write' });
const escalation = () => payment({ tool: 'escalate', effect: 'write' });
const LATEST_MS = 1_000 + 5_000; // the time-out of `transfer`, and the time for a call on its way to arrive
const TOO_LATE_MS = 1_050; // longer than the time-out of both

test('a throw of a write is unknown and never repeated, unless the tool says that nothing happened', async () => {
  const unknown = payment();
  far.record.fail = 'throw';
  equal(endingOf(await act(unknown, await warrantFor(unknown, ASK))), 'unknown');
  far.record.fail = '';
  equal(endingOf(await act(unknown, await warrantFor(unknown, ASK))), 'unknown');
  const failed = payment();
  far.record.fail = 'did_not_happen';
  equal(endingOf(await act(failed, await warrantFor(failed, ASK))), 'failed');
  const elsewhere = payment();
  far.record.fail = 'did_not_happen_elsewhere';
  equal(endingOf(await act(elsewhere, await warrantFor(elsewhere, ASK))), 'failed');
  deepEqual(far.effects, [`pay ${unknown.actionId} 72`]);
});

test('a far side that cannot be asked just now, or does not answer, is asked again before people are', async () => {
  for (const reconciles of ['throws', 'hangs'] as const) {
    const proposal = transfer();
    await claimed(proposal);
    far.record.reconciles = reconciles;
    await rejects(act(proposal, await warrantFor(proposal, ALLOW)), { type: 'OutcomeNotKnownYet' });
    equal(endingOf(await act(proposal, await warrantFor(proposal, ALLOW), 5)), 'unknown');
  }
  const proposal = transfer();
  await claimed(proposal);
  far.record.reconciles = 'throws';
  await rejects(act(proposal, await warrantFor(proposal, ALLOW)), { type: 'OutcomeNotKnownYet' });
  far.record.reconciles = 'happened';
  equal(endingOf(await act(proposal, await warrantFor(proposal, ALLOW), 2)), 'succeeded');
  deepEqual(far.effects, []);
});

test('a claim without a receipt is not acted on again: the outcome is unknown', async () => {
  const proposal = payment();
  await claimed(proposal);
  clock.nowMs += 10 * VERDICT_FRESH_MS; // the claim is looked up before the clock
  equal(endingOf(await act(proposal, await warrantFor(proposal, ASK, { verdict: { atMs: 1 } }))), 'unknown');
  deepEqual(far.effects, []);
});

test('a claim without a receipt runs again under the same key where the far side honours it', async () => {
  const proposal = escalation();
  await claimed(proposal);
  equal(endingOf(await act(proposal, await warrantFor(proposal, ALLOW))), 'succeeded');
  deepEqual(far.effects, [`escalate ${proposal.actionId} 72`]);
});

/** Act while the actor's last look at its claim goes as told. */
async function actWhile(assertHeld: Store['claims']['assertHeld'], proposal: Proposal): Promise<ActResult> {
  const { store } = world;
  const warrant = await warrantFor(proposal, ALLOW);
  world.store = { ...store, claims: { ...store.claims, assertHeld } };
  try {
    return await act(proposal, warrant);
  } finally {
    world.store = store;
  }
}

test('a store that is away right before the call leaves nothing unknown: the next attempt carries it out', async () => {
  const proposal = escalation();
  const away = async () => {
    throw new StoreUnavailable('the database is not available now');
  };
  await rejects(actWhile(away, proposal), { name: 'StoreUnavailable' });
  deepEqual([far.effects, (await world.store.claims.get(proposal.actionId))?.outcome], [[], null]);
  equal(endingOf(await act(proposal, await warrantFor(proposal, ALLOW))), 'succeeded');
  deepEqual(far.effects, [`escalate ${proposal.actionId} 72`]);
});

test('an attempt whose time is over before the call does not call: another one does, or it is failed', async () => {
  const [again, once] = [escalation(), transfer()];
  const slow = () => new Promise<void>((resume) => setTimeout(resume, TOO_LATE_MS));
  await rejects(actWhile(slow, again), { name: 'DidNotHappen' });
  equal(endingOf(await actWhile(slow, once)), 'failed');
  deepEqual(far.effects, []);
  equal(endingOf(await act(again, await warrantFor(again, ALLOW))), 'succeeded');
  deepEqual(far.effects, [`escalate ${again.actionId} 72`]);
});

test('the same key with another digest runs nothing, and nobody knows what became of it', async () => {
  const first = payment();
  await act(first, await warrantFor(first, ASK));
  const reset = payment({ actionId: first.actionId, turn: first.turn, args: '{"cents":99,"order":1}' });
  equal(endingOf(await act(reset, await warrantFor(reset, ASK))), 'unknown');
  deepEqual(far.effects, [`pay ${first.actionId} 72`]);
  equal((await world.store.claims.get(first.actionId))?.outcome?.kind, 'succeeded');
});

test('a claim without a receipt is asked about: what happened succeeded, and is not done again', async () => {
  const proposal = transfer();
  await claimed(proposal);
  far.record.reconciles = 'happened';
  equal(endingOf(await act(proposal, await warrantFor(proposal, ALLOW))), 'succeeded');
  deepEqual(far.effects, []);
});

test('"it did not happen" is believed only once whoever began it can no longer do it; it is not done again', async () => {
  const proposal = transfer();
  await claimed(proposal);
  far.record.reconciles = 'did_not_happen';
  const early = act(proposal, await warrantFor(proposal, ALLOW));
  const { nextRetryDelay } = await early.then(
    () => ({ nextRetryDelay: 0 }),
    (error: { type: string; nextRetryDelay: number }) => error,
  );
  // Told by the database's own clock: that of another actor may be hours ahead.
  ok(nextRetryDelay > LATEST_MS - 2_000 && nextRetryDelay <= LATEST_MS, `${nextRetryDelay} ms`);
  clock.nowMs += 3_600_000;
  await rejects(act(proposal, await warrantFor(proposal, ALLOW)), { type: 'OutcomeNotKnownYet' });
  await new Promise((resume) => setTimeout(resume, nextRetryDelay));
  equal(endingOf(await act(proposal, await warrantFor(proposal, ALLOW))), 'failed');
  deepEqual(far.effects, []);
});

test('a tool that answers after its time-out leaves unknown, which its late answer corrects', async () => {
  const proposal = transfer();
  far.record.takesMs = 1_200;
  equal(endingOf(await act(proposal, await warrantFor(proposal, ALLOW))), 'unknown');
  const corrected = async () =>
    (await world.store.claims.get(proposal.actionId))?.outcome?.kind === 'succeeded' ? true : undefined;
  await eventually(corrected, 'the late receipt');
  deepEqual(far.effects, [`transfer ${proposal.actionId} 72`]);
});

test('an attempt that was taken over ends nothing, unless it knows that the effect happened', async () => {
  const [failing, happening] = [transfer(), transfer()];
  far.record.takesMs = 100;
  far.record.fail = 'did_not_happen';
  const first = act(failing, await warrantFor(failing, ALLOW));
  await takenOver(failing);
  await rejects(first, { name: 'FencedOff' });
  equal((await world.store.claims.get(failing.actionId))?.outcome, null);
  far.record.fail = '';
  const second = act(happening, await warrantFor(happening, ALLOW));
  await takenOver(happening);
  equal(endingOf(await second), 'succeeded');
});

async function takenOver({ actionId }: Proposal): Promise<void> {
  await eventually(() => world.store.claims.get(actionId), 'the claim');
  await world.store.claims.takeOver(actionId, { acts: false });
}
