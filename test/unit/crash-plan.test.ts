// Which kills the proof `crash` tries.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { easier, isSure, momentsOf, pairs, sampled, trialsOf } from '../proofs/crash/plan.ts';
import { ROLES, type Role } from '../proofs/rig/roles.ts';
import { createRandom } from '../proofs/support.ts';

const reached = (role: Role, name: string, at: number) => ({ role, name, at, run: 'r', struck: false });
const MOMENTS = ROLES.flatMap((role) => [1, 2, 3].map((at) => ({ role, name: `${role}|x`, at })));

test('a moment that only one of the counting runs reached counts, and none counts twice', () => {
  const one = [reached('api', 'a', 1), reached('actor', 'b', 1)];
  const other = [reached('api', 'a', 1), reached('api', 'a', 2), reached('actor', 'b', 1)];
  const found = momentsOf([one, other]).map(({ name, at }) => `${name}${at}`);
  assert.deepEqual(found, ['a1', 'a2', 'b1']);
  const sure = momentsOf([one, other]).filter((moment) => isSure([one, other], moment));
  assert.deepEqual(
    sure.map(({ name, at }) => `${name}${at}`),
    ['a1', 'b1'],
  );
});

test('every moment is tried once, the first four over HTTP are of four roles, and then comes one over channels', () => {
  const random = createRandom(1);
  const more = [{ role: 'actor', name: 'actor|posts', at: 1 } as const];
  const trials = trialsOf(sampled('HTTP', MOMENTS, random), sampled('channels', more, random));
  assert.deepEqual(trials[4], { way: 'channels', kills: more });
  const kills = trials.filter(({ way }) => way === 'HTTP').map(({ kills: [first] }) => first!);
  assert.equal(new Set(kills.map(({ name, at }) => `${name}${at}`)).size, MOMENTS.length);
  assert.deepEqual(new Set(kills.slice(0, 4).map(({ role }) => role)), new Set(ROLES));
});

test('the second kill of a pair is in a role that has something left to do after the first', () => {
  for (const [first, second] of pairs(MOMENTS, 50, createRandom(2))) {
    const after = MOMENTS.slice(MOMENTS.indexOf(first!) + 1).filter(({ role }) => role === second!.role);
    assert.ok(second!.at >= 1 && second!.at <= after.length);
  }
});

test('a second kill that was not reached is tried earlier, the first never elsewhere', () => {
  const first = { role: 'api', name: 'a', at: 4 } as const;
  assert.deepEqual(easier([first, { role: 'actor', name: '', at: 5 }]), [first, { role: 'actor', name: '', at: 3 }]);
});
