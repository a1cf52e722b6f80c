import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAskedInChannels } from '../../domain/entitlement.ts';
import { defineDirectory, type Directory, isReachable, personOnChannel } from '../../domain/principal.ts';

const people: Directory['people'] = [
  { id: 'finn', name: 'Finn', channels: { slack: 'T1/U1', telegram: '4711' } },
  { id: 'olga', name: 'U1', channels: { slack: 'T1/U2' } },
  { id: 'T1/U9', name: 'T1/U9' },
];
const problemOf = (change: Partial<Directory>): string => {
  try {
    defineDirectory({ people, groups: { finance: ['finn'] }, ...change });
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

test('no two people have the same id on a channel, and none is blank', () => {
  assert.equal(problemOf({}), '');
  const twice = [...people, { id: 'eve', name: 'Eve', channels: { slack: 'T1/U1' } }];
  assert.equal(problemOf({ people: twice }), 'directory: "finn" and "eve" have the same slack id "T1/U1"');
  assert.equal(
    problemOf({ people: [{ id: 'eve', name: 'Eve', channels: { telegram: 'T1/U1' } }, people[0]!], groups: {} }),
    '',
  );
  const blank = [{ id: 'eve', name: 'Eve', channels: { slack: ' ' } }];
  assert.equal(problemOf({ people: blank, groups: {} }), 'directory: the slack id of "eve" is blank; take it out');
});

test('an id that may change, hides something, or looks like another is told, and what an id is', () => {
  const person = (id: string) => problemOf({ people: [...people, { id, name: 'E' }] });
  const group = (id: string) => problemOf({ groups: { [id]: ['finn'] } });
  for (const id of ['finn_2', 'per.finn-2', 'T9/U9', '7', 'a'.repeat(64)]) {
    assert.deepEqual([person(id), group(id)], ['', ''], id);
  }
  for (const id of ['', ' ', 'a b', 'eve@example.com', '@eve', '-eve', 'еve', 'e\u200bve', 'eve\n', 'a'.repeat(65)]) {
    assert.match(
      person(id),
      /cannot be the id of a person; it must be 1 to 64 letters of English, .* no e-mail address$/s,
    );
    assert.match(group(id), /cannot be the id of a group; it must be|must not begin with "@"/, id);
  }
});

test('an id on a channel is whole as the platform gives it, of people and of groups', () => {
  const ofPerson = (channels: Readonly<Record<string, string>>) =>
    problemOf({ people: [...people, { id: 'eve', name: 'Eve', channels }] });
  const ofGroup = (addresses: Readonly<Record<string, string>>) => problemOf({ addresses: { finance: addresses } });
  for (const problemFor of [ofPerson, ofGroup]) {
    for (const id of ['T7/U7', '-1001234567890', 'C0FIN']) assert.equal(problemFor({ slack: id }), '');
    for (const id of ['T7/U7 ', 'T7/\u200bU7', 'T7/Ü7', 'x'.repeat(129)]) {
      assert.match(
        problemFor({ slack: id }),
        /^directory: the slack id ".*" of "\w+" has a blank, or what is no sign of ASCII/,
      );
    }
    assert.match(
      problemFor({ Slack: 'T7/U7' }),
      /"Slack", of "\w+", cannot be the name of a channel; name one such as slack/,
    );
  }
});

test('an address is of a group that there is', () => {
  assert.equal(problemOf({ addresses: { finance: { slack: 'C1' } } }), '');
  assert.match(
    problemOf({ addresses: { sales: { slack: 'C1' } } }),
    /address of "sales", which is not among the groups/,
  );
});

test('a person of a channel is found by the whole id on that channel, and by nothing else', () => {
  const directory = defineDirectory({ people, groups: {} });
  const found = (channel: string, id: string) => personOnChannel(directory, channel, id)?.id;
  assert.deepEqual(
    [found('slack', 'T1/U1'), found('telegram', '4711'), found('slack', 'T1/U2')],
    ['finn', 'finn', 'olga'],
  );
  for (const [channel, id] of [
    ['telegram', 'T1/U1'],
    ['slack', '4711'],
    ['slack', 'U1'],
    ['slack', 'finn'],
    ['slack', 'T1/U9'],
    ['slack', ''],
    ['constructor', 'name'],
    ['__proto__', ''],
  ] as const)
    assert.equal(found(channel, id), undefined, `${channel} ${id}`);
});

test('a group can be reached at its address, or at an id of anybody in it', () => {
  const groups = { finance: ['finn'], desk: ['T1/U9'], board: ['T1/U9'] };
  const directory = defineDirectory({ people, groups, addresses: { board: { slack: 'C1' } } });
  const reached = ['finance', 'desk', 'board', '@olga', '@T1/U9', 'none', 'constructor'];
  assert.deepEqual(
    reached.map((group) => isReachable(directory, group)),
    [true, false, true, true, false, false, false],
  );
  const asked = { group: 'desk', escalation: [], authors: [] };
  assert.equal(isAskedInChannels(directory, asked), false);
  assert.equal(isAskedInChannels(directory, { ...asked, escalation: [{ group: 'board', fromMs: 9 }] }), true);
});
