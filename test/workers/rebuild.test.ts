// The store loses its latest entries: it is put back to what it was earlier, while Temporal has gone on.
import { deepEqual, equal, match, notEqual, ok, rejects } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { conversationWorkflowId, TASK_QUEUES, waitingWorkflowId } from '../../domain/ids.ts';
import { tellWhy } from '../../domain/why.ts';
import { openRebuilding, type Rebuilding } from '../../store/rebuild.ts';
import { type Rebuilt, saidOf } from '../../workers/rebuild/rebuild.ts';
import { assertStopped } from '../../workers/rebuild/stopped.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { alone, unlisted } from '../support/histories.ts';
import { keyOf, lossOf, type Row } from '../support/loss.ts';
import { DECISIONS, resetsOf, UPDATES } from '../support/reset.ts';
import { obedient, startSystem, type System } from '../support/system.ts';
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
let keptEntries: readonly Row[];
let lostEntries: readonly Row[];
let rebuilt: Rebuilt;
let stored: string;
const { reset, settledRun } = resetsOf(() => system);
const { backUp, entries, hasRecorded, hasScheduled, originOf, query, rebuild, restore, stopRoles, talk } = lossOf(
  () => system,
);

before(async () => {
  temporal = await startTemporal();
  system = await startSystem({ isPlain: true, temporal, agent: createTestAgent(far), directory, script: obedient });
  await talk('kept', 'note 1');
  for (const name of ['first', 'last']) await signCheckpoint(name);
  await backUp();
  keptEntries = await entries();
  await talk('told', 'hello');
  await talk('paid', 'pay 7200');
  await system.decide(await system.approval('paid:1:0.0.0'), 'finn', 'approve');
  await system.reportReply('paid');
  await talk('denied', 'pay 2000000 then look 1 then note 5');
  await talk('refused', 'unknown_tool 1 then look 1');
  await resetBatch();
  await resetConversation('repeats', []);
  await resetConversation('forgets', [UPDATES]);
  await endBatch();
  await talk('waits', 'pay 300');
  await system.stopRole('actor');
  await system.open('begun');
  await system.submit('begun', 'm1', 'note 6');
  await hasScheduled('begun', 'act');
  await stopRoles();
  lostEntries = (await entries()).slice(keptEntries.length);
});
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});

/** Signed, and not published: it is as long as there are entries. */
async function signCheckpoint(name: string): Promise<void> {
  await talk(name, 'hello');
  stored = `checkpoint ${name}`;
  await system.store.checkpoints.make({ from: 'last_checkpoint', nowMs: 1, sign: () => stored });
}

/** People decide anew what they had decided, and the actor tells how it ended. */
async function resetBatch(): Promise<void> {
  await talk('redone', 'pay 72');
  const approval = await system.approval('redone:1:0.0.0');
  await system.decide(approval, 'finn', 'approve');
  await system.reportReply('redone');
  const batch = waitingWorkflowId('redone:1:0');
  const runId = await reset(batch, DECISIONS);
  await settledRun(batch, runId);
  await system.decide(approval, 'olga', 'approve');
  await system.client.workflow.getHandle(batch, runId).result();
}

/** What is proposed anew has another digest under the same key. */
async function resetConversation(id: string, excluded: number[]): Promise<void> {
  await talk(id, 'note 5 then look 1 then note 6');
  const workflowId = conversationWorkflowId(id);
  await settledRun(workflowId);
  await settledRun(workflowId, await reset(workflowId, excluded));
  await system.submit(id, 'm2', 'note 7');
  await system.reply(id, 'm2');
}

/** An operator ends what waits, and the next message has it closed. */
async function endBatch(): Promise<void> {
  await talk('gone', 'pay 300');
  await system.approval('gone:1:0.0.0');
  const batch = waitingWorkflowId('gone:1:0');
  // The approval is in the store before Temporal has heard of it; ended in between, nothing could be derived of it.
  await hasRecorded(batch);
  await system.client.workflow.getHandle(batch).terminate('it went in circles');
  await system.submit('gone', 'm2', 'hello');
  await system.reply('gone', 'm2');
  await system.approvalEnd('gone:1:0.0.0', 'cancelled');
}

test('where nothing is lost nothing changes, also while an action is under way and after a Reset', async () => {
  const all = await entries();
  const { origin, entries: count, problems } = await rebuild();
  deepEqual([origin, count, problems], [null, 0, []]);
  deepEqual(await entries(), all);
});

