// What a far side says of the secret that a tool showed it leaves the actor without it.
import { equal, match, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Proposal } from '../../domain/action.ts';
import { ALLOW, ASK } from '../domain/builders.ts';
import { act, actor, claimed, FAR_KEY, far, payment, warrantFor, world } from './stage.ts';

const ENCODED = Buffer.from(`user:${FAR_KEY}`).toString('base64');
const WORDS = `not accepted: ${FAR_KEY}, Basic ${ENCODED}`;

/** Holds no piece of it; and says that there was one. */
function holdsNothing(what: unknown): void {
  const text = inspect(what, { depth: 10, showHidden: true });
  for (const piece of [FAR_KEY, FAR_KEY.slice(0, 12), ENCODED.slice(8, 20)]) equal(text.includes(piece), false, text);
  match(text, /\[secret\]/);
}

/** All that the store holds of an action. */
async function kept({ actionId, conversationId }: Proposal) {
  return {
    claim: await world.store.claims.get(actionId),
    entries: await world.store.ledger.ofSubject(actionId),
    items: await world.store.items.page(conversationId, 0, 1_000),
  };
}

test('a write that fails with the secret in its words is on record without it', async () => {
  Object.assign(far.record, { fail: 'throw', words: WORDS });
  const proposal = payment();
  holdsNothing(await act(proposal, await warrantFor(proposal, ASK)));
  holdsNothing(await kept(proposal));
});

test('a result that holds the secret is kept without it', async () => {
  far.record.state = WORDS;
  const proposal = payment({ tool: 'look', effect: 'read' });
  const task = { proposal, warrant: await warrantFor(proposal, ALLOW), notesResult: true };
  await new MockActivityEnvironment().run(actor().act, task);
  holdsNothing(await kept(proposal));
});

test('evidence that holds the secret leaves without it; a failure to read it too', async () => {
  const proposal = payment();
  const { principal } = await warrantFor(proposal, ASK);
  const read = () => new MockActivityEnvironment().run(actor().inspect, { proposal, principal });
  far.record.state = WORDS;
  holdsNothing(await read());
  Object.assign(far.record, { readable: false, words: WORDS });
  await rejects(read(), (error) => {
    holdsNothing(error);
    return true;
  });
});

test('a far side that is asked whether it happened may say the secret; nobody else does', async () => {
  Object.assign(far.record, { reconciles: 'throws', words: WORDS });
  const proposal = payment({ tool: 'transfer', effect: 'write' });
  await claimed(proposal);
  await rejects(act(proposal, await warrantFor(proposal, ALLOW)), (error) => {
    holdsNothing(error);
    return true;
  });
});
