// The reference model of the soak: what it takes, and above all what it does not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Wish } from '../proofs/rig/model.ts';
import { type Action, type Found, shareOf, unexplained } from '../proofs/soak/expect.ts';
import { type Answer, breaksActs, type Deed, type Life, planFaults, reachOfStop } from '../proofs/soak/plan.ts';
import { createRandom } from '../proofs/support.ts';

const say = (...wishes: readonly Wish[]): Deed => ({ kind: 'say', wishes, isTwice: false, waits: true });
const settle: Deed = { kind: 'settle' };
const stop: Deed = { kind: 'stop' };

function aLife(deeds: readonly Deed[], answers: readonly (readonly [number, Answer])[] = []): Life {
  return { id: 'c', deeds, answers: new Map(answers) };
}

/** By id, so that two turns may be told apart. */
function anAction(changes: Partial<Action>): Action {
  const times = { createdMs: 100, updatedMs: 200 };
  return { id: 'c:1:0', tool: 'note', cents: 1, outcome: 'succeeded', wasUnknown: false, ...times, ...changes };
}

/** A conversation that was answered, with the effect of everything that succeeded. */
function aFound(actions: readonly Action[], changes: Partial<Found> = {}): Found {
  const done = actions.filter(({ outcome, tool }) => outcome === 'succeeded' && tool !== 'look');
  const items = [
    { kind: 'message', turn: 1, text: 'hello' },
    { kind: 'reply', turn: 1, text: 'hi' },
  ];
  const effects = new Map(done.map(({ id }) => [id, 1]));
  return { phase: 'open', items, reports: [], approvals: [], actions, effects, ...changes };
}

const problems = (life: Life, found: Found, broken: readonly { fromMs: number; toMs: number }[] = []) =>
  unexplained(life, ['hello'], found, broken);
const DURING = [{ fromMs: 150, toMs: 160 }];
const BEFORE = [{ fromMs: 0, toMs: 99 }];

test('one action for one wish, done once, is as it should be; none at all is not', () => {
  const life = aLife([say(['note', 1]), settle]);
  assert.deepEqual(problems(life, aFound([anAction({})])), []);
  assert.match(problems(life, aFound([])).join(), /note 1 became 0 actions, not 1/);
});

test('a failure needs a fault that broke it off while it lived', () => {
  const life = aLife([say(['book', 1]), settle]);
  const found = aFound([anAction({ tool: 'book', outcome: 'failed' })]);
  assert.deepEqual(problems(life, found, DURING), []);
  assert.match(problems(life, found, BEFORE).join(), /book 1, .* is failed/);
  const look = aFound([anAction({ tool: 'look', outcome: 'failed' })]);
  assert.match(problems(aLife([say(['look', 1]), settle]), look).join(), /look 1, .* is failed/);
});

test('what its far side makes sure never fails, whatever struck', () => {
  const found = aFound([anAction({ outcome: 'failed' })]);
  assert.match(problems(aLife([say(['note', 1]), settle]), found, DURING).join(), /note 1, .* is failed/);
});

test('"it did not happen" makes exactly one new action', () => {
  const life = aLife([say(['book', 1]), settle]);
  const question = { id: 'c:1:0.question.0.0', actionId: 'c:1:0', question: 'unknown', end: 'did_not_happen' };
  const first = anAction({ tool: 'book', outcome: 'failed', wasUnknown: true });
  const told = { kind: 'report', turn: 2, text: 'not done' };
  const items = [...aFound([]).items, told, { kind: 'reply', turn: 2, text: 'so again' }];
  const spoken = { approvals: [question], reports: ['c:1:0.question'], items };
  assert.match(problems(life, aFound([first], spoken), DURING).join(), /became 1 actions, not 2/);
  const again = anAction({ id: 'c:2:0', tool: 'book' });
  assert.deepEqual(problems(life, aFound([first, again], spoken), DURING), []);
  assert.match(problems(life, aFound([first, again], { ...spoken, reports: [] }), DURING).join(), /reports are due/);
  assert.match(problems(life, aFound([first, again], spoken)).join(), /was unknown, and no fault explains it/);
});

test('every message has a reply, and every batch that ended a report', () => {
  const life = aLife([say(['pay', 1]), settle], [[1, 'approve']]);
  const approval = { id: 'c:1:0.0.0', actionId: 'c:1:0', question: null, end: 'approved' };
  const found = aFound([anAction({ tool: 'pay' })], { approvals: [approval] });
  assert.match(problems(life, found).join(), /reports are due of: c:1:0; there are of: nothing/);
  const silent = aFound([anAction({})], { items: [{ kind: 'message', turn: 1, text: 'hello' }] });
  assert.match(problems(aLife([say(['note', 1]), settle]), silent).join(), /turn 1 has 0 replies/);
});

test('a stop reaches back to the last settling, and to what was left undecided before', () => {
  const life = aLife([say(['note', 1]), settle, say(['note', 2]), stop, say(['note', 3]), settle]);
  const reach = [0, 2, 4].map((at) => reachOfStop(life, at));
  assert.deepEqual(reach, ['what is left', 'all', 'nothing']);
  const actions = [1, 2, 3].map((cents) => anAction({ id: `c:${cents}:0`, cents, outcome: 'cancelled' }));
  const refused = problems(life, aFound(actions));
  assert.deepEqual(
    [1, 2, 3].map((cents) => refused.some((one) => one.includes(`note ${cents},`))),
    [true, false, true],
  );
});

test('what people left undecided waits, and is cancelled by a stop', () => {
  const left = anAction({ tool: 'pay', outcome: null });
  const approval = { id: 'c:1:0.0.0', actionId: 'c:1:0', question: null, end: 'open' };
  assert.deepEqual(problems(aLife([say(['pay', 1]), settle]), aFound([left], { approvals: [approval] })), []);
  const stopped = aLife([say(['pay', 1]), settle, stop, settle]);
  assert.match(problems(stopped, aFound([left], { approvals: [approval] })).join(), /pay 1, .* is null/);
});

test('the share counts what should have been done, and neither what was denied nor what a stop may end', () => {
  const life = aLife(
    [say(['pay', 1], ['note', 2]), settle, say(['book', 3]), say(['book', 4]), stop, settle],
    [[1, 'deny']],
  );
  const denied = anAction({ tool: 'pay', cents: 1, outcome: 'denied' });
  const behind = anAction({ id: 'c:1:1', cents: 2, outcome: 'cancelled' });
  assert.deepEqual(shareOf(life, aFound([denied, behind, anAction({ id: 'c:3:0', tool: 'book', cents: 4 })])), {
    due: 0,
    done: 0,
  });
  const plain = aLife([say(['book', 1], ['note', 2]), settle]);
  const half = [
    anAction({ tool: 'book', outcome: 'failed' }),
    anAction({ id: 'c:1:1', cents: 2, outcome: 'cancelled' }),
  ];
  assert.deepEqual(shareOf(plain, aFound(half)), { due: 1, done: 0 });
});

test('every kind of fault is planned within the first dozen, and only those that reach whoever acts explain a failure', () => {
  const faults = planFaults(12, [1, 2], createRandom(3)).map(({ fault }) => fault);
  assert.equal(new Set(faults.map(({ kind }) => kind)).size, 6);
  assert.equal(breaksActs({ kind: 'kill', role: 'api' }), false);
  assert.equal(breaksActs({ kind: 'freeze', role: 'actor', forMs: 1 }), true);
  assert.equal(breaksActs({ kind: 'slow far side', forMs: 1 }), false);
});
