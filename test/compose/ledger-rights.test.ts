// What a PostgreSQL role that writes past our code can do to the ledger, on a real server: its own kinds of entry, each in
// its place, under a step of its kind, and nothing else.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import type { Entry, Fact, FactOf } from '../../domain/entry.ts';
import type { JsonObject } from '../../domain/json.ts';
import { entryText, leafOf, sealDigest } from '../../store/entry-text.ts';
import { RIGHTS } from '../../store/grants.ts';
import type { Store } from '../../store/ports.ts';
import { PLACES } from '../../store/steps.ts';
import { openStore } from '../../store/store.ts';
import { canonicalJson } from '../../trust/digest.ts';
import { ada, anApproval, underWarrant } from '../store/builders.ts';
import type { TestPostgres } from '../support/postgres.ts';
import { ROLE_NAMES, type RoleName, startGranted, urlOf } from './granted.ts';

let server: TestPostgres;
let stores: Record<RoleName, Store>;
let logins: Record<RoleName, pg.Client>;

before(async () => {
  server = await startGranted();
  const opened: [RoleName, Store, pg.Client][] = [];
  for (const role of ROLE_NAMES) {
    const connectionString = urlOf(server, role);
    const client = new pg.Client({ connectionString });
    await client.connect();
    opened.push([role, await openStore({ pool: { connectionString }, migrate: false, isServer: true }), client]);
  }
  stores = Object.fromEntries(opened.map(([role, store]) => [role, store])) as typeof stores;
  logins = Object.fromEntries(opened.map(([role, , client]) => [role, client])) as typeof logins;
});

after(async () => {
  for (const client of Object.values(logins ?? {})) await client.end();
  for (const store of Object.values(stores ?? {})) await store.close();
  await server?.stop();
});

const anEntry = (subject: string, step: string, fact: Fact): Entry => {
  return { subject, step, conversationId: 'c', atMs: 1, fact };
};
/** An entry that the role may append, at that subject. */
const OWN: Readonly<Record<RoleName, (subject: string) => Entry>> = {
  api: (subject) => anEntry(subject, 'read-1', { kind: 'ledger_read', by: 'a', from: 1, to: 2, how: 'export' }),
  workflows: (subject) =>
    anEntry(subject, 'message:m:refused', { kind: 'message_refused', messageId: 'm', reason: 'x' }),
  assistant: (subject) =>
    anEntry(subject, 'replied:1', { kind: 'replied', turn: 1, itemId: 'i', itemDigest: 'd', by: 'model' }),
  actor: (subject) => anEntry(subject, 'refused:x', { kind: 'warrant_refused', reason: 'x' }),
};

async function head(): Promise<number> {
  const { rows } = await logins.api.query<{ head: string }>('select max(seq) as head from countersign.ledger');
  return Number(rows[0]?.head);
}

