import { deepEqual, equal, match, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { amountOf } from '../../domain/amount.ts';
import { defineAgent } from '../../domain/agent.ts';
import { defineLimit, MAX_LIMITS, type PeriodLimit, type Sums, usedAsOnRecord, usesFor } from '../../domain/limit.ts';
import { limitsText } from '../../domain/limit-words.ts';
import {
  allow,
  type Answer,
  ask,
  decideByRules,
  deny,
  type Rule,
  type RuleCase,
  type RuleFacts,
  rule,
} from '../../domain/rule.ts';
import type { Effect } from '../../domain/action.ts';
import { reservesIn } from '../../domain/verdict.ts';
import { ADA } from './builders.ts';

interface Paid {
  readonly cents: number;
  readonly currency: string;
}

const tool = (name: string, effect: Effect = 'irreversible') => ({ name, effect, input: {} as { _output: Paid } });
const refund = tool('refund');
const OF_MONTH = { of: [refund], per: 'principal', within: 'month', timeZone: 'Europe/Berlin' } as const;
const money = defineLimit({
  ...{ name: 'refunds', ...OF_MONTH },
  amount: ({ cents, currency }: Paid) => amountOf(cents, currency),
});
const often = defineLimit({ name: 'often', ...OF_MONTH, within: 'day', per: 'tenant' });
const eur = (minorUnits: number) => amountOf(minorUnits, 'EUR');

const NOW_MS = Date.UTC(2026, 10, 28, 12);
const CALL = { agent: 'desk', tenant: 'default', principalId: ADA.id, tool: 'refund' };

function aCase(used: Readonly<Record<string, Sums>>, input = { cents: 7_200, currency: 'EUR' }): RuleFacts {
  const uses = usesFor([money, often], CALL, NOW_MS);
  return {
    ...{ actionId: 'c1:1:0', tool: 'refund', effect: 'irreversible', egress: false, input, evidence: null },
    ...{ principal: ADA, groups: [], nowMs: NOW_MS },
    limits: uses.map((use) => ({ ...use, used: used[use.limit] ?? {} })),
  };
}
const decide = (rules: readonly Rule[], facts: RuleFacts, limits: readonly PeriodLimit[] = [money, often]) =>
  decideByRules(rules, 'v1', facts, { limits });
const mostOf = (verdict: ReturnType<typeof decide>) =>
  Object.fromEntries(reservesIn(verdict).map(({ limit, most }) => [limit, most]));

const MONTH = { name: '2026-11', fromMs: Date.UTC(2026, 9, 31, 23), toMs: Date.UTC(2026, 10, 30, 23) };
const DAY = { name: '2026-11-28', fromMs: Date.UTC(2026, 10, 27, 23), toMs: Date.UTC(2026, 10, 28, 23) };

test('what is allowed names what it takes of each limit that counts it, whether a rule asked or not', () => {
  const upTo = rule('up-to', ({ fits }) => (fits(money, eur(50_000)) ? allow('little') : deny('much')));
  deepEqual(decide([upTo], aCase({ refunds: { EUR: 42_800 } })), {
    ...{ kind: 'allow', ruleId: 'up-to', ruleVersion: 'v1', reason: 'little' },
    reserves: [
      {
        ...{ limit: 'refunds', per: 'principal', key: ADA.id, period: MONTH, currency: 'EUR' },
        ...{ takes: 7_200, most: 50_000, atMs: NOW_MS },
      },
      {
        ...{ limit: 'often', per: 'tenant', key: 'default', period: DAY, currency: '' },
        ...{ takes: 1, most: null, atMs: NOW_MS },
      },
    ],
  });
});

test('a limit is reached with the last cent, and passed with the next', () => {
  const rules = [rule('up-to', ({ fits }) => (fits(money, eur(50_000)) ? allow() : ask({ group: 'finance' })))];
  const kindAt = (EUR: number) => decide(rules, aCase({ refunds: { EUR } })).kind;
  deepEqual([0, 42_799, 42_800, 42_801, 50_000, 90_000].map(kindAt), ['allow', 'allow', 'allow', 'ask', 'ask', 'ask']);
});

test('what asks people beyond a limit takes of it too, and as much as they let it', () => {
  const rules = [rule('up-to', ({ fits }) => (fits(money, eur(1)) ? allow() : ask({ group: 'finance' })))];
  const verdict = decide(rules, aCase({ refunds: { EUR: 50_000 } }));
  deepEqual([verdict.kind, mostOf(verdict)], ['ask', { refunds: null, often: null }]);
});

test('what is denied takes nothing', () => {
  deepEqual(reservesIn(decide([rule('no', () => deny('no'))], aCase({}))), []);
  deepEqual(reservesIn(decide([], aCase({}))), []);
});

test('a verdict holds up to the least that a rule before its answer relied on', () => {
  const asks = (most: number) =>
    rule(`up-to-${most}`, ({ fits }) => (fits(money, eur(most)) ? undefined : deny('much')));
  const rules = [asks(90_000), asks(60_000), asks(80_000), rule('yes', () => allow()), asks(10_000)];
  deepEqual(mostOf(decide(rules, aCase({}))), { refunds: 60_000, often: null });
});

test('whoever looks at the figure itself gets a verdict that holds for this very figure', () => {
  const looks = rule('looks', ({ used, wants }) => {
    const all = used(money).minorUnits + wants(money).minorUnits;
    return all + used(often) > 60_000 ? deny('much') : allow();
  });
  const verdict = decide([looks], aCase({ refunds: { EUR: 40_000 }, often: { '': 3 } }));
  deepEqual([verdict.kind, mostOf(verdict)], ['allow', { refunds: 47_200, often: 4 }]);
});

test('what was taken in another currency is neither added nor compared', () => {
  const rules = [
    rule('up-to', ({ fits, wants }) => (fits(money, { ...wants(money), minorUnits: 10_000 }) ? allow() : undefined)),
  ];
  const used = { refunds: { EUR: 9_000, JPY: 5 } };
  equal(decide(rules, aCase(used)).kind, 'deny');
  equal(decide(rules, aCase(used, { cents: 9_995, currency: 'JPY' })).kind, 'allow');
  equal(decide(rules, aCase(used, { cents: 9_996, currency: 'JPY' })).kind, 'deny');
});

test('whatever cannot be right about a limit denies, and names the limit', () => {
  const alone = defineLimit({ name: 'alone', ...OF_MONTH });
  const elsewhere = defineLimit({ name: 'elsewhere', ...OF_MONTH, of: [tool('pay')] });
  const reasonOf = (
    answer: (action: RuleCase) => Answer | undefined,
    facts: RuleFacts,
    limits?: readonly PeriodLimit[],
  ) => {
    const { kind, reason } = decide([rule('one', answer)], facts, limits);
    return `${kind}: ${reason}`;
  };
  const uses = aCase({});
  match(
    reasonOf(({ fits }) => (fits(alone, 3) ? allow() : undefined), uses),
    /^deny.*no limit "alone" of refund; name it/,
  );
  const both = [money, often, elsewhere];
  match(
    reasonOf(({ used }) => allow(String(used(elsewhere))), uses, both),
    /^deny.*no limit "elsewhere" of refund/,
  );
  match(
    reasonOf(({ fits }) => (fits(money, amountOf(1, 'USD')) ? allow() : undefined), uses),
    /^deny.*currencies/,
  );
  match(
    reasonOf(({ fits }) => (fits(money, 50 as never) ? allow() : undefined), uses),
    /^deny.*not compared/,
  );
  match(
    reasonOf(({ fits }) => (fits(often, 1.5) ? allow() : undefined), uses),
    /^deny.*1.5 is no quantity/,
  );
  match(
    reasonOf(() => allow(), aCase({}, { cents: -1, currency: 'EUR' })),
    /^deny.*cannot be told.*-1 is no quantity/,
  );
  match(
    reasonOf(() => allow(), aCase({}, { cents: 1, currency: 'Euro' })),
    /^deny.*no currency "Euro"/,
  );
  match(
    reasonOf(() => allow(), { ...uses, limits: [] }),
    /^deny.*"refunds" is not known/,
  );
});

test('a limit that cannot be right stops the start, and says what to do', () => {
  const wrong = (over: object, says: RegExp) => throws(() => defineLimit({ name: 'l', ...OF_MONTH, ...over }), says);
  wrong({ timeZone: 'Europe/Berln' }, /limit "l": there is no time zone "Europe\/Berln"; write its IANA name/);
  wrong({ timeZone: '+02:00' }, /no time zone/);
  wrong({ name: 'Refunds' }, /lower-kebab-case/);
  wrong({ of: [] }, /counts no tool/);
  wrong({ of: [tool('look', 'read')] }, /look is a read/);
  wrong({ of: [tool('settle', 'start')] }, /settle is a procedure/);
  wrong({ per: 'customer' }, /per is one of principal, tenant, agent/);
  wrong({ within: 'year' }, /within is one of day, week, month/);
  const agent = (periodLimits: readonly PeriodLimit[]) =>
    defineAgent({
      ...{ name: 'a', owner: 'olga', team: 'team', purpose: 'tests', instructions: 'none', rules: [] },
      ...{ tools: [refund as never], periodLimits },
    });
  agent([money, often]);
  throws(() => agent([money, money]), /agent "a": two limits are named "refunds"/);
  throws(() => agent([defineLimit({ name: 'l', ...OF_MONTH, of: [tool('pay')] })]), /"l" counts the tool "pay", which/);
  const many = Array.from({ length: MAX_LIMITS + 1 }, (_, nth) => defineLimit({ name: `l-${nth}`, ...OF_MONTH }));
  throws(() => agent(many), /more than 16/);
});

test('of a limit that was counted otherwise then nothing is on record', () => {
  const uses = usesFor([money, often], CALL, NOW_MS);
  const recorded = uses.map((use) => ({ ...use, used: { EUR: 5 } }));
  deepEqual(usedAsOnRecord(uses, recorded), { limits: recorded, isWhole: true });
  const [first, second] = uses;
  const other = recorded.map((use) => (use.limit === 'often' ? { ...use, per: 'agent' as const } : use));
  deepEqual(usedAsOnRecord(uses, other), {
    limits: [
      { ...first, used: { EUR: 5 } },
      { ...second, used: {} },
    ],
    isWhole: false,
  });
  deepEqual(usedAsOnRecord(uses).isWhole, false);
  deepEqual(usedAsOnRecord([]), { limits: [], isWhole: true });
});

test('a ruling tells what it saw of limits and takes, also where what it saw was erased', () => {
  const upTo = rule('up-to', ({ fits }) => (fits(money, eur(50_000)) ? allow() : deny('much')));
  const facts = aCase({ refunds: { EUR: 42_800, JPY: 3 }, often: { '': 1 } });
  const reserves = reservesIn(decide([upTo], facts));
  equal(
    limitsText(facts.limits, reserves),
    '; of refunds (2026-11): 428.00 EUR and 3 JPY before it, 72.00 EUR for it, up to 500.00 EUR in all' +
      '; of often (2026-11-28): 1 call before it, 1 call for it',
  );
  equal(
    limitsText(undefined, reserves),
    '; of refunds (2026-11): 72.00 EUR for it, up to 500.00 EUR in all; of often (2026-11-28): 1 call for it',
  );
  equal(
    limitsText(aCase({}).limits),
    '; of refunds (2026-11): nothing before it; of often (2026-11-28): nothing before it',
  );
  equal(limitsText(), '');
});
