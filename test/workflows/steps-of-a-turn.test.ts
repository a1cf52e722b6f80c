// What a turn takes of bookkeeping: each step is a local Activity, which costs every turn its time.
import { deepEqual } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { type Script, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

let temporal: TestWorkflowEnvironment;
let system: System;
const looks: Script = ({ transcript }) => {
  const last = transcript.at(-1);
  if (last?.kind !== 'message') return 'done';
  return [[last.text === 'pay' ? 'pay' : 'look', { order: 1, cents: 72 }]];
};

before(async () => {
  temporal = await startTemporal();
  system = await startSystem({ temporal, agent: createTestAgent(createFarSide()), directory, script: looks });
});
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});

/** The names of the local Activities, in the order of history. */
async function stepsOf(id: string): Promise<readonly string[]> {
  const { events } = await system.handle(id).fetchHistory();
  return (events ?? []).flatMap(({ markerRecordedEventAttributes: marker }) => {
    const data = marker?.markerName === 'core_local_activity' ? marker.details?.['data']?.payloads?.[0]?.data : null;
    return data ? [(JSON.parse(Buffer.from(data).toString()) as { activity_type: string }).activity_type] : [];
  });
}

test('a turn that reads once takes three: it opens with its first model call held, rules on record, and holds the second', async () => {
  await system.open('c-look');
  await system.submit('c-look', 'm1', 'look');
  await system.reply('c-look', 'm1');
  deepEqual((await stepsOf('c-look')).slice(0, 3), ['openTurn', 'ruleOnCalls', 'reserve']);
});

test('what needs evidence is on record once that was read, before anybody is asked', async () => {
  await system.open('c-pay');
  await system.submit('c-pay', 'm1', 'pay');
  await system.reply('c-pay', 'm1');
  deepEqual((await stepsOf('c-pay')).slice(0, 4), ['openTurn', 'ruleOnCalls', 'decide', 'record']);
});
