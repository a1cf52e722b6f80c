import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import pino from 'pino';
import { ChannelFault } from '../../channels/definition.ts';
import { firstLook, showStale } from '../../workers/stale-cards.ts';
import { createPigeon } from '../support/pigeon.ts';
import { cardsOf, deliverStage, directory } from './deliver-stage.ts';

const stage = deliverStage();
const { delivering, asked, settle } = stage;

test('a card that says open after all has ended is brought up to date, once that has stood for a while', async () => {
  const pigeon = createPigeon();
  const log = pino({ level: 'silent' });
  const deps = { store: stage.store, directory, senders: [pigeon], nowMs: () => 1_000_000, log };
  const gone = await asked('treasury');
  const away = await asked('finance');
  const open = await asked('treasury');
  for (const { batchId } of [gone, away, open]) await delivering(pigeon)('showCards', { batchId });
  pigeon.calls.length = 0;
  const look = firstLook();
  equal(await showStale(deps, look), 0);
  await settle(gone, 'cancelled');
  await settle(away, 'cancelled');
  equal(await showStale(deps, look), 0, 'its own Workflow may be at it');
  pigeon.faults.set('m2', new ChannelFault('unavailable', 'down'));
  equal(await showStale(deps, look), 1);
  pigeon.faults.clear();
  equal(await showStale(deps, look), 1);
  equal(await showStale(deps, look), 0);
  deepEqual(pigeon.calls.toSorted(), ['edit m1', 'edit m2', 'edit m2', 'edit m3']);
  deepEqual(
    cardsOf(pigeon).map(({ asks: [ask] }) => ask?.end),
    ['cancelled', 'cancelled', 'cancelled', 'open'],
  );
});
