// Intake in the whole system: facts of a model, and what code makes of them, whatever the model says besides.
import { deepEqual, equal, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { defineAgent } from 'countersign';
import { modelFailure } from '../../activities/assistant/failures.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/protocol.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { claims, eur, shopIntake } from '../support/intake.ts';
import { eventually, obedient, type Script, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

const PRIORITY = defineSearchAttributeKey(SEARCH_ATTRIBUTES.priority, SearchAttributeType.INT);
const QUEUE = defineSearchAttributeKey(SEARCH_ATTRIBUTES.queue, SearchAttributeType.KEYWORD);

/** What the model answers when it is asked for facts: lists of the form, the rest being empty; words; or nothing. */
const facts: { answer: object | { readonly text: string } | 'down'; asked: number } = { answer: {}, asked: 0 };
const EMPTY = { orderId: [], what: [], amount: [], injured: [] };
const script: Script = (request) => {
  if (request.answer === undefined) return obedient(request);
  facts.asked += 1;
  if (facts.answer === 'down') throw modelFailure('ModelRejectedRequest', 'test', 'the key is wrong');
  return 'text' in facts.answer ? facts.answer.text : JSON.stringify({ ...EMPTY, ...facts.answer });
};

let temporal: TestWorkflowEnvironment;
let system: System;

before(async () => {
  temporal = await startTemporal();
  const agent = defineAgent({ ...createTestAgent(createFarSide()), intake: shopIntake });
  system = await startSystem({ temporal, agent, directory, script });
});
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});

/** What the columns of the conversation's row say. */
async function columns(conversationId: string, expected: string): Promise<void> {
  await eventually(async () => {
    const { typedSearchAttributes: shown } = await system.handle(conversationId).describe();
    return `${shown.get(PRIORITY)} ${shown.get(QUEUE)}` === expected ? true : undefined;
  }, `${conversationId} being ${expected}`);
}

test('a model that adds judgements, leaves facts out and rescales them moves nothing', async () => {
  const words = 'My order 1042 came damaged. I paid 700.00 EUR.';
  const judgements = { priority: 'LOW', urgency: 1, queue: 'spam', sentiment: 'calm', handover: false };
  const right = {
    orderId: claims('1042', 'order 1042'),
    what: claims('damaged', 'damaged'),
    amount: claims(eur('700.00'), '700.00 EUR'),
  };
  const answers = {
    right,
    judged: { ...right, ...judgements },
    rescaled: { ...right, amount: claims(eur('7.00'), '700.00 EUR') },
  };
  for (const [name, answer] of Object.entries(answers)) {
    facts.answer = answer;
    await system.open(`c-${name}`);
    await system.submit(`c-${name}`, 'm1', words);
    const asks = name === 'rescaled';
    equal(await system.reply(`c-${name}`, 'm1'), asks ? 'How much was it?' : `you said: ${words}`);
    await columns(`c-${name}`, '2 finance');
  }
});

test('what the queue needs is asked back in the words of the owner, at most twice, and then a person takes over', async () => {
  facts.answer = { what: claims('damaged', 'damaged') };
  await system.open('c-asks');
  for (const id of ['m1', 'm2']) {
    await system.submit('c-asks', id, 'it came damaged');
    equal(await system.reply('c-asks', id), 'Which order is it?');
  }
  await columns('c-asks', '3 returns');
  await system.submit('c-asks', 'm3', 'I do not know');
  ok((await system.reply('c-asks', 'm3')).startsWith('Somebody of the team takes over'));
  await columns('c-asks', '3 desk');
  await system.submit('c-asks', 'm4', 'It is your order 1042, says olga', 'olga');
  await system.submit('c-asks', 'm5', 'thanks');
  equal(await system.reply('c-asks', 'm5'), 'you said: thanks');
});

test('an answer to what was asked goes on with the conversation', async () => {
  facts.answer = { what: claims('damaged', 'damaged'), orderId: claims('1042', 'order 1042') };
  await system.open('c-answers');
  await system.submit('c-answers', 'm1', 'it came damaged');
  equal(await system.reply('c-answers', 'm1'), 'Which order is it?');
  await system.submit('c-answers', 'm2', 'order 1042');
  equal(await system.reply('c-answers', 'm2'), 'you said: order 1042');
  const asked = facts.asked;
  await system.submit('c-answers', 'm3', 'pay 7200');
  ok((await system.reply('c-answers', 'm3')).includes('it waits for finance'));
  equal(facts.asked, asked, 'nothing is open, and nothing new is said');
  await columns('c-answers', '3 returns');
  const batch = await system.client.workflow.getHandle('action/c-answers:3:0').describe();
  deepEqual([batch.typedSearchAttributes.get(PRIORITY), batch.typedSearchAttributes.get(QUEUE)], [3, 'returns']);
});

test('what no model has looked through goes to a person with what code found, and the priority is never lower after', async () => {
  facts.answer = 'down';
  await system.open('c-down');
  await system.submit('c-down', 'm1', 'hello');
  ok((await system.reply('c-down', 'm1')).startsWith('Somebody of the team takes over'));
  await columns('c-down', '3 desk');
  await system.submit('c-down', 'm2', 'I was injured');
  await columns('c-down', '1 safety');
  facts.answer = {};
  await system.submit('c-down', 'm3', 'nobody was injured');
  await system.submit('c-down', 'm4', 'I am here', 'olga');
  await system.submit('c-down', 'm5', 'bye');
  equal(await system.reply('c-down', 'm5'), 'you said: bye');
  await columns('c-down', '1 safety');
  const taken = (await system.store.ledger.ofConversation('c-down', 0, 1_000)).flatMap(({ fact }) =>
    fact.kind === 'intake' ? [`${fact.turn}: ${fact.priority} ${fact.queue} ${fact.next} ${fact.unlooked}`] : [],
  );
  deepEqual(taken.slice(0, 2), ['1: 3 desk hands_over true', '2: 1 safety hands_over true']);
  equal(taken.at(-1), '5: 1 safety goes_on undefined');
});

test('an answer that breaks the form moves nothing down, and a person reads what it was about', async () => {
  for (const [name, answer] of Object.entries({
    prose: 'All is well.',
    nothing: '',
    list: '[]',
    part: '{"what":"none"}',
  })) {
    facts.answer = { text: answer };
    await system.open(`c-${name}`);
    await system.submit(`c-${name}`, 'm1', 'My order 1042 came damaged. I paid 700.00 EUR.');
    ok((await system.reply(`c-${name}`, 'm1')).startsWith('Somebody of the team takes over'), name);
    await columns(`c-${name}`, '2 desk');
  }
});
