// What the store loses of transcripts: conversations go on with what they knew, as whose they were.
import { deepEqual, equal, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { exportLines } from '../../api/ledger-export.ts';
import { linesOf } from '../../trust/ledger-file.ts';
import { checkpointText, createNoteSigner } from '../../trust/note.ts';
import { generateSigningKey } from '../../trust/signing.ts';
import { verifyExport } from '../../trust/verify-ledger.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { lossOf, unheardAnswer } from '../support/loss.ts';
import { createPigeon } from '../support/pigeon.ts';
import { eventually, obedient, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

const far = createFarSide();
let temporal: TestWorkflowEnvironment;
let system: System;
let said: readonly string[];
let toldBefore: readonly (readonly string[])[];
const { backUp, rebuild, restore, stopRoles, talk, hasScheduled } = lossOf(() => system);
const pigeon = createPigeon({ textChars: 4_000 });
const inChannel = (to: string) => ({ name: 'pigeon', address: { to, thread: 't1' } });
const toldTo = (to: string): readonly string[] =>
  [...pigeon.standing.values()].flatMap((one) =>
    one.to === to && one.message.kind === 'text' ? [one.message.text] : [],
  );
// A NUL, a sign that turns the line around, letters beyond the plane, and a mark that stands alone.
const ODD = 'hello \0 \u202Eabc 😀 ﷽ \u0301';

before(async () => {
  // The server suggests Continue-As-New after 30 events: a few turns renew the history.
  temporal = await startTemporal('limit.historyCount.suggestContinueAsNew=30');
  const senders = [pigeon];
  system = await startSystem({
    isPlain: true,
    temporal,
    agent: createTestAgent(far),
    directory,
    script: obedient,
    senders,
  });
  await system.open('kept-there', inChannel('KEPT'));
  await backUp();
  await system.open('placed', inChannel('PLACED'));
  for (const id of ['placed', 'kept-there']) {
    for (const [n, text] of ['hello', 'pay 300', 'pay 2000000'].entries()) {
      await system.submit(id, `m${n}`, text);
      await system.reply(id, `m${n}`);
    }
  }
  toldBefore = await eventually(async () => {
    const told = ['PLACED', 'KEPT'].map(toldTo);
    return told.every(({ length }) => length >= 3) ? told : undefined;
  }, 'what is told in the channel');
  await talk('renewed', ODD);
  for (let n = 0; n < 6; n++) await system.submit('renewed', `n${n}`, `word ${n}`);
  await system.reply('renewed', 'n5');
  await system.submit('renewed', 'refused', 'unknown_tool 1');
  await system.reply('renewed', 'refused');
  await system.command('renewed', 'handover');
  await system.submit('renewed', 'staff', 'I am of the team', 'olga');
  await system.reply('renewed', 'staff');
  said = await system.transcript('renewed');
  await system.stopRole('actor');
  await system.open('unheard');
  await system.submit('unheard', 'm1', 'note 7');
  await hasScheduled('unheard', 'act');
  await stopRoles();
  await system.startRole('actor');
  await eventually(() => unheardAnswer(system, 'unheard', far.effects), 'the answer of the act');
  await stopRoles();
  await restore();
  await rebuild();
});
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});

test('a conversation whose history was renewed is that of whoever opened it', async () => {
  const row = await system.store.conversations.get('renewed');
  deepEqual([row?.principal.id, row?.phase], ['ada', 'open']);
});

test('its transcript is there again, but for the words of the model', async () => {
  const again = await system.transcript('renewed');
  deepEqual(
    again.filter((line) => !line.startsWith('reply: ')),
    said.filter((line) => !line.startsWith('reply: ')),
  );
  deepEqual(
    again.map((line) => line.split(': ', 1)[0]),
    said.map((line) => line.split(': ', 1)[0]),
  );
});

test('a conversation stands in the channel in which it stood', async () => {
  deepEqual((await system.store.conversations.get('placed'))?.channel, inChannel('PLACED'));
  equal((await system.store.conversations.get('renewed'))?.channel, null);
});

test('a turn that was in the middle goes on after what it had done, and does not ask for it again', async () => {
  far.effects.splice(1);
  await system.restartRoles();
  await system.reply('unheard', 'm1');
  deepEqual(far.effects, ['note unheard:1:0 7']);
});

test('what it was told in its channel it is not told again; what is said from then on it is told', async () => {
  for (const id of ['placed', 'kept-there']) await system.submit(id, 'm9', 'hello again');
  const told = await eventually(async () => {
    const now = ['PLACED', 'KEPT'].map(toldTo);
    return now.every(({ length }, at) => length > (toldBefore[at]?.length ?? 0)) ? now : undefined;
  }, 'what is said in the channel');
  deepEqual(
    told.map((now, at) => now.slice(0, toldBefore[at]?.length)),
    toldBefore,
  );
  deepEqual(
    told.flatMap((now, at) => now.slice(toldBefore[at]?.length)).filter((text) => /lost|Not done|denied/.test(text)),
    [],
  );
});

test('the ledger is exported and verified under its new name', async () => {
  const { store } = system;
  const origin = await store.checkpoints.origin();
  const signer = createNoteSigner(origin, generateSigningKey());
  const sign = (tree: { readonly size: number; readonly root: Buffer }) =>
    signer.sign(checkpointText({ origin, ...tree }));
  const checkpoint = await store.checkpoints.make({ from: 'last_checkpoint', nowMs: 1, sign });
  ok(checkpoint !== undefined);
  const exported = { origin, checkpoint, from: 1, to: checkpoint.size };
  const log = { error: () => undefined };
  const bytes = async function* () {
    const { signal } = new AbortController();
    for await (const lines of exportLines(store, exported, signal, log)) yield Buffer.from(lines);
  };
  const verified = await verifyExport(linesOf(bytes()), checkpoint.note, signer.verifierKey);
  equal(verified.kind, 'holds', JSON.stringify(verified));
});