test('a namespace without any Workflow of ours is no proof that nothing is lost', async () => {
  const empty = {
    options: { namespace: 'other' },
    workflow: { list: async function* () {} },
  };
  await rejects(
    rebuild({ client: empty as unknown as System['client'] }),
    /"other" has no Workflow of ours; check TEMPORAL/,
  );
});

test('what is lost is only named at first, where that is asked', async () => {
  await restore();
  const { origin, entries: count, kept, problems } = await rebuild({ dryRun: true });
  deepEqual([origin, kept, problems], [null, keptEntries.length, []]);
  ok(count > 30, `${count} entries`);
  const { gone } = await rebuild({ dryRun: true, client: unlisted(system.client, 'action/paid:1:0') });
  deepEqual(gone, ['action/paid:1:0']);
  deepEqual(await entries(), keptEntries);
});

test('nothing is changed where a role has begun while histories were read, also one that has ended again', async () => {
  let looks = 0;
  const began = async () => {
    looks += 1;
    throw new Error('it has begun');
  };
  await rebuild({ dryRun: true, rolesAreStopped: began });
  equal(looks, 0);
  await rejects(rebuild({ rolesAreStopped: began }), /it has begun/);
  equal(looks, 1);
  deepEqual(await entries(), keptEntries);
  const fact = { kind: 'ledger_read', by: 'olga', how: 'export', from: 1, to: 1 } as const;
  const wrote = () => system.store.record([{ subject: 'ledger', step: 'read-1', conversationId: '', atMs: 1, fact }]);
  await rejects(rebuild({ rolesAreStopped: wrote }), /has written to the ledger while histories were read/);
  equal((await entries()).length, keptEntries.length + 1);
  await restore();
});

test('what is lost is derived again, marked, behind what is left; and the ledger has another name', async () => {
  const origin = await originOf();
  rebuilt = await rebuild();
  notEqual(rebuilt.origin, null);
  equal(await originOf(), rebuilt.origin);
  notEqual(rebuilt.origin, origin);
  const all = await entries();
  deepEqual(all.slice(0, keptEntries.length), keptEntries);
  deepEqual(
    all.map(({ seq }) => seq),
    all.map((_, at) => at + 1),
  );
  const [resumed, ...derived] = all.slice(keptEntries.length);
  deepEqual(
    [resumed?.kind, resumed?.fact['origin'], resumed?.fact['kept']],
    ['ledger_resumed', origin, keptEntries.length],
  );
  equal(resumed?.fact['stored'], stored);
  equal(derived.length, rebuilt.entries);
  ok(derived.every((one) => one.isRebuilt) && !resumed.isRebuilt);
});

test('each lost entry is there again as it was, but for what only the store knew', async () => {
  const byKey = new Map((await entries()).map((one) => [keyOf(one), one]));
  const derivable = lostEntries.filter(({ kind }) => !UNDERIVABLE.has(kind));
  ok(new Set(derivable.map(({ kind }) => kind)).size >= 11, 'kinds of entry');
  for (const lost of derivable) {
    const again = byKey.get(keyOf(lost));
    ok(again !== undefined, `${keyOf(lost)} is missing`);
    deepEqual(withoutEmpty(again.fact), withoutEmpty(lost.fact), keyOf(lost));
  }
  const known = new Set(lostEntries.map(keyOf));
  const added = (await entries()).slice(keptEntries.length + 1).filter((one) => !known.has(keyOf(one)));
  deepEqual(added.map(keyOf), []);
});

test('it says what it did, and done again it does nothing', async () => {
  match(saidOf(rebuilt).join('\n'), /entries and \d+ claims are lost, and were derived again; the ledger is now/);
  const all = await entries();
  equal((await rebuild()).origin, null);
  deepEqual(await entries(), all);
});

/** A signed note as it is published; nobody looks at its signature. */
const noteOf = (origin: string, size: number): string =>
  `${origin}\n${size}\n${Buffer.alloc(32).toString('base64')}\n\n\u2014 ${origin} eA==\n`;

test('the largest published checkpoint tells of a loss, also where nothing can be derived; it goes on record', async () => {
  const origin = await originOf();
  const largest = noteOf(origin, 100_000);
  const { origin: next, entries: count } = await rebuild({ notes: [noteOf(origin, 1), largest, noteOf(origin, 2)] });
  notEqual(next, null);
  equal(count, 0);
  const last = (await entries()).at(-1);
  deepEqual([last?.kind, last?.fact['published'], last?.fact['by']], ['ledger_resumed', largest, 'olga']);
});