async function insert(role: RoleName, entry: Entry, seq: number): Promise<void> {
  const { text } = entryText({ ...entry, seq });
  await logins[role].query(
    `insert into countersign.ledger (seq, subject, step, conversation_id, at_ms, kind, entry, leaf)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [seq, entry.subject, entry.step, entry.conversationId, entry.atMs, entry.fact.kind, text, leafOf(text)],
  );
}

const seal = (role: RoleName, seq: number) =>
  logins[role].query(`insert into countersign.ledger_seals (seq, salt, body) values ($1, 'aa', '{}')`, [seq]);

/** What is rolled back in the end. */
async function trying(role: RoleName, work: () => Promise<void>): Promise<void> {
  await logins[role].query('begin');
  try {
    await work();
  } finally {
    await logins[role].query('rollback');
  }
}

const REFUSED_ROW = /violates row-level security policy/;

test('no role can leave a gap in the ledger, or put an entry before others', async () => {
  for (const role of ROLE_NAMES) {
    await stores.api.record([OWN.api(`before ${role}`)]);
    const next = (await head()) + 1;
    for (const seq of [next + 1, 9e15, 0, -1]) {
      await assert.rejects(
        insert(role, OWN[role](`${role} ${seq}`), seq),
        /the ledger has no gaps/,
        `${role} at ${seq}`,
      );
    }
    await insert(role, OWN[role](`${role} next`), next);
    assert.equal(await head(), next);
  }
  const made = await stores.api.checkpoints.make({ from: 'last_checkpoint', sign: () => 'signed', nowMs: 1 });
  assert.equal(made?.size, await head());
});

test('no role can take the place of a seal that is not written yet, or give another entry one', async () => {
  for (const role of ROLE_NAMES) {
    await stores.api.record([OWN.api(`unsealed ${role}`)]);
    const last = await head();
    for (const seq of [last, last + 1, last + 2]) {
      await assert.rejects(seal(role, seq), REFUSED_ROW, `${role} at ${seq}`);
    }
    await trying(role, async () => {
      await insert(role, OWN[role](`${role} sealed`), last + 1);
      await seal(role, last + 1);
    });
  }
  const fact = { kind: 'conversation_opened', agent: 'a', tenant: 'default', owner: 'o', principal: ada } as const;
  await stores.api.record([anEntry('c', 'opened', fact)]);
  assert.equal((await stores.api.ledger.ofSubject('c'))[0]?.seal, 'fits');
});

const verdict = { kind: 'allow', ruleId: 'r', ruleVersion: 'v', reason: '' } as const;
const RULED: Fact = { kind: 'ruled', digest: 'd', verdict, evidence: null, signed: 's' };
const SETTLED: FactOf<'settled'> = { kind: 'settled', outcome: { kind: 'succeeded', result: { paid: true } } };
const FAILED: Fact = { kind: 'settled', outcome: { kind: 'failed', reason: 'no' } };
const CLOSED: Fact = { kind: 'claimed', digest: 'd', tool: 'refund', warrant: null };
const REPLIED: Fact = { kind: 'replied', turn: 5, itemId: 'i', itemDigest: 'd', by: 'model' };

test('no role can take the step of another kind of entry, and so keep it off the ledger', async () => {
  const subject = 'c:5:0';
  const steps = ['proposed', 'ruled:allow:s', 'claimed', 'attempted:1', 'settled', 'corrected', 'opened', 'replied:5'];
  const tried: Readonly<Record<RoleName, Entry>> = {
    api: anEntry(subject, '', OWN.api(subject).fact),
    workflows: anEntry(subject, '', OWN.workflows(subject).fact),
    assistant: anEntry(subject, '', OWN.assistant(subject).fact),
    actor: anEntry(subject, '', OWN.actor(subject).fact),
  };
  for (const role of ROLE_NAMES) {
    for (const step of steps) {
      if (tried[role].fact.kind === 'replied' && step.startsWith('replied')) continue;
      const taking = stores[role].record([{ ...tried[role], step }]);
      await assert.rejects(taking, REFUSED_ROW, `${role} takes ${step}`);
    }
  }
  const approval = { ...anApproval('c'), id: subject };
  const settles = anEntry(subject, 'settled', { kind: 'approval_settled', approval });
  await assert.rejects(stores.api.record([settles]), REFUSED_ROW);
  await assert.rejects(stores.actor.record([anEntry('c:5:0.0.0', 'settled', FAILED)]), REFUSED_ROW);
  const switched = { kind: 'switched', scope: 'all', name: '', isThrown: true, by: 'a', reason: '' } as const;
  await assert.rejects(stores.api.record([anEntry(subject, 'settled', switched)]), REFUSED_ROW);
});

test('the assistant speaks for the model, not for code or people', async () => {
  const saying = (by: 'code' | 'staff') => anEntry('c', `replied:${by}`, { ...REPLIED, by });
  for (const by of ['code', 'staff'] as const) {
    await assert.rejects(stores.assistant.record([saying(by)]), REFUSED_ROW);
    await stores.workflows.record([saying(by)]);
  }
});

test('who looked at an approval or was turned away is the API’s to say alone, and it counts what rules ask of people', async () => {
  const { api, ...others } = stores;
  const seen = { kind: 'approval_seen', approvalId: 'c:5:0.0.0', personId: 'p', method: 'page' } as const;
  const refused = { kind: 'decision_refused', approvalId: 'c:5:0.0.0', reason: 'x' } as const;
  const step = 'decision refused:not_asked:default/p';
  const own = [anEntry('c:5:0.0.0', 'seen:p', seen), anEntry('c:5:0.0.0', step, refused)];
  for (const role of Object.values(others))
    for (const one of own) await assert.rejects(role.record([one]), REFUSED_ROW);
  await api.record(own);
  const ofBatch = anEntry('c:5:0', 'decision refused:0123456789abcdef', refused);
  await assert.rejects(api.record([ofBatch]), REFUSED_ROW);
  await others.workflows.record([ofBatch]);
  assert.deepEqual(await api.reports.burden({ fromMs: 0, toMs: 1 }), { fromMs: 0, toMs: 1, rules: [], isCut: false });
});

test('the workflows role closes a claim without a warrant, and never says that there was one', async () => {
  const { workflows, actor } = stores;
  const warrant = { messageId: 'm', verdictStep: 'ruled:allow:s', decisionIds: [] };
  const claimed: Fact = { kind: 'claimed', digest: 'd', tool: 'refund', warrant };
  await assert.rejects(workflows.record([anEntry('c:6:0', 'claimed', claimed)]), REFUSED_ROW);
  await workflows.record([anEntry('c:6:1', 'claimed', CLOSED)]);
  await actor.record([anEntry('c:6:0', 'claimed', claimed)]);
});

test('what a role seals says nothing of what is written', async () => {
  const seq = (await head()) + 1;
  const body = '{"outcome.kind":"succeeded","outcome.reason":"no"}';
  const salt = 'aa';
  const { text } = entryText({ ...anEntry('c:6:9', 'settled', FAILED), seq });
  const forged = canonicalJson({ ...(JSON.parse(text) as JsonObject), sealed: sealDigest({ salt, body }) });
  await logins.workflows.query('begin');
  await logins.workflows.query(
    `insert into countersign.ledger (seq, subject, step, conversation_id, at_ms, kind, entry, leaf)
     values ($1, 'c:6:9', 'settled', 'c', 1, 'settled', $2, $3)`,
    [seq, forged, leafOf(forged)],
  );
  await logins.workflows.query('insert into countersign.ledger_seals values ($1, $2, $3)', [seq, salt, body]);
  await logins.workflows.query('commit');
  const [read] = await stores.api.ledger.ofSubject('c:6:9');
  assert.ok(read?.fact.kind === 'settled');
  assert.deepEqual([read.seal, read.fact.outcome], ['broken', { kind: 'failed' }]);
});

test('the workflows role says that an action succeeded only of a procedure, or where people correct what was not known', async () => {
  const { workflows, actor } = stores;
  await assert.rejects(workflows.record([anEntry('c:7:0', 'settled', SETTLED)]), REFUSED_ROW);
  await workflows.record([anEntry('c:7:0', 'settled', FAILED)]);
  await actor.record([anEntry('c:7:1', 'settled', SETTLED)]);
  const claiming = { actionId: 'c:7:2', conversationId: 'c', digest: 'd2', tenant: 'default', agent: 'a', tool: 't' };
  await workflows.claims.close({ ...claiming, nowMs: 1 }, { kind: 'unknown', reason: 'it broke off' });
  const outcome = { kind: 'succeeded', result: { confirmedBy: 'olga', reason: '' } } as const;
  assert.deepEqual(await workflows.claims.answer({ actionId: 'c:7:2', outcome, nowMs: 2 }), outcome);
  await workflows.record([anEntry('c:7:3', 'settled', { ...SETTLED, by: 'procedure' })]);
  const kinds = (await stores.api.ledger.ofSubject('c:7:2')).map(({ step }) => step);
  assert.deepEqual(kinds, ['claimed', 'settled', 'corrected']);
});

test('where another kind of entry stands, an entry is refused and not taken as known; a verdict least of all', async () => {
  const owner = await openStore({ pool: { connectionString: server.url }, migrate: false });
  try {
    await owner.record([anEntry('c:8:0', 'ruled:allow:s', REPLIED), anEntry('c:8:0', 'settled', REPLIED)]);
    const taken = /"ruled" cannot be recorded as the step "ruled:allow:s" of c:8:0: the ledger has "replied" there/;
    await assert.rejects(stores.workflows.record([anEntry('c:8:0', 'ruled:allow:s', RULED)]), taken);
    const claiming = { actionId: 'c:8:0', conversationId: 'c', digest: 'd3', tenant: 'default', agent: 'a', tool: 't' };
    const under = underWarrant('ruled:allow:s');
    const claimed = stores.actor.claims.claim({ claiming: { ...claiming, nowMs: 1 }, ...under });
    assert.deepEqual(await claimed, { kind: 'not_recorded' });
    await assert.rejects(
      stores.actor.claims.close({ ...claiming, nowMs: 1 }, { kind: 'failed', reason: '' }),
      /"settled" cannot be recorded as the step "settled" of c:8:0/,
    );
    assert.equal(await stores.actor.claims.get('c:8:0'), undefined);
  } finally {
    await owner.close();
  }
});

test('no place of one kind of entry is one of another', () => {
  for (const [kind, [subject, step]] of Object.entries(PLACES_SEEN)) {
    const fits = Object.entries(PLACES).filter(
      ([, place]) => new RegExp(place.step).test(step) && new RegExp(place.subject ?? '').test(subject),
    );
    const names = fits.map(([name]) => name);
    assert.deepEqual(names, [kind], `${step} of ${subject}`);
  }
});

test('every kind of entry is some role’s to append, but those that only the owner of the tables writes', () => {
  const appended = Object.values(RIGHTS).flatMap((rights) => rights.appends);
  assert.deepEqual(
    [...new Set(appended), 'ledger_resumed', 'api_key_added', 'api_key_revoked', 'master_key_changed'].toSorted(),
    Object.keys(PLACES_SEEN).toSorted(),
  );
});

// As they are written. A new kind breaks the type here, and then the test above until a role may append it.
const PLACES_SEEN: Readonly<Record<Fact['kind'], readonly [subject: string, step: string]>> = {
  conversation_opened: ['c', 'opened'],
  phase: ['c', 'phase:6a0f7d30-1c2b-4c55-9c2e-9f3a1f2b3c4d'],
  message: ['c', 'message:m-0123'],
  message_refused: ['c', 'message:m-0123:refused'],
  report_refused: ['c', 'report:c:5:0:refused'],
  commanded: ['c', 'pause:6a0f7d30-1c2b-4c55-9c2e-9f3a1f2b3c4d'],
  model_call: ['c', 'model:5:1'],
  model_call_failed: ['c', 'model:5:1:failed:2'],
  replied: ['c', 'replied:5'],
  turn_limited: ['c', 'limited:5'],
  budget_reached: ['c', 'budget_reached:5'],
  budget_opened: ['budget-0123456789abcdef0123456789abcdef-0.question', 'budget_opened'],
  facts_erased: ['facts/default', 'erased:0123456789abcdef0123456789abcdef'],
  intake: ['c', 'intake:5'],
  proposed: ['c:5:0', 'proposed'],
  inspected: ['c:5:0', 'inspected:1760000000000'],
  ruled: ['c:5:0', 'ruled:allow:0123456789abcdef'],
  approval_requested: ['c:5:0.0.0', 'requested'],
  approval_noticed: ['c:5:0.0.0', 'noticed:1'],
  decided: ['c:5:0.0.0', 'decided:d-1'],
  decision_refused: ['c:5:0', 'decision refused:0123456789abcdef'],
  approval_settled: ['c:5:0.question.0.1', 'settled'],
  settled: ['c:5:0/pay-back~1', 'settled'],
  claimed: ['c:5:0', 'claimed'],
  attempted: ['c:5:0', 'attempted:1'],
  reconciled: ['c:5:0', 'reconciled:2'],
  approval_seen: ['c:5:0.0.0', 'seen:finn'],
  card_shown: ['c:5:0.0.0', 'card_shown:slack C1 1716.1:0123456789abcdef'],
  card_not_shown: ['c:5:0.0.0', 'card_not_shown:slack C1 :0123456789abcdef'],
  warrant_refused: ['c:5:0', 'refused:its verdict is not on record'],
  switched: ['switch:all:', 's-0123456789abcdef0123456789abcdef'],
  maintained: ['maintenance', 'maintained:6a0f7d30-1c2b-4c55-9c2e-9f3a1f2b3c4d'],
  erased: ['erasure:default:cus_ada', 'erased-Zm9vYmFyYmF6cXV4MTIzNA'],
  master_key_changed: ['master-key', 'changed:0123456789abcdef:1760000000000'],
  ledger_read: ['ledger:reads', 'read-6a0f7d30-1c2b-4c55-9c2e-9f3a1f2b3c4d'],
  ledger_resumed: ['countersign/ledger/0123456789abcdef', 'resumed'],
  configured: ['configuration:actor', '0123456789abcdef:1760000000000'],
  api_key_added: ['api-key:k1', 'added'],
  api_key_revoked: ['api-key:k1', 'revoked'],
  operator_act: ['conversation/c', 'terminated:6a0f7d30-1c2b-4c55-9c2e-9f3a1f2b3c4d'],
};
