import { deepEqual, equal, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createGateway, DEFAULT_DEADLINES, type Gateway } from '../../api/gateway.ts';
import { GatewayError } from '../../api/gateway-error.ts';
import { CONVERSATION } from '../../domain/protocol.ts';
import { MAX_HEARD_PER_RUN } from '../../domain/run-bounds.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { eventually, obedient, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

// The server's own bounds, of which none is lowered: 10 Updates in flight, 2,000 Updates and 10,000 Signals of one run.
const agent = createTestAgent(createFarSide());
let temporal: TestWorkflowEnvironment;
let system: System;
let gateway: Gateway;
/** While it is shut the model does not answer, and its turn goes on. */
let gate: Promise<void> | undefined;

before(async () => {
  temporal = await startTemporal();
  system = await startSystem({
    temporal,
    agent,
    directory,
    script: async (request) => {
      if (request.transcript.at(-1)?.text === 'think long') await gate;
      return obedient(request);
    },
  });
  gateway = createGateway(system.client, { ...DEFAULT_DEADLINES, updateMs: 3_000, haltMs: 1_000 });
});
after(async () => {
  await gateway?.drain();
  await system?.stop();
  await temporal?.teardown();
});

// 8 at once: fewer than the ten Updates that the server lets in, so that none is sent twice.
const AT_ONCE = 8;

async function each<T>(all: readonly T[], work: (one: T) => Promise<unknown>): Promise<void> {
  const left = [...all];
  const one = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

const to = (conversationId: string) => {
  return { conversationId, agent: agent.name, tenant: 'default', owner: agent.owner, principalId: 'ada' };
};

async function submit(conversationId: string, id: string, text: string) {
  const signed = await system.sign(conversationId, id, text, 'ada');
  const mark = await system.store.sealedBytes.mark(conversationId, text);
  return gateway.submit(to(conversationId), { id, text, principalId: 'ada', signed }, mark);
}

const isFault = (kind: GatewayError['fault']['kind']) => (error: unknown) =>
  error instanceof GatewayError && error.fault.kind === kind;

test('while ten Updates are in flight an eleventh is told that nothing is sure; sent again, each counts once', async () => {
  await system.open('c-flight');
  await system.submit('c-flight', 'm0', 'word 0');
  await system.reply('c-flight', 'm0');
  await system.stopRole('workflows');
  const ids = Array.from({ length: 15 }, (_, n) => `m${n + 1}`);
  const first = await Promise.allSettled(ids.map((id) => submit('c-flight', id, `text of ${id}`)));
  for (const one of first) ok(one.status === 'rejected' && isFault('unavailable')(one.reason));
  // Nor does an Update of an operator get in; the Signal in its place does.
  equal(await gateway.halt(to('c-flight'), 'pause'), undefined);
  await system.restartRoles();
  await eventually(
    async () => ((await gateway.view('c-flight'))?.phase === 'paused' ? true : undefined),
    'the pause that came by Signal',
  );
  for (const id of ids) {
    const again = () => submit('c-flight', id, `text of ${id}`).catch(() => undefined);
    equal((await eventually(again, `a ticket of ${id}`)).messageId, id);
  }
  await system.command('c-flight', 'resume');
  for (const id of ids) await system.reply('c-flight', id);
  const taken = (await system.transcript('c-flight')).filter((line) => line.startsWith('message: text of'));
  deepEqual(taken.toSorted(), ids.map((id) => `message: text of ${id}`).toSorted());
});

test('a turn that is held takes no more Updates of senders than leave room for an operator', async () => {
  await system.open('c-held');
  let open: () => void = () => undefined;
  gate = new Promise((resolve) => (open = resolve));
  await submit('c-held', 'm0', 'think long');
  const said = async () => (await system.transcript('c-held')).length > 0 || undefined;
  await eventually(said, 'the turn');
  // The same id with ever other words: each is an Update of its own, and none is queued.
  const refused: string[] = [];
  const many = Array.from({ length: MAX_HEARD_PER_RUN + 50 }, (_, n) => n);
  await each(many, async (n) => {
    const again = () =>
      submit('c-held', 'm0', `other words ${n}`).catch((error: unknown) => {
        if (!(error instanceof GatewayError) || error.fault.kind !== 'refused') return undefined;
        refused.push(error.fault.type);
        return error;
      });
    await eventually(again, `an answer to ${n}`, 60_000);
  });
  ok(refused.length > 0 && refused.every((type) => type === 'InboxFull'), `${refused.length} were refused`);
  equal((await gateway.halt(to('c-held'), 'pause'))?.phase, 'paused');
  equal((await system.command('c-held', 'resume')).phase, 'open');
  open();
  await system.reply('c-held', 'm0');
  const again = () => submit('c-held', 'm1', 'word 1').catch(() => undefined);
  equal((await eventually(again, 'the next run')).messageId, 'm1');
  await system.reply('c-held', 'm1');
  const messages = (await system.transcript('c-held')).filter((line) => line.startsWith('message: '));
  deepEqual(messages, ['message: think long', 'message: word 1']);
});

test('more Signals than a run may have, of any name, neither end the conversation nor lose a message', async () => {
  await system.open('c-signals');
  const handle = system.handle('c-signals');
  const first = (await handle.describe()).runId;
  const names = [CONVERSATION.procedureWaits, CONVERSATION.actionSettled, CONVERSATION.budgetOpened, 'no such Signal'];
  const many = Array.from({ length: 1_500 }, (_, n) => n);
  const ids: string[] = [];
  for (let round = 0; round < 7; round++) {
    await each(many, (n) => handle.signal(names[n % names.length] ?? '', `nothing ${n}`));
    const again = () => submit('c-signals', `m${round}`, `word ${round}`).catch(() => undefined);
    ids.push((await eventually(again, `a ticket of m${round}`, 60_000)).messageId);
  }
  for (const id of ids) await system.reply('c-signals', id);
  equal((await handle.describe()).runId === first, false, 'the history was renewed');
  const messages = (await system.transcript('c-signals')).filter((line) => line.startsWith('message: '));
  deepEqual(messages.toSorted(), ids.map((id) => `message: word ${id.slice(1)}`).toSorted());
});
