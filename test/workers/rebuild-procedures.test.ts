// The store loses procedures and their steps: what Temporal knows of them is derived again, and none of it happens twice.
import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { procedureId, waitingWorkflowId } from '../../domain/ids.ts';
import { tellWhy } from '../../domain/why.ts';
import { createErrandAgent, errandCode, errands } from '../support/errands.ts';
import { createFarSide, directory } from '../support/far-side.ts';
import { keyOf, lossOf, type Row } from '../support/loss.ts';
import { resetsOf } from '../support/reset.ts';
import { startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

// What only the store knew: who tried when under which credential.
const UNDERIVABLE = new Set(['attempted', 'reconciled', 'configured']);
// What is left empty in what is derived, by its place in the fact.
const EMPTY = 'itemDigest model requestId cost shown within scopes outcome.result owner'.split(' ');
const NOTHING_KNOWN = {
  items: new Map(),
  digestNow: undefined,
  questionDigest: undefined,
  proofs: new Map(),
  isCut: false,
};

const far = createFarSide();
let temporal: TestWorkflowEnvironment;
let system: System;
let kept: readonly Row[];
let lost: readonly Row[];
const { reset } = resetsOf(() => system);
const { actorDies, backUp, entries, hasActed, rebuild, restore, stopRoles, talk } = lossOf(() => system, errandCode);

before(async () => {
  temporal = await startTemporal();
  const agent = createErrandAgent(far);
  system = await startSystem({
    isPlain: true,
    temporal,
    agent,
    directory,
    script: errands,
    procedures: await errandCode(),
  });
  await talk('kept', 'note 1');
  await backUp();
  kept = await entries();
  await talk('done', 'errand 1: do a note 1; do b look 1');
  equal(await system.outcome('done:1:0'), 'succeeded');
  await talk('undone', 'errand 1: do a note 1; undo un-a note 11; do c pay 2000000');
  equal(await system.outcome('undone:1:0'), 'failed');
  await editedAndApproved();
  await talk('waits', 'errand 1: do a note 1; undo un-a note 11; do pay pay 72; do z note 3');
  await system.approval('waits:1:0/pay.0.0');
  await talk('again', 'errand 1: do a note 2; do pay pay 73');
  await system.approval('again:1:0/pay.0.0');
  await diesInAStep();
  await stopRoles();
  lost = (await entries()).slice(kept.length);
});
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});

async function editedAndApproved(): Promise<void> {
  await talk('edited', 'errand 13: do pay pay 72');
  await system.decide(await system.approval('edited:1:0.0.0'), 'olga', 'approve');
  const edit = { args: '{"cents":50,"order":13}' };
  await system.decide(await system.approval('edited:1:0/pay.0.0'), 'finn', 'edit', edit);
  await system.decide(await system.approval('edited:1:0/pay.0.1'), 'olga', 'approve');
  await system.reportReply('edited');
}

/** What the actor had claimed is among what is lost. */
async function diesInAStep(): Promise<void> {
  await system.stopRole('actor');
  await system.open('begun');
  await system.submit('begun', 'm1', 'errand 1: do b note 5; do z note 6');
  await hasActed(waitingWorkflowId(procedureId('begun:1:0')));
  await actorDies(temporal.nativeConnection, far.effects);
}

test('each lost entry of a procedure and of its steps is derived again, but for what only the store knew', async () => {
  await restore();
  deepEqual(await entries(), kept);
  const { origin, problems } = await rebuild();
  notEqual(origin, null);
  deepEqual(problems, []);
  const byKey = new Map((await entries()).map((one) => [keyOf(one), one]));
  const derivable = lost.filter(({ kind }) => !UNDERIVABLE.has(kind));
  ok(derivable.filter(({ subject }) => subject.includes('/')).length > 20, 'entries of steps');
  for (const one of derivable) {
    const again = byKey.get(keyOf(one));
    ok(again?.isRebuilt, `${keyOf(one)} is missing`);
    deepEqual(withoutEmpty(again.fact), withoutEmpty(one.fact), keyOf(one));
  }
  const known = new Set(lost.map(keyOf));
  const added = (await entries()).slice(kept.length + 1).filter((one) => !known.has(keyOf(one)));
  // Of the step that was begun only Temporal knew that an actor had taken it.
  deepEqual(added.map(keyOf), ['begun:1:0/b claimed']);
});

test('the story of a step that was derived again names its procedure, its people and its end', async () => {
  const chain = await system.store.ledger.ofSubject('edited:1:0/pay~1');
  const told = tellWhy(chain, NOTHING_KNOWN).map(({ text }) => text);
  match(told.join('\n'), /the code of errand, started as edited:1:0, proposed: pay 50 for order 13/);
  match(told.join('\n'), /olga/);
  const rows = await system.store.actions.some([
    'done:1:0',
    'done:1:0/a',
    'undone:1:0',
    'undone:1:0/un-a',
    'edited:1:0',
  ]);
  deepEqual(
    rows.map(({ outcome }) => outcome?.kind),
    ['succeeded', 'succeeded', 'failed', 'succeeded', 'succeeded'],
  );
});

test('a procedure goes on where it was, and nothing of it happens twice', async () => {
  const happened = [...far.effects];
  await system.restartRoles();
  equal(await system.outcome('begun:1:0/b'), 'unknown');
  equal(await system.outcome('begun:1:0'), 'failed');
  equal((await system.approval('begun:1:0/b.question.0.0')).group, '@olga');
  await system.decide(await system.approval('waits:1:0/pay.0.0'), 'finn', 'approve');
  equal(await system.outcome('waits:1:0'), 'succeeded');
  match(await system.reportReply('waits'), /errand 1 of 4 lines: succeeded/);
  deepEqual(far.effects.slice(happened.length), ['pay waits:1:0/pay 72', 'note waits:1:0/z 3']);
  equal(new Set(far.effects.map((one) => one.split(' ', 2).join(' '))).size, far.effects.length);
});

test('what a step gave back is lost: a procedure that reads it anew fails of that, and decides by nothing', async () => {
  const happened = far.effects.length;
  await reset(waitingWorkflowId(procedureId('again:1:0')));
  equal(await system.outcome('again:1:0'), 'failed');
  const [row] = await system.store.actions.some(['again:1:0']);
  ok(row?.outcome?.kind === 'failed');
  match(row.outcome.reason, /the step a was done, and cannot be read: what it gave back is lost/);
  equal(far.effects.length, happened);
});

function withoutEmpty(fact: Row['fact']): Row['fact'] {
  const left = Object.entries(fact).filter(([path]) => !EMPTY.includes(path));
  // Only what is derived again says that what it gave back is lost.
  const known = (key: string, value: unknown) => (key === 'isLost' ? undefined : value);
  return JSON.parse(JSON.stringify(Object.fromEntries(left), known)) as Row['fact'];
}
