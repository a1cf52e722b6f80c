// The store loses its latest entries: it is put back to what it was earlier, while Temporal has gone on.
import { deepEqual, equal, match, notEqual, ok, rejects } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import pg from 'pg';
import { tellWhy } from '../../domain/why.ts';
import { openRebuilding } from '../../store/rebuild.ts';
import { type Rebuilt, rebuildFrom, saidOf } from '../../workers/rebuild/rebuild.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { eventually, obedient, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

const TABLES = ['conversations', 'items', 'actions', 'approvals', 'claims', 'ledger', 'ledger_seals', 'checkpoints'];
// What only the store knew: who tried when under which credential.
const UNDERIVABLE = new Set(['attempted', 'reconciled', 'configured']);
// What is left empty in what is derived, by its place in the fact.
const EMPTY = ['itemDigest', 'model', 'requestId', 'cost', 'shown', 'scopes', 'outcome.result', 'owner'];

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

before(async () => {
  temporal = await startTemporal();
  system = await startSystem({ temporal, agent: createTestAgent(far), directory, script: obedient });
  await talk('kept', 'note 1');
  await backUp();
  keptEntries = await entries();
  await talk('told', 'hello');
  await talk('paid', 'pay 7200');
  await system.decide(await system.approval('paid:1:0.0.0'), 'finn', 'approve');
  await system.reportReply('paid');
  await talk('denied', 'pay 2000000 then look 1 then note 5');
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

test('where nothing is lost nothing changes, also while an action is under way', async () => {
  const all = await entries();
  const { origin, entries: count, problems } = await rebuild();
  deepEqual([origin, count, problems], [null, 0, []]);
  deepEqual(await entries(), all);
});

test('a namespace without any Workflow of ours is no proof that nothing is lost', async () => {
  const empty = {
    options: { namespace: 'other' },
    workflow: { list: () => ({ intoHistories: async function* () {} }) },
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
  deepEqual(await entries(), keptEntries);
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
  equal(derived.length, rebuilt.entries);
  ok(derived.every((one) => one.isRebuilt) && resumed?.isRebuilt === false);
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
  // Whether the act that Temporal was still waiting for had begun nobody can know: it counts as begun.
  deepEqual(added.map(keyOf), ['begun:1:0 claimed']);
});

test('it says what it did, and done again it does nothing', async () => {
  match(saidOf(rebuilt).join('\n'), /entries and 3 claims are lost, and were derived again; the ledger is now/);
  const all = await entries();
  equal((await rebuild()).origin, null);
  deepEqual(await entries(), all);
});

test('a published checkpoint tells of a loss, also where nothing can be derived; it goes on record', async () => {
  const note = 'countersign/ledger/old\n100000\nAAAA\n\n— x y\n';
  const { origin, entries: count } = await rebuild({ published: { note, size: 100_000 } });
  notEqual(origin, null);
  equal(count, 0);
  const last = (await entries()).at(-1);
  deepEqual([last?.kind, last?.fact['published'], last?.fact['by']], ['ledger_resumed', note, 'olga']);
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

test('a refusal whose step is its words, as of before, is not lost', async () => {
  const fact = { kind: 'warrant_refused', reason: 'the principal is another one' } as const;
  const refused = { subject: 'old:1:0', conversationId: 'old', atMs: 1, fact };
  const ledger = openRebuilding(system.pool);
  try {
    const derived = { ...refused, step: 'refused:digest' };
    deepEqual(await ledger.missing([derived]), [derived]);
    await system.store.record([{ ...refused, step: `refused:${fact.reason}` }]);
    deepEqual(await ledger.missing([derived]), []);
  } finally {
    await ledger.close();
  }
});

test('what waits goes on and happens once; what may have happened is not repeated', async () => {
  far.effects.length = 0;
  await system.restartRoles();
  equal(await system.outcome('begun:1:0'), 'unknown');
  await system.decide(await system.approval('waits:1:0.0.0'), 'finn', 'approve');
  equal(await system.outcome('waits:1:0'), 'succeeded');
  deepEqual(far.effects, ['pay waits:1:0 300']);
});

interface Row {
  readonly seq: number;
  readonly subject: string;
  readonly step: string;
  readonly kind: string;
  readonly text: string;
  readonly isRebuilt: boolean;
  readonly fact: Readonly<Record<string, unknown>>;
}

const keyOf = ({ subject, step }: Pick<Row, 'subject' | 'step'>): string => `${subject} ${step}`;

async function talk(conversationId: string, text: string): Promise<void> {
  await system.open(conversationId);
  await system.submit(conversationId, 'm1', text);
  await system.reply(conversationId, 'm1');
}

async function hasScheduled(conversationId: string, activity: string): Promise<void> {
  await eventually(async () => {
    const { events } = await system.handle(conversationId).fetchHistory();
    return (
      events?.some((one) => one.activityTaskScheduledEventAttributes?.activityType?.name === activity) || undefined
    );
  }, `${activity} being scheduled`);
}

async function stopRoles(): Promise<void> {
  await system.stopRole('workflows');
  await system.stopRole('assistant');
}

interface Over {
  readonly dryRun?: boolean;
  readonly published?: { readonly note: string; readonly size: number };
  readonly client?: System['client'];
}

async function rebuild({ client = system.client, ...over }: Over = {}): Promise<Rebuilt> {
  const ledger = openRebuilding(system.pool);
  try {
    const asked = { by: 'olga', reason: 'restored', dryRun: false, nowMs: 1, published: { note: '', size: 0 } };
    return await rebuildFrom(client, ledger, { ...asked, ...over });
  } finally {
    await ledger.close();
  }
}

async function query<T>(statement: string): Promise<readonly T[]> {
  const client = new pg.Client(system.pool);
  await client.connect();
  try {
    return (await client.query(statement)).rows as T[];
  } finally {
    await client.end();
  }
}

async function entries(): Promise<readonly Row[]> {
  const rows = await query<{ entry: string; body: string | null }>(
    `select entry, body from countersign.ledger left join countersign.ledger_seals using (seq) order by seq`,
  );
  return rows.map(({ entry: text, body }) => {
    const { seq, subject, step, kind, fact, rebuilt: mark } = JSON.parse(text) as Row & { readonly rebuilt?: true };
    const sealed = body === null ? {} : (JSON.parse(body) as object);
    return { seq, subject, step, kind, text, isRebuilt: mark === true, fact: { ...fact, ...sealed } };
  });
}

async function originOf(): Promise<string> {
  return (await query<{ origin: string }>('select origin from countersign.ledger_identity'))[0]?.origin ?? '';
}

async function backUp(): Promise<void> {
  await query('create schema backup');
  for (const table of TABLES) await query(`create table backup.${table} as select * from countersign.${table}`);
}

/** The owner of the tables may do this, and it is what a restored backup looks like. */
async function restore(): Promise<void> {
  await query('alter table countersign.ledger disable trigger all');
  for (const table of TABLES.toReversed()) await query(`delete from countersign.${table}`);
  for (const table of TABLES)
    await query(`insert into countersign.${table} overriding system value select * from backup.${table}`);
  await query('alter table countersign.ledger enable always trigger ledger_is_append_only');
}

function withoutEmpty(fact: Row['fact']): Row['fact'] {
  return Object.fromEntries(Object.entries(fact).filter(([path]) => !EMPTY.includes(path)));
}
