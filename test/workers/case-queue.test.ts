import { deepEqual, equal, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadedAgent } from '../../domain/agent.ts';
import type { RuleFacts } from '../../domain/rule.ts';
import type { Ask } from '../../workers/rules/protocol.ts';
import type { Verdict } from '../../domain/verdict.ts';
import { createCaseQueue, MAX_WAITING_CASES, type WaitingCase } from '../../workers/rules/case-queue.ts';

const loaded = { agent: { rules: [] }, ruleVersion: 'v1' } as unknown as LoadedAgent;
const aCase = (actionId: string, nowMs = 0): Ask => ({
  kind: 'rule',
  agent: 'desk',
  ruleCase: { actionId, nowMs } as RuleFacts,
});
const idOf = (one: WaitingCase | undefined) => (one?.ask.kind === 'rule' ? one.ask.ruleCase.actionId : undefined);
const verdict: Verdict = { kind: 'deny', ruleId: 'r', ruleVersion: 'v1', reason: 'the rule had not ended' };
const denied = { kind: 'decided', verdict } as const;
const refused = (reason: RegExp) => ({ name: 'ApplicationFailure', type: 'RulesNotReady', message: reason });
const stays = () => false;

test('cases are asked in the order in which they came, and one whose process was lost before all others', async () => {
  const queue = createCaseQueue();
  for (const id of ['a', 'b']) queue.add(loaded, aCase(id)).catch(() => undefined);
  const first = await queue.next(stays);
  queue.again(first!);
  const order = [await queue.next(stays), await queue.next(stays)].map(idOf);
  deepEqual(order, ['a', 'b']);
});

test('the queue is bounded: one more is told to ask again', async () => {
  const queue = createCaseQueue();
  for (let at = 0; at < MAX_WAITING_CASES; at += 1) queue.add(loaded, aCase(`a-${at}`)).catch(() => undefined);
  await rejects(queue.add(loaded, aCase('one more')), refused(/1000 cases wait for them/));
});

test('who waited for longer than a try of an Activity has asked again, so nobody answers them', async (t) => {
  t.mock.timers.enable({ apis: ['Date'] });
  const queue = createCaseQueue();
  const old = rejects(queue.add(loaded, aCase('old')), refused(/it took too long/));
  t.mock.timers.tick(5_001);
  queue.add(loaded, aCase('new')).catch(() => undefined);
  equal(idOf(await queue.next(stays)), 'new');
  await old;
});

test('a case over which the process was lost is decided however long that took', async (t) => {
  t.mock.timers.enable({ apis: ['Date'] });
  const queue = createCaseQueue();
  queue.add(loaded, aCase('lost')).catch(() => undefined);
  const lost = await queue.next(stays);
  lost!.losses += 1;
  queue.again(lost!);
  t.mock.timers.tick(60_000);
  equal(idOf(await queue.next(stays)), 'lost');
});

test('who was denied because a rule misbehaved hears the same when they ask again, of that action and evidence only', async () => {
  const queue = createCaseQueue();
  const first = queue.add(loaded, aCase('a'));
  queue.answer((await queue.next(stays))!, denied);
  deepEqual(await first, denied);
  const again = queue.add(loaded, aCase('a', 1));
  queue.add(loaded, aCase('b')).catch(() => undefined);
  equal(idOf(await queue.next(stays)), 'b');
  deepEqual(await again, denied);
});

test('readings over which a process was lost have no route when they are asked again, and others have', async () => {
  const queue = createCaseQueue();
  const ask = (amount: number): Ask => ({ kind: 'route', agent: 'desk', readings: [{ amount }] });
  const first = queue.add(loaded, ask(1));
  queue.answer((await queue.next(stays))!, { kind: 'unrouted' });
  deepEqual(await first, { kind: 'unrouted' });
  const again = queue.add(loaded, ask(1));
  queue.add(loaded, ask(2)).catch(() => undefined);
  deepEqual((await queue.next(stays))?.ask, ask(2));
  deepEqual(await again, { kind: 'unrouted' });
});

test('when it closes, what waits and what comes is told to ask again', async () => {
  const queue = createCaseQueue();
  const waiting = queue.add(loaded, aCase('a'));
  queue.close();
  await rejects(waiting, refused(/their process has ended/));
  await rejects(queue.add(loaded, aCase('b')), refused(/their process has ended/));
});

test('whoever waits for a case hears when there is one, and when there will be none', async () => {
  const queue = createCaseQueue();
  let hasGone = false;
  const next = queue.next(() => hasGone);
  queue.add(loaded, aCase('a')).catch(() => undefined);
  equal(idOf(await next), 'a');
  const none = queue.next(() => hasGone);
  hasGone = true;
  queue.wake();
  equal(await none, undefined);
});
