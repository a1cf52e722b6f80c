// What a verdict lets an action take of limits the actor takes with its claim; what is altered or does not fit runs nothing.
import { deepEqual, equal, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { ActResult, Proposal, Warrant } from '../../domain/action.ts';
import type { Reserve } from '../../domain/limit.ts';
import type { VerdictStatement } from '../../domain/signed.ts';
import { type Verdict } from '../../domain/verdict.ts';
import { ALLOW } from '../domain/builders.ts';
import { createLimitedAgent } from '../support/limited.ts';
import { actor, clock, far, payment, warrantFor, world } from './stage.ts';

const limited = createLimitedAgent(far);
// A period of its own for each test: nothing that others take is counted.
let periods = 0;
const aPeriod = () => {
  periods += 1;
  return { name: `period ${periods}`, fromMs: periods * 100, toMs: periods * 100 + 100 };
};

type Period = Reserve['period'];

const allowing = (period: Period, over: Partial<Reserve> = {}): Verdict => {
  const spent = {
    limit: 'spent',
    per: 'principal',
    key: 'ada',
    period,
    currency: 'EUR',
    takes: 60,
    most: 100,
  } as const;
  const calls = { limit: 'calls', per: 'tenant', key: 'default', period, currency: '', takes: 1, most: null } as const;
  const atMs = period.fromMs;
  return {
    ...ALLOW,
    reserves: [
      { ...spent, atMs, ...over },
      { ...calls, atMs },
    ],
  };
};
const noted = () => payment({ tool: 'note', effect: 'write', args: '{"cents":60,"order":1}' });
const act = (proposal: Proposal, warrant: Warrant): Promise<ActResult> =>
  new MockActivityEnvironment().run(actor(limited).act, { proposal, warrant, notesResult: false });
const spentIn = (period: Period) =>
  world.store.limits.used({
    ...{ agent: 'tester', tenant: 'default', principalId: 'ada', actionId: '' },
    ...{ limit: 'spent', per: 'principal', period },
  });

test('what is carried out is counted, and what does not fit any more runs nothing and is to be decided again', async () => {
  const period = aPeriod();
  const [one, other] = [noted(), noted()];
  const [warrant, otherWarrant] = [await warrantFor(one, allowing(period)), await warrantFor(other, allowing(period))];
  const done = { kind: 'settled', ending: { kind: 'succeeded', reason: '' }, item: null };
  deepEqual(await act(one, warrant), done);
  deepEqual(await act(other, otherWarrant), {
    kind: 'verdict_stale',
    reason: `others have taken of spent (${period.name}) what it counted on`,
  });
  deepEqual(far.effects, [`note ${one.actionId} 60`]);
  equal(await world.store.claims.get(other.actionId), undefined);
  // Who asks again hears how it ended, and takes nothing more.
  deepEqual(await act(one, warrant), done);
  deepEqual(await spentIn(period), { EUR: 60 });
  deepEqual(await act(other, await warrantFor(other, allowing(period, { most: null }))), done);
  deepEqual(await spentIn(period), { EUR: 120 });
});

test('what did not happen is given back', async () => {
  const period = aPeriod();
  far.record.fail = 'did_not_happen';
  const one = noted();
  await act(one, await warrantFor(one, allowing(period)));
  deepEqual(await spentIn(period), {});
  far.record.fail = 'throw';
  const other = noted();
  await act(other, await warrantFor(other, allowing(period)));
  deepEqual(await spentIn(period), { EUR: 60 }, 'what may have happened is kept');
});

const altered = (signed: string, alter: (statement: VerdictStatement) => VerdictStatement): string => {
  const [head, payload = '', signature] = signed.split('.');
  const statement = JSON.parse(Buffer.from(payload, 'base64url').toString()) as VerdictStatement;
  return [head, Buffer.from(JSON.stringify(alter(statement))).toString('base64url'), signature].join('.');
};

test('a verdict whose reserves were altered is refused, and takes nothing', async () => {
  const period = aPeriod();
  const alterations: readonly ((reserve: Reserve) => Reserve | undefined)[] = [
    (reserve) => ({ ...reserve, most: 1_000_000 }),
    (reserve) => ({ ...reserve, most: null }),
    (reserve) => ({ ...reserve, takes: 1 }),
    (reserve) => ({ ...reserve, limit: 'calls' }),
    (reserve) => ({ ...reserve, period: { ...period, fromMs: 0, toMs: 1 } }),
    (reserve) => ({ ...reserve, atMs: 0 }),
    () => undefined,
  ];
  for (const alter of alterations) {
    const proposal = noted();
    const warrant = await warrantFor(proposal, allowing(period));
    const verdict = altered(warrant.verdict, (statement) => {
      const { reserves = [] } = statement.verdict as Extract<Verdict, { kind: 'allow' }>;
      const forged = reserves.flatMap((reserve) => alter(reserve) ?? []);
      return { ...statement, verdict: { ...statement.verdict, reserves: forged } as Verdict };
    });
    await rejects(act(proposal, { ...warrant, verdict }), /no warrant: the signature of the verdict is wrong/);
    equal(await world.store.claims.get(proposal.actionId), undefined);
  }
  deepEqual([far.effects, await spentIn(period)], [[], {}]);
});

test('a verdict by rules that did not know a limit is to be given again', async () => {
  const proposal = noted();
  const { reserves = [] } = allowing(aPeriod()) as Extract<Verdict, { kind: 'allow' }>;
  const stale = (limit: string) => ({ kind: 'verdict_stale', reason: `it takes nothing of ${limit}` });
  deepEqual(await act(proposal, await warrantFor(proposal, ALLOW)), stale('spent'));
  const half = { ...ALLOW, reserves: reserves.slice(0, 1) };
  deepEqual(await act(proposal, await warrantFor(proposal, half)), stale('calls'));
  equal(await world.store.claims.get(proposal.actionId), undefined);
});

test('an old verdict is too old, whatever it takes', async () => {
  const proposal = noted();
  const warrant = await warrantFor(proposal, allowing(aPeriod()));
  clock.nowMs += 60_001;
  deepEqual(await act(proposal, warrant), { kind: 'verdict_stale' });
});
