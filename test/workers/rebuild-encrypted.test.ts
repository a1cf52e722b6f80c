// The store is lost, and with it keys that were made since the backup: what Temporal holds under them can be read again once
// the keyring is brought back from its own copy, and until then it is said what cannot be.
import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { bringKeysBack, copyKeys, type CopiedKey } from '../../store/keyring-copies.ts';
import { saidOf } from '../../workers/rebuild/rebuild.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { lossOf, type Row } from '../support/loss.ts';
import { MASTER_KEY } from '../support/master-key.ts';
import { obedient, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

const far = createFarSide();
let temporal: TestWorkflowEnvironment;
let system: System;
let said: readonly string[];
let kept: readonly Row[];
let copied: readonly CopiedKey[];
const { backUp, entries, query, rebuild, restore, stopRoles, talk } = lossOf(() => system, undefined, MASTER_KEY);

const allOf = async <T>(all: AsyncIterable<T>): Promise<readonly T[]> => {
  const found: T[] = [];
  for await (const one of all) found.push(one);
  return found;
};

before(async () => {
  temporal = await startTemporal();
  system = await startSystem({ temporal, agent: createTestAgent(far), directory, script: obedient, encrypts: true });
  await talk('kept', 'note 1');
  await backUp();
  kept = await entries();
  const made = await query<{ id: string }>('select id from countersign.subject_keys');
  await talk('told', 'hello');
  await system.open('lost', undefined, 'bob');
  await system.submit('lost', 'm1', 'pay 7200', 'bob');
  await system.reply('lost', 'm1');
  await system.decide(await system.approval('lost:1:0.0.0'), 'finn', 'approve');
  equal(await system.outcome('lost:1:0'), 'succeeded');
  await system.reportReply('lost');
  said = await system.transcript('lost');
  copied = await allOf(copyKeys(system.pool));
  await stopRoles();
  await restore();
  await query(`delete from countersign.subject_keys where id not in (${made.map(({ id }) => `'${id}'`).join(', ')})`);
});
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});

test('without the keys nothing is changed, and it is said which conversations cannot be read and what brings them back', async () => {
  const rebuilt = await rebuild();
  deepEqual([rebuilt.origin, rebuilt.keyless], [null, ['lost']]);
  equal(rebuilt.problems.length, 2, 'its conversation and its batch');
  for (const problem of rebuilt.problems) match(problem, /^\w+\/lost\S* cannot be read: the store has no key \S+/);
  const lines = saidOf(rebuilt).join('\n');
  match(lines, /The keys of 1 conversations \(lost\) were lost with the store/);
  match(lines, /countersign keys import FILE; then run this again/);
  deepEqual(await entries(), kept);
});

test('who goes on without them is told what is gone for good', async () => {
  const { origin, problems, entries: count, ...rebuilt } = await rebuild({ dryRun: true, despiteUnread: true });
  deepEqual([origin, problems.length], [null, 2]);
  ok(count > 0, 'what can be read is found: the other conversation');
  const done = saidOf({ ...rebuilt, origin: 'countersign/ledger/1', problems, entries: count }).join('\n');
  match(done, /end their Workflows, which cannot go on either/);
});

test('what was erased is passed over where its end is on record, and else it is said', async () => {
  const erasing = (isClosed: boolean) =>
    rebuild({
      dryRun: true,
      ledger: (opened) => ({
        ...opened,
        isClosed: async () => isClosed,
        sealedBytes: { ...opened.sealedBytes, open: async () => undefined },
      }),
    });
  const passed = await erasing(true);
  deepEqual([passed.erased, passed.problems], [passed.runs, []]);
  match(saidOf(passed).join('\n'), /of these runs are of people who are erased/);
  const { erased, problems, runs } = await erasing(false);
  deepEqual([erased, problems.length], [0, runs]);
  match(problems.join('\n'), /was erased, and cannot be read any more/);
});

test('with the keyring brought back the encrypted histories give back what was lost, encrypted again', async () => {
  const back = await bringKeysBack(
    system.pool,
    MASTER_KEY,
    (async function* () {
      yield* copied;
    })(),
  );
  deepEqual([back.added, back.destroyed], [1, 0]);
  const { origin, problems, keyless } = await rebuild();
  notEqual(origin, null);
  deepEqual([problems, keyless], [[], []]);
  const messages = (lines: readonly string[]) => lines.filter((line) => line.startsWith('message: '));
  deepEqual(messages(await system.transcript('lost')), messages(said));
  equal((await system.store.actions.get('lost:1:0'))?.outcome?.kind, 'succeeded');
  equal((await system.store.conversations.get('lost'))?.principal.id, 'bob');
  deepEqual(await query(`select id from countersign.items where body::text like '%7200%'`), []);
  deepEqual(await query(`select seq from countersign.ledger_seals where body like '%7200%'`), []);
  const again = await rebuild();
  deepEqual([again.origin, again.entries], [null, 0], 'nothing is lost any more');
});

test('and the conversation goes on', async () => {
  await system.restartRoles();
  await system.submit('lost', 'm2', 'hello again', 'bob');
  equal(await system.reply('lost', 'm2'), 'you said: hello again');
});
