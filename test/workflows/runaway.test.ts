// A model that calls for ever is stopped by each limit of a turn by itself: only that one is low, its reply says which it
// was, and so does the record.
import { deepEqual, equal, match } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { defineAgent } from 'countersign';
import { MOST_OF_A_TURN, type TurnLimits } from '../../domain/budget.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { type Script, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

const far = createFarSide();
let temporal: TestWorkflowEnvironment;

before(async () => {
  temporal = await startTemporal();
});
after(() => temporal?.teardown());

/** A model that calls again whatever it is told, and never twice the same. */
function endless(tool = 'look'): Script {
  let order = 0;
  return () => [[tool, { order: ++order, cents: 1 }]];
}

/** A system whose one limit is low, and all others as high as any agent may set them. */
async function withLimit<T>(
  low: Partial<TurnLimits>,
  script: Script,
  work: (system: System) => Promise<T>,
): Promise<T> {
  far.effects.length = 0;
  const agent = defineAgent({ ...createTestAgent(far), limits: { ...MOST_OF_A_TURN, ...low } });
  const system = await startSystem({ temporal, agent, directory, script });
  try {
    return await work(system);
  } finally {
    await system.stop();
  }
}

/** What came of one message to it: the reply, and what the record says of limits. */
async function stoppedAt(id: string, low: Partial<TurnLimits>, script: Script) {
  return withLimit(low, script, async (system) => {
    await system.open(id);
    await system.submit(id, 'm1', 'go');
    const reply = await system.reply(id, 'm1');
    const entries = await system.store.ledger.ofConversation(id, 0, 1_000);
    const limited = entries.flatMap(({ fact }) => (fact.kind === 'turn_limited' ? [fact] : []));
    const calls = entries.filter(({ fact }) => fact.kind === 'model_call').length;
    return { reply, limited, calls };
  });
}

const limited = (limit: string, most: number) => [{ kind: 'turn_limited', turn: 1, limit, most }];

test('model calls: the turn ends after so many, and what the last one wanted is not done', async () => {
  const got = await stoppedAt('r-models', { modelCallsPerTurn: 3 }, endless('note'));
  equal(
    got.reply,
    'I stopped here: one turn may ask my language model 3 times. Done: note; note. Write again to have me go on.',
  );
  deepEqual([got.limited, got.calls], [limited('model_calls', 3), 3]);
  deepEqual(far.effects, ['note r-models:1:0 1', 'note r-models:1:1 1']);
});

test('tool calls: an answer that goes past it is not carried out, not even in part', async () => {
  let order = 0;
  const two: Script = () => [
    ['note', { order: ++order, cents: 1 }],
    ['note', { order: ++order, cents: 1 }],
  ];
  const got = await stoppedAt('r-tools', { toolCallsPerTurn: 3 }, two);
  match(got.reply, /^I stopped here: one turn may call tools 3 times\. Done: note; note\. Not done: note; note\. /);
  deepEqual([got.limited, got.calls], [limited('tool_calls', 3), 2]);
  deepEqual(far.effects, ['note r-tools:1:0 1', 'note r-tools:1:1 1']);
});

test('identical calls: the very same call is made so often, and no more', async () => {
  const same: Script = () => [['look', { order: 1042, cents: 1 }]];
  const got = await stoppedAt('r-same', { sameCallsPerTurn: 2 }, same);
  match(
    got.reply,
    /^I stopped here: one turn may make the very same call 2 times\. Nothing was changed\. Not done: look\. /,
  );
  deepEqual([got.limited, got.calls], [limited('identical_calls', 2), 3]);
});

test('no progress: answers in a row of which every call is unreadable end the turn', async () => {
  let order = 0;
  const got = await stoppedAt('r-vain', { vainAnswersPerTurn: 2 }, () => [['no_such_tool', { order: ++order }]]);
  match(got.reply, /^I stopped here: 2 steps in a row led nowhere\. Nothing was changed\. /);
  deepEqual([got.limited, got.calls], [limited('no_progress', 2), 2]);
});

test('work time: a model that takes its time is asked no more once the time of the turn is over', async () => {
  const slow = endless();
  const script: Script = async (request) => {
    await new Promise((resolve) => setTimeout(resolve, 400));
    return slow(request);
  };
  const got = await stoppedAt('r-time', { workMsPerTurn: 1_000 }, script);
  match(got.reply, /^I stopped here: one turn may work for 1 second\. /);
  deepEqual(got.limited, limited('work_time', 1_000));
});

test('tokens: what models were shown and said is counted, and no call follows once it is used up', async () => {
  // Each call of the scripted model counts two.
  const got = await stoppedAt('r-tokens', { tokensPerTurn: 6 }, endless());
  match(got.reply, /^I stopped here: one turn may use 6 tokens of my language model\. /);
  deepEqual([got.limited, got.calls], [limited('turn_tokens', 6), 3]);
});

test('time that a conversation is paused is none of the turn’s, and the next message begins anew', async () => {
  const script: Script = ({ transcript }) =>
    transcript.at(-1)?.kind === 'message' ? [['look', { order: 1, cents: 1 }]] : 'done';
  await withLimit({ workMsPerTurn: 1_500 }, script, async (system) => {
    await system.open('r-paused');
    await system.handle('r-paused').executeUpdate('pause');
    await system.submit('r-paused', 'm1', 'go');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await system.command('r-paused', 'resume');
    equal(await system.reply('r-paused', 'm1'), 'done');
    await system.submit('r-paused', 'm2', 'go');
    equal(await system.reply('r-paused', 'm2'), 'done');
  });
});
