import { deepEqual, equal, match, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { type Asked, entitledPeople, groupsAt, isShownOn, whyNotEntitled } from '../../domain/entitlement.ts';
import { defineDirectory } from '../../domain/principal.ts';

const directory = defineDirectory({
  people: [
    { id: 'finn', name: 'Finn' },
    { id: 'olga', name: 'Olga', approvesUpTo: { EUR: 50_000 } },
    { id: 'mia', name: 'Mia', actsFor: ['ada'] },
    { id: 'ada', name: 'Ada' },
    { id: 'lead', name: 'Lead' },
  ],
  groups: { finance: ['finn', 'olga', 'mia', 'ada'], leads: ['lead'], nobody: [] },
});
const asked = (over: Partial<Asked> = {}): Asked => ({ group: 'finance', escalation: [], authors: ['ada'], ...over });
const may = (over: Partial<Asked>, personId: string, atMs = 0) =>
  whyNotEntitled(directory, asked(over), personId, atMs) === undefined;

test('only members of the group may decide; an empty or an unknown group decides nothing', () => {
  equal(may({}, 'finn'), true);
  equal(may({}, 'lead'), false);
  equal(may({}, 'stranger'), false);
  for (const group of ['nobody', 'unknown', 'constructor', '__proto__']) {
    deepEqual(entitledPeople(directory, asked({ group }), 0), [], group);
  }
});

test('four eyes: who asked or wrote it never counts, nor anyone who acts for them, nor for whom they act', () => {
  equal(may({}, 'ada'), false);
  equal(may({}, 'mia'), false);
  equal(may({ authors: ['mia'] }, 'ada'), false);
  equal(may({ authors: ['customer', 'finn'] }, 'finn'), false);
  equal(may({ authors: ['customer', 'finn'] }, 'olga'), true);
  match(whyNotEntitled(directory, asked(), 'mia', 0) ?? '', /act for one another/);
});

test('who has a limit decides up to it, in the currencies that it names', () => {
  const eur = (minorUnits: number) => ({ amount: { currency: 'EUR', minorUnits } });
  equal(may(eur(50_000), 'olga'), true);
  equal(may(eur(50_001), 'olga'), false);
  equal(may({ amount: { currency: 'USD', minorUnits: 1 } }, 'olga'), false);
  equal(may(eur(1e9), 'finn'), true);
  equal(may({}, 'olga'), true);
});

test('the next group may decide from its time on, and the first one still may', () => {
  const escalation = [{ group: 'leads', fromMs: 100 }];
  equal(may({ escalation }, 'lead', 99), false);
  equal(may({ escalation }, 'lead', 100), true);
  equal(may({ escalation }, 'finn', 100), true);
  deepEqual(groupsAt(asked({ escalation }), 100), ['finance', 'leads']);
});

test('an approval is shown where somebody who may decide it by then has an id, or a group of theirs an address', () => {
  const people = [
    { id: 'ada', name: 'Ada', channels: { slack: 'A' } },
    { id: 'finn', name: 'Finn', channels: { telegram: '1' } },
    { id: 'lead', name: 'Lead' },
  ];
  const groups = { finance: ['ada', 'finn'], leads: ['lead'] };
  const by = defineDirectory({ people, groups, addresses: { leads: { slack: 'C1' } } });
  const shown = (channels: readonly string[], over: Partial<Asked> = {}) => isShownOn(channels, by, asked(over), 0);
  deepEqual([shown(['slack']), shown(['telegram']), shown([])], [false, true, false], 'who asks is not asked');
  equal(shown(['slack'], { authors: [] }), true);
  equal(shown(['slack'], { group: 'leads' }), true);
  equal(shown(['slack'], { escalation: [{ group: 'leads', fromMs: 0 }] }), true);
  equal(shown(['slack'], { escalation: [{ group: 'leads', fromMs: 1 }] }), false);
});

test('a directory with a limit or a deputy that cannot be meant stops the start', () => {
  const having = (person: object) => () =>
    defineDirectory({ people: [{ id: 'a', name: 'A', ...person }], groups: { g: ['a'] } });
  throws(having({ actsFor: ['b'] }), /acts for "b"/);
  throws(having({ approvesUpTo: { eur: 1 } }), /approvesUpTo/);
  throws(having({ approvesUpTo: { EUR: 1.5 } }), /approvesUpTo/);
  throws(having({ approvesUpTo: { EUR: -1 } }), /approvesUpTo/);
});