test('what was published of the ledger before is no loss of this one', async () => {
  const all = await entries();
  for (const { fact } of all.filter(({ kind }) => kind === 'ledger_resumed')) {
    equal((await rebuild({ notes: [noteOf(String(fact['origin']), 100_000)] })).origin, null);
  }
  deepEqual(await entries(), all);
});

test('a checkpoint of another ledger is refused, whatever stands beside it', async () => {
  const notes = [noteOf(await originOf(), 1), noteOf('countersign/ledger/other', 2)];
  await rejects(rebuild({ notes }), /of countersign\/ledger\/other was published there, and this ledger is/);
});

test('nothing is rebuilt while a role is at work, or was a moment ago', async () => {
  const ledger = openRebuilding(system.pool);
  await rejects(
    assertStopped(system.client, ledger, Date.now()),
    /of the role \w+ has polled .*; where they are, try again in/,
  );
  await assertStopped(system.client, ledger, Date.now() + 100_000);
  const busy = { ...ledger, otherSessions: async () => ['countersign_api'] };
  await rejects(assertStopped(system.client, busy, Date.now() + 100_000), /^Error: countersign_api is connected/);
  await ledger.close();
});

test('a namespace of which the ledger knows no conversation is another deployment’s, unless somebody says otherwise', async () => {
  const ledger = (opened: Rebuilding): Rebuilding => ({ ...opened, known: async () => 0 });
  await rejects(
    rebuild({ ledger, dryRun: true }),
    /has 1\d conversations, and this ledger, of \d+ entries, knows none of them/,
  );
  equal((await rebuild({ ledger, dryRun: true, despiteUnknown: true })).origin, null);
  const opened = openRebuilding(system.pool);
  equal(await opened.known(['told', 'nobody']), 1);
  await opened.close();
});

test('a Workflow whose id is none of ours does not make the namespace that of the ledger', async () => {
  const args = [{ conversationId: 'strange', agent: 'tester', tenant: 'default' }];
  const handle = await system.client.workflow.start('conversation', {
    ...{ workflowId: 'strange', taskQueue: TASK_QUEUES.workflows, args },
  });
  await handle.terminate();
  await rejects(rebuild({ client: alone(system.client, 'strange'), dryRun: true }), /has 0 conversations, and this/);
});

test('a ledger with a gap is not gone on with', async () => {
  await query('create table gap as select * from countersign.ledger where seq = 2');
  await query('alter table countersign.ledger disable trigger all; delete from countersign.ledger where seq = 2');
  await rejects(rebuild(), /some are missing between others/);
  await query('insert into countersign.ledger select * from gap');
  await query('alter table countersign.ledger enable always trigger ledger_is_append_only');
  ok((await rebuild()).origin === null);
});

test('the story of an action says which part of it was derived again', async () => {
  const chain = await system.store.ledger.ofSubject('paid:1:0');
  const lines = tellWhy(chain, NOTHING_KNOWN);
  const told = lines.filter(({ seq }) => seq !== null);
  ok(told.length > 3);
  deepEqual(
    told.filter(({ coverage }) => coverage === 'enforced').map(({ text }) => text),
    [],
  );
  ok(told.some(({ because }) => /Temporal’s history, from which it was derived again/.test(because)));
});

test('what waits goes on and happens once; what may have happened is not repeated', async () => {
  far.effects.length = 0;
  await system.restartRoles();
  equal(await system.outcome('begun:1:0'), 'succeeded');
  await system.decide(await system.approval('waits:1:0.0.0'), 'finn', 'approve');
  equal(await system.outcome('waits:1:0'), 'succeeded');
  deepEqual(far.effects, ['note begun:1:0 6', 'pay waits:1:0 300']);
});

function withoutEmpty(fact: Row['fact']): Row['fact'] {
  const left = Object.entries(fact).filter(([path]) => !EMPTY.includes(path));
  // Only what is derived again says that what it gave back is lost.
  const known = (key: string, value: unknown) => (key === 'isLost' ? undefined : value);
  return JSON.parse(JSON.stringify(Object.fromEntries(left), known)) as Row['fact'];
}
