import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placesOf } from '../../activities/actor/places.ts';
import { cardsOf, haveCards } from '../../activities/workflows/cards.ts';
import type { Approval } from '../../domain/approval.ts';
import { defineDirectory } from '../../domain/principal.ts';
import type { Store } from '../../store/ports.ts';
import { anApproval } from '../store/builders.ts';
import { createPigeon } from '../support/pigeon.ts';

const on = (pigeon: string) => ({ channels: { pigeon } });
const directory = defineDirectory({
  people: [
    { id: 'finn', name: 'Finn', ...on('FINN') },
    { id: 'olga', name: 'Olga', ...on('OLGA'), approvesUpTo: { EUR: 5_000 } },
    { id: 'cus_ada', name: 'Ada', ...on('ADA') },
    { id: 'deputy', name: 'Deputy', ...on('DEPUTY'), actsFor: ['cus_ada'] },
  ],
  groups: { finance: ['finn', 'olga', 'cus_ada', 'deputy'], treasury: ['finn'] },
  addresses: { treasury: { pigeon: 'C-TREASURY' } },
});
const asked = (change: Partial<Approval>, nowMs = 1_000) =>
  placesOf([createPigeon()], directory, [{ ...anApproval('c1'), ...change }], nowMs).map(({ address }) => address.to);

test('only who may decide is asked in person: nobody above their limit, and nobody who acts for the one who asks', () => {
  assert.deepEqual(asked({}), ['FINN', 'OLGA']);
  assert.deepEqual(asked({ amount: { currency: 'EUR', minorUnits: 7_200 } }), ['FINN']);
  assert.deepEqual(asked({ question: 'unknown' }), ['FINN', 'OLGA', 'ADA', 'DEPUTY']);
});

test('a group that is asked later sees the card from then on, beside the first', () => {
  const escalation = [{ group: 'treasury', fromMs: 2_000 }];
  assert.deepEqual(asked({ escalation }), ['FINN', 'OLGA']);
  assert.deepEqual(asked({ escalation }, 2_000), ['C-TREASURY', 'FINN', 'OLGA']);
});

test('what another tenant asks is shown to nobody: channels are the default tenant’s', async () => {
  const cards = async (change: Partial<Approval>) => {
    const approval = { ...anApproval('c1'), ...change };
    const store = { approvals: { ofBatch: async () => [approval] } } as unknown as Store;
    const before = await haveCards({ store, directory }, [{ fact: { kind: 'approval_requested', approval } }]);
    return [before, (await cardsOf({ store, directory }, 'c1:1:0')).hasCards ?? false, asked(change).length];
  };
  assert.deepEqual(await cards({ tenant: 'default' }), [true, true, 2]);
  assert.deepEqual(await cards({ tenant: 'acme' }), [false, false, 0]);
});
