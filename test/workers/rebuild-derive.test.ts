// What one call put on record, where it was refused or told of another action.
import { deepEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, derive } from '../../workers/rebuild/derive.ts';
import { assertHeld } from '../../workers/rebuild/lost.ts';
import { refusedStep } from '../../trust/digest.ts';

const proposal = { actionId: 'c:1:0', conversationId: 'c', digest: 'd2', tool: 'note', effect: 'write' };
const run = { workflowId: 'action/c:1:0', channel: undefined, isUnread: false };
const around = { owner: '', isClosed: false, act: undefined, ...run };

function told(name: string, input: unknown, answer: Answer<unknown>) {
  const { entries, claims } = derive({ name, activityId: '1', input, atMs: 1, owner: '', answer }, around);
  return { entries: entries.map(({ subject, step, conversationId }) => [subject, step, conversationId]), claims };
}

const refusal = (message: string): Answer<unknown> => ({
  ...{ kind: 'failure', type: 'WarrantRefused', message: `no warrant: ${message}`, atMs: 2, isTaken: true },
});
const settled = (reason: string): Answer<unknown> => ({
  kind: 'result',
  result: { kind: 'settled', ending: { kind: 'unknown', reason }, item: null },
  atMs: 2,
});

test('a task that could not be read is refused under the Workflow that sent it, whatever it holds', () => {
  const reason = 'the task cannot be read: proposal.salt is not what it must be';
  for (const input of [undefined, null, { proposal: { ...proposal, conversationId: 7 } }]) {
    for (const name of ['act', 'inspect']) {
      deepEqual(told(name, input, refusal(reason)), {
        entries: [['task of action/c:1:0', refusedStep(reason), '']],
        claims: [],
      });
    }
  }
});

test('a refused warrant is on record under its action, in the conversation of that', () => {
  const entries = [['c:1:0', refusedStep('the tool is declared otherwise here'), 'c']];
  const input = { proposal: { ...proposal, conversationId: 'another' } };
  deepEqual(told('act', input, refusal('the tool is declared otherwise here')), { entries, claims: [] });
});

test('an act whose key another action has claimed ends nothing and claims nothing; that it was refused is on record', () => {
  const reason = 'the key was claimed for another action, before an operator reset the conversation';
  deepEqual(told('act', { proposal, warrant: {} }, settled(`${reason}, so nothing was run for this one`)), {
    entries: [['c:1:0', 'refused:d2', 'c']],
    claims: [],
  });
  const ending = { kind: 'unknown', reason: 'its key was claimed for another action, so nothing was run for this one' };
  deepEqual(
    told('closeUnfinished', { proposal, as: 'failed', reason: '' }, { kind: 'result', result: ending, atMs: 2 }),
    {
      entries: [],
      claims: [],
    },
  );
});

test('that something happened is said where the report says that it stands, and not where another word does', () => {
  const answer = { decisionId: 'd', personId: 'olga', answer: 'happened', reason: '', atMs: 1, signed: '' };
  const reported = (text: string): Answer<unknown> => {
    const report = Buffer.from(JSON.stringify({ kind: 'report', text })).toString('base64url');
    return { kind: 'result', result: `head.${report}.end`, atMs: 2 };
  };
  const ended = (text: string) => told('closeQuestion', { question: { proposal }, answer }, reported(text)).entries;
  deepEqual(ended('Whether it happened: note. It happened.'), [['c:1:0', 'corrected', 'c']]);
  deepEqual(ended('Whether it happened: note. A person says that it happened.'), []);
});

test('what one process cannot hold is not rebuilt: entries, and the words of transcripts', () => {
  assertHeld({ entries: { size: 1_000_000 }, itemChars: 250_000_000 });
  throws(
    () => assertHeld({ entries: { size: 1_000_001 }, itemChars: 0 }),
    /^Error: more than 1000000 entries are lost/,
  );
  throws(() => assertHeld({ entries: { size: 1 }, itemChars: 250_000_001 }), /more than 250000000 characters of trans/);
});

test('a summary that a model chose is a call on record; one that code chose is none', () => {
  const input = { conversationId: 'c', agent: 'desk', turn: 7, sources: ['i1'], earlier: '', byCode: false };
  const made = (by: string): Answer<unknown> => {
    return {
      kind: 'result',
      result: { item: { id: 'i2', kind: 'summary' }, by, promptTokens: 3, completionTokens: 1 },
      atMs: 2,
    };
  };
  deepEqual(told('sumUp', input, made('model')), { entries: [['c', 'model:7:summary', 'c']], claims: [] });
  deepEqual(told('sumUp', input, made('code')), { entries: [], claims: [] });
});
