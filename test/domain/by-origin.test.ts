import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import type { TracedValue } from '../../domain/provenance.ts';
import { byOrigin } from '../../domain/by-origin.ts';
import { ask, decideByRules, rule, type RuleFacts } from '../../domain/rule.ts';
import { ADA, anEvidence } from './builders.ts';

const value = (path: string, origin: TracedValue['origin'], match?: TracedValue['match']): TracedValue => ({
  ...{ path, name: path, origin, source: 'read_mail', itemId: 'i1' },
  ...(match === undefined ? {} : { match }),
});
const clean = (...values: TracedValue[]) => ({ context: 'clean', values }) as const;
const steered = (...values: TracedValue[]) => ({ context: 'untrusted', values }) as const;
const aCase = (over: Partial<RuleFacts>): RuleFacts => ({
  ...{ actionId: 'c1:1:0', tool: 'any', effect: 'write', egress: false, input: {}, evidence: null, principal: ADA },
  ...{ critical: ['to'], groups: [], nowMs: 0 },
  ...over,
});
const ruled = (over: Partial<RuleFacts>) => {
  const { kind, ruleId } = decideByRules(byOrigin({ group: 'support' }), 'v1', aCase(over));
  return `${kind} ${ruleId}`;
};

const ALLOWED = 'allow origin.decides';
const ASKED = 'ask origin.decides';
const TABLE: readonly [name: string, facts: Partial<RuleFacts>, verdict: string][] = [
  ['a read that carries nothing out', { effect: 'read' }, 'allow origin.reads'],
  ['a read of the requester’s own record', { effect: 'read', evidence: anEvidence() }, 'allow origin.reads'],
  ['a read of another’s record', { effect: 'read', evidence: { ...anEvidence(), subject: 'ben' } }, 'deny default'],
  [
    'a write to another’s record',
    { evidence: { ...anEvidence(), subject: 'ben' }, provenance: clean(value('to', 'principal')) },
    'deny default',
  ],
  ['a read that carries data out', { effect: 'read', egress: true, provenance: clean(value('q', 'model')) }, ASKED],
  ['values that were not traced', {}, ASKED],
  ['values past the bound', { provenance: { ...clean(value('to', 'principal')), isCut: true } }, ASKED],
  ['the requester’s own word', { provenance: clean(value('to', 'principal')) }, ALLOWED],
  ['the requester’s own word, whatever was read', { provenance: steered(value('to', 'principal')) }, ALLOWED],
  ['a record, where nobody can have steered', { provenance: clean(value('to', 'record')) }, ALLOWED],
  ['a record, where somebody can have chosen it', { provenance: steered(value('to', 'record')) }, ASKED],
  ['what the model made up', { provenance: clean(value('to', 'model')) }, ASKED],
  ['what stands in a mail', { provenance: steered(value('to', 'untrusted')) }, ASKED],
  ['what another person said', { provenance: steered(value('to', 'person')) }, ASKED],
  ['what nobody knows', { provenance: steered(value('to', 'unknown')) }, ASKED],
  [
    'a word that is too short beside a text of the requester’s that leaves, whatever was read',
    { egress: true, provenance: clean(value('note', 'principal'), value('to', 'principal', 'short')) },
    ALLOWED,
  ],
  ['a word that is too short alone', { provenance: clean(value('to', 'principal', 'short')) }, ASKED],
  [
    'a word that is too short beside one that is not',
    { critical: ['to', 'id'], provenance: steered(value('id', 'principal', 'short'), value('to', 'principal')) },
    ALLOWED,
  ],
  ['the requester’s words in another order', { provenance: steered(value('to', 'principal', 'composed')) }, ASKED],
  ['a text beside what decides', { provenance: steered(value('to', 'principal'), value('note', 'model')) }, ALLOWED],
  [
    'a text that leaves, where somebody can have steered it',
    { egress: true, provenance: steered(value('note', 'model'), value('to', 'principal')) },
    ASKED,
  ],
  [
    'the model’s text that leaves, where nobody can',
    { egress: true, provenance: clean(value('note', 'model'), value('to', 'principal')) },
    ALLOWED,
  ],
  [
    'a made-up address in a text that leaves',
    { egress: true, provenance: clean(value('note', 'model', 'within'), value('to', 'principal')) },
    ASKED,
  ],
  ['a call without its critical argument', { provenance: clean(value('note', 'model')) }, ASKED],
  ['one whose values are all the requester’s', { provenance: steered(value('note', 'principal')) }, ALLOWED],
  ['a call without any value', { provenance: clean() }, ASKED],
  ['a tool without critical arguments', { critical: [], provenance: clean(value('note', 'model')) }, ASKED],
];

for (const [name, facts, verdict] of TABLE) {
  test(`by origin alone: ${name}: ${verdict}`, () => equal(ruled(facts), verdict));
}

test('who is asked reads which value is in doubt, and where it comes from', () => {
  const provenance = steered(value('to', 'untrusted'));
  const [, pack] = byOrigin({ group: 'support', quorum: 2, withinMs: 60_000 });
  const verdict = decideByRules(pack === undefined ? [] : [pack], 'v1', aCase({ provenance }));
  deepEqual(verdict, {
    ...{ kind: 'ask', ruleId: 'origin.decides', ruleVersion: 'v1', group: 'support', quorum: 2, withinMs: 60_000 },
    reason: 'to comes from read_mail (untrusted)',
  });
});

test('a rule asks for the origin of one argument, and what was not traced is unknown', () => {
  const rules = [rule('say', ({ origin }) => ask({ group: 'support', reason: `${origin('to')} ${origin('cc')}` }))];
  const reasonOf = (over: Partial<RuleFacts>) => decideByRules(rules, 'v1', aCase(over)).reason;
  equal(reasonOf({ provenance: clean(value('to', 'record')) }), 'record undefined');
  equal(reasonOf({}), 'unknown unknown');
});

test('without a rule, what carries data out is denied, also where it is called a read', () => {
  const read = { effect: 'read', evidence: anEvidence() } as const;
  equal(decideByRules([], 'v1', aCase(read)).kind, 'allow');
  equal(decideByRules([], 'v1', aCase({ ...read, egress: true })).kind, 'deny');
});
