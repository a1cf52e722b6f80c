import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry } from '../../domain/entry.ts';
import { LEDGER_READS } from '../../domain/ids.ts';
import type { RecordedRuling } from '../../domain/what-if.ts';
import { ALLOW, anEvidence, aProposal, ASK } from '../domain/builders.ts';
import { noted } from '../store/builders.ts';
import { type Answered, problem } from './support/answers.ts';
import { NOW_MS, serve, type Served } from './support/served.ts';

const given = { groups: ['trusted'], nowMs: 5 };

function ruling(at: number, over: { readonly isOld?: true; readonly digest?: string } = {}): readonly Entry[] {
  const proposal = aProposal({ actionId: `c${at}:1:0`, conversationId: `c${at}`, digest: `d${at}` });
  const about = { subject: proposal.actionId, conversationId: proposal.conversationId, atMs: at } as const;
  const { digest = proposal.digest, isOld } = over;
  const besides = isOld === true ? {} : { given };
  const fact = { kind: 'ruled', digest, verdict: ASK, evidence: anEvidence(), ...besides, signed: 's' } as const;
  return [
    { ...about, step: 'proposed', fact: { kind: 'proposed', proposal } },
    { ...about, step: 'ruled:ask:s', fact },
  ];
}

const pull = ({ call }: Served, query = ''): Promise<Answered> => call('auditor', 'GET', `/v1/ledger/rulings${query}`);
const rulingsIn = ({ body }: Answered) => body['rulings'] as readonly RecordedRuling[];

test('a verdict comes with all that the rules saw, without the salt, and who read it is on record', async (t) => {
  const served = await serve(t);
  await served.store.record([...ruling(1), noted('c', 'a')]);
  const [one, ...more] = rulingsIn(await pull(served));
  assert.ok(one && more.length === 0);
  const { salt: _, ...told } = aProposal({ actionId: 'c1:1:0', conversationId: 'c1', digest: 'd1' });
  assert.deepEqual(one, {
    ...{ seq: 2, step: 'ruled:ask:s', atMs: 1, actionId: 'c1:1:0', conversationId: 'c1', agent: 'support-desk' },
    ...{ verdict: ASK, inputs: { kind: 'whole', proposal: told, evidence: anEvidence(), given } },
    url: 'http://ui/namespaces/default/workflows/conversation%2Fc1',
  });
  const reads = (await served.store.ledger.ofSubject(LEDGER_READS)).map(({ fact, atMs }) => [fact, atMs]);
  assert.deepEqual(reads, [[{ kind: 'ledger_read', by: 'auditor', from: 2, to: 2, how: 'rulings' }, NOW_MS]]);
});

test('verdicts come page by page, newest first, each once', async (t) => {
  const served = await serve(t);
  for (const at of [1, 2, 3, 4, 5]) await served.store.record(ruling(at));
  const seen: string[] = [];
  for (let query = '?limit=2'; query !== ''; ) {
    const page = await pull(served, query);
    seen.push(...rulingsIn(page).map(({ actionId }) => actionId));
    const { next } = page.body as unknown as { readonly next: number | null };
    query = next === null ? '' : `?limit=2&before=${next}`;
  }
  assert.deepEqual(seen, ['c5:1:0', 'c4:1:0', 'c3:1:0', 'c2:1:0', 'c1:1:0']);
});

test('what was not recorded, was erased, or belongs to another proposal is said, and nothing is made up for it', async (t) => {
  const served = await serve(t);
  await served.store.record([...ruling(1, { isOld: true }), ...ruling(2), ...ruling(3, { digest: 'another' })]);
  const { ledger } = served.store;
  const { rulings } = ledger;
  ledger.rulings = async (before: number, limit: number) =>
    (await rulings(before, limit)).map((one) => {
      const isErased = one.ruled.subject === 'c2:1:0';
      return isErased ? { ...one, proposed: one.proposed && { ...one.proposed, seal: 'gone' as const } } : one;
    });
  const [third, second, first] = rulingsIn(await pull(served));
  assert.deepEqual([third?.inputs.kind, second?.inputs.kind], ['broken', 'erased']);
  assert.equal(first?.inputs.kind === 'whole' ? first.inputs.given : 'none', null);
});

test('verdicts are for auditors of the house, and nobody sees them whose reading cannot be put on record', async (t) => {
  const served = await serve(t);
  await served.store.record(ruling(1));
  const get = (who: Parameters<Served['call']>[0]) => served.call(who, 'GET', '/v1/ledger/rulings');
  assert.equal(problem(await get('operator')), '403 missing_scope');
  assert.equal(problem(await get('auditor@other')), '403 ledger_refused');
  served.store.record = async () => Promise.reject(Object.assign(new Error('gone'), { name: 'StoreUnavailable' }));
  assert.equal(problem(await get('auditor')), '503 unavailable');
});

test('a verdict whose proposal is nowhere is told, and cannot be replayed', async (t) => {
  const served = await serve(t);
  const [, ruled] = ruling(1);
  assert.ok(ruled?.fact.kind === 'ruled');
  await served.store.record([{ ...ruled, fact: { ...ruled.fact, verdict: ALLOW } }]);
  const [one] = rulingsIn(await pull(served));
  assert.deepEqual([one?.verdict.kind, one?.agent, one?.inputs.kind], ['allow', '', 'broken']);
});
