// A model that is given 100 KB reads on to what it needs, and acts on it; nothing of that goes through Temporal, and what
// there is no room for later is named to the model and on record.
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { byOrigin, defineAgent, defineTool } from 'countersign';
import { z } from 'zod';
import { withReadMore } from '../../activities/read-more.ts';
import { directory } from '../support/far-side.ts';
import { type Script, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

const LINES = Array.from({ length: 2_600 }, (_, at) => `entry ${at}: nothing to be seen in this line`);
LINES[900] = 'entry 900: the account to credit is ZX-7731-QP';
const LOG = LINES.join('\n').slice(0, 100_000);
const credited: string[] = [];
const base = { version: '1', description: 'd', idempotent: true, scopes: [], egress: false } as const;
const nothing = z.strictObject({});
const getLog = defineTool({
  ...{ ...base, name: 'get_log', effect: 'read', input: nothing, critical: [], trust: 'record' },
  execute: async () => LOG,
});
const getMail = defineTool({
  ...{ ...base, name: 'get_mail', effect: 'read', input: nothing, critical: [] },
  execute: async () => LOG,
});
const credit = defineTool({
  ...{ ...base, name: 'credit', effect: 'write', critical: ['account'], trust: 'record' },
  input: z.strictObject({ account: z.string() }),
  execute: async ({ input: { account } }) => {
    credited.push(account);
    return { done: true };
  },
});
const agent = withReadMore(
  defineAgent({
    ...{ name: 'tester', owner: 'olga', team: 'support', purpose: 'to be tested', instructions: 'You are tested.' },
    tools: [getLog, getMail, credit],
    rules: byOrigin({ group: 'finance' }),
    limits: { maxPromptTokens: 8_000 },
  }),
);

/** Reads what it is told to, goes on reading as the result says until it knows the account, and credits that. */
const reader: Script = ({ transcript, toolChoice }) => {
  const last = transcript.at(-1);
  if (toolChoice === 'none' || last === undefined || last.kind === 'calls') return 'it waits';
  const account = /account to credit is (\S+)/.exec(last.text)?.[1];
  if (account !== undefined) return [['credit', { account }]];
  const next = /read_more\((\{"result":"[\d:]+","from":\d+\})\)/.exec(last.text)?.[1];
  if (next !== undefined) return [['read_more', next]];
  if (last.kind === 'message' && last.text.startsWith('get_')) return [[last.text, {}]];
  return 'done';
};

let temporal: TestWorkflowEnvironment;
let system: System;
before(async () => {
  temporal = await startTemporal();
  system = await startSystem({ temporal, agent, directory, script: reader });
});
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});

async function say(id: string, messageId: string, text: string): Promise<string> {
  await system.submit(id, messageId, text);
  return system.reply(id, messageId);
}
/** Every payload of a history, as text. */
function payloadsIn(value: unknown): readonly string[] {
  if (value instanceof Uint8Array) return [Buffer.from(value).toString('utf8')];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(payloadsIn) : [];
}
const factsOf = async (id: string) => (await system.store.ledger.ofConversation(id, 0, 1_000)).map(({ fact }) => fact);

test('a record of 100 KB is read on to what stands in its middle, which is a record’s word: it is acted on at once', async () => {
  await system.open('l-record');
  equal(await say('l-record', 'm1', 'get_log'), 'done');
  deepEqual(credited, ['ZX-7731-QP']);
  const items = await system.store.items.page('l-record', 0, 100);
  const results = items.flatMap(({ body, trust }) => (body.kind === 'tool_result' ? [[body.tool, trust]] : []));
  const reads = results.filter(([tool]) => tool === 'read_more');
  ok(reads.length >= 3, 'it took several parts');
  deepEqual([...new Set(results.map(([, trust]) => trust))], ['record']);
  // What was read went from the store to the model: Temporal has seen none of it.
  const payloads = payloadsIn(await system.handle('l-record').fetchHistory());
  ok(payloads.length > 20);
  ok(payloads.every((text) => !text.includes('nothing to be seen') && text.length < 32_000));
});

test('of a mail that was read on the same is a stranger’s word: it waits for people', async () => {
  credited.length = 0;
  await system.open('l-mail');
  equal(await say('l-mail', 'm1', 'get_mail'), 'it waits');
  deepEqual(credited, []);
  const asked = (await factsOf('l-mail')).flatMap((fact) =>
    fact.kind === 'approval_requested' ? [fact.approval] : [],
  );
  equal(asked.length, 1);
  match(asked[0]?.reason ?? '', /account comes from read_more \(untrusted\)/);
});

test('turn after turn a call stays within its tokens: what it showed, cut to a line and left out is on record', async () => {
  await system.open('l-long');
  for (let n = 1; n <= 4; n++) equal(await say('l-long', `m${n}`, 'get_log'), 'done');
  const withins = (await factsOf('l-long')).flatMap((fact) => (fact.kind === 'model_call' ? [fact.within] : []));
  ok(withins.every((within) => within !== undefined && within.countedTokens <= 8_000 && within.maxTokens === 8_000));
  ok(
    withins.some((within) => (within?.reduced.length ?? 0) > 0),
    'older results stand as a line each',
  );
  ok(withins.every((within) => within?.leftOut.every(({ why }) => why !== 'no_counterpart')));
  // The tokens of a turn are flat: the fourth is no dearer than the second, and cheaper once it is summed up.
  const perTurn = withins.length / 4;
  const sumOf = (turn: number) =>
    withins.slice((turn - 1) * perTurn, turn * perTurn).reduce((sum, within) => sum + (within?.countedTokens ?? 0), 0);
  ok(sumOf(4) <= sumOf(2) * 1.1, `${sumOf(2)} tokens became ${sumOf(4)}`);
});
