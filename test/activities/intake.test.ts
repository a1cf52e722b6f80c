// Taking in what people wrote: whose words count, what goes on record, and when a model is to look.
import { deepEqual, equal, ok } from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { defineAgent } from 'countersign';
import { declarationsOf } from '../../activities/declaration.ts';
import { createOpenTurn } from '../../activities/workflows/turns.ts';
import { createReserve } from '../../activities/workflows/budgets.ts';
import { createTakeIntake } from '../../activities/workflows/intake.ts';
import type { IntakeTaken, IntakeWork } from '../../domain/opened-turn.ts';
import type { WorkflowsDeps } from '../../activities/workflows/deps.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../store/embedded.ts';
import { KEPT } from '../support/kept.ts';
import type { Store } from '../../store/ports.ts';
import { openStore } from '../../store/store.ts';
import { quoteMark, sha256Hex } from '../../trust/digest.ts';
import { createSigner, createVerifier, generateSigningKey } from '../../trust/signing.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { claims, eur, shopIntake } from '../support/intake.ts';
import { noRuns } from '../support/no-runs.ts';
import { rulesHere } from '../support/rules.ts';

const api = createSigner('api', generateSigningKey());
const workflows = createSigner('workflows', generateSigningKey());
const person = (id: string) => ({ id, name: id, tenant: 'default' });
const agent = defineAgent({ ...createTestAgent(createFarSide()), intake: shopIntake });
const agents = new Map([['tester', { agent, ruleVersion: 'v1', declarations: declarationsOf(agent) }]]);
let folder: string;
let postgres: EmbeddedPostgres;
let store: Store;
let deps: WorkflowsDeps;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-intake-'));
  postgres = await startEmbeddedPostgres({ dataDir: folder, freshIn: KEPT });
  store = await openStore({ pool: postgres.poolConfig });
  deps = {
    store,
    agents,
    directory,
    rules: rulesHere(agents),
    signer: workflows,
    verifier: createVerifier({ api: [api.publicKey], workflows: [workflows.publicKey] }),
    workflowState: async () => 'running',
    runs: noRuns,
    nowMs: () => 1_000,
  };
});
after(async () => {
  await store?.close();
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Saying {
  readonly answer?: object;
  /** The form, with empty lists where the answer has none; else the answer as it is. */
  readonly isWhole?: boolean;
  readonly from?: string;
  readonly handedOver?: boolean;
}
type Said = { readonly work: IntakeWork | undefined } & Partial<IntakeTaken>;

/** A conversation of ada's, and what one turn after the other makes of it. */
async function aConversation(conversationId: string) {
  const opened = { kind: 'conversation_opened', agent: 'tester', tenant: 'default', owner: 'olga' } as const;
  const fact = { ...opened, principal: person('ada') };
  await store.record([{ subject: conversationId, step: 'opened', conversationId, atMs: 1, fact }]);
  const show: string[] = [];
  let turn = 0;
  const open = async (text: string, from: string, handedOver: boolean) => {
    const id = `m${turn}`;
    const said = { conversationId, messageId: id, principal: person(from), textSha256: sha256Hex(text), atMs: 1 };
    const signed = await api.sign({ kind: 'message', ...said });
    const of = { conversationId, agent: 'tester', tenant: 'default', turn };
    const message = { id, text, principalId: from, signed };
    const result = await createOpenTurn(
      deps,
      createReserve(deps),
    )({ of, messages: [message], handedOver, answers: true });
    if (result.kind !== 'speaks' && result.kind !== 'noted') throw new Error(`it is ${result.kind}`);
    return { of, fresh: result.items.map((item) => item.id), work: result.intake };
  };
  return {
    async say(
      text: string,
      { answer = {}, isWhole = true, from = 'ada', handedOver = false }: Saying = {},
    ): Promise<Said> {
      turn += 1;
      const { of, fresh, work } = await open(text, from, handedOver);
      show.push(...fresh);
      if (work === undefined) return { work };
      const item = { key: `turn:${turn}:facts`, conversationId, turn, trust: 'model' } as const;
      const written = await store.items.append([
        { ...item, body: { kind: 'facts', text: JSON.stringify(isWhole ? { ...NOTHING, ...answer } : answer) } },
      ]);
      const itemId = work === 'fill' ? (written[0]?.id ?? '') : '';
      const input = { of, fresh, show, work, itemId, mayAsk: !handedOver };
      const taken = await createTakeIntake(deps)(input);
      deepEqual(await createTakeIntake(deps)(input), taken); // a retry of the same
      return { work, ...taken };
    },
    standing: async () => (await store.conversations.get(conversationId))?.intake,
    entries: async () =>
      (await store.ledger.ofConversation(conversationId, 0, 100)).filter((one) => one.fact.kind === 'intake'),
    show,
  };
}

const NOTHING = { orderId: [], what: [], amount: [], injured: [] };
const DAMAGED = { orderId: claims('1042', 'order 1042'), what: claims('damaged', 'damaged') };

test('facts, their quotes and the route go on record once, and the conversation shows them', async () => {
  const talk = await aConversation('i-record');
  const taken = await talk.say('My order 1042 is damaged', { answer: { ...DAMAGED, priority: 'LOW' } });
  deepEqual(taken, { work: 'fill', priority: 3, queue: 'returns', next: 'goes_on', words: '' });
  const [entry, ...more] = await talk.entries();
  equal(more.length, 0);
  ok(entry?.fact.kind === 'intake');
  const [message] = await store.items.load('i-record', talk.show);
  deepEqual(entry.fact.facts[0], {
    name: 'orderId',
    state: 'verified',
    why: '',
    quotes: [quoteMark(message!, 'order 1042')],
  });
  deepEqual([entry.seal, entry.fact.version, entry.fact.values['what']?.said], ['fits', 'v1', ['damaged']]);
  deepEqual((await talk.standing())?.queue, 'returns');
});

test('what people said is sealed: without it the states and the route are told still', async () => {
  const talk = await aConversation('i-sealed');
  await talk.say('I paid 700.00 EUR', { answer: { amount: claims(eur('700.00'), '700.00 EUR') } });
  const [exported] = (await store.ledger.hashed(0, 1_000)).filter(
    ({ text: entry }) => entry.includes('i-sealed') && entry.includes('"intake"'),
  );
  ok(exported !== undefined && !exported.text.includes('70000') && exported.text.includes('finance'));
});

test('a model looks at the first message, at what is new, and while something is open; nothing else costs a call', async () => {
  const talk = await aConversation('i-when');
  equal((await talk.say('hello')).work, 'fill');
  equal((await talk.say('how are you?')).work, undefined);
  deepEqual(await talk.say('it is damaged', { answer: { what: DAMAGED.what } }), {
    ...{ work: 'fill', priority: 3, queue: 'returns', next: 'asks', words: 'Which order is it?' },
  });
  equal((await talk.say('a moment')).next, 'asks');
  deepEqual(await talk.say('order 1042', { answer: { orderId: DAMAGED.orderId } }), {
    ...{ work: 'fill', priority: 3, queue: 'returns', next: 'goes_on', words: '' },
  });
  equal((await talk.say('thanks, order 1042')).work, undefined);
});

test('a quote may stand in an earlier message, and what was found there counts on', async () => {
  const talk = await aConversation('i-earlier');
  await talk.say('My order 1042 is damaged');
  equal((await talk.standing())?.facts[0]?.state, 'unverified');
  await talk.say('and late', { answer: DAMAGED });
  deepEqual(
    (await talk.standing())?.facts.slice(0, 2).map(({ state, said, quoted }) => [state, said, quoted]),
    [
      ['verified', ['1042'], ['1042']],
      ['unverified', ['damaged', 'late'], ['damaged']],
    ],
  );
});

test('an answer that is not the form is no look: a person is called, and each turn asks for one until a model has looked', async () => {
  const talk = await aConversation('i-unread');
  const broken = { answer: { ...NOTHING, injured: 'perhaps' }, isWhole: false };
  deepEqual(await talk.say('hello', broken), {
    ...{ work: 'fill', priority: 3, queue: 'desk', next: 'hands_over' },
    words: 'Somebody of the team takes over from here, and reads what you wrote.',
  });
  // Nothing new is said, and still nobody has looked; a person is not called twice for it.
  deepEqual(await talk.say('how are you?', broken), {
    ...{ work: 'fill', priority: 3, queue: 'desk', next: 'goes_on', words: '' },
  });
  equal((await talk.say('still there?')).next, 'goes_on');
  equal((await talk.say('thanks')).work, undefined);
});

test('words of the team are nobody’s facts; of whoever else speaks there they are', async () => {
  const talk = await aConversation('i-whose');
  deepEqual(await talk.say('were you injured?', { from: 'olga' }), { work: undefined });
  equal((await talk.say('he was injured', { from: 'ben' })).next, 'hands_over');
});

test('while a person has taken over no model is asked and nothing is asked back, and the priority moves up', async () => {
  const talk = await aConversation('i-person');
  await talk.say('hello');
  const taken = await talk.say('it is damaged, and I am injured', { handedOver: true });
  deepEqual([taken.work, taken.priority, taken.queue, taken.next], ['read', 1, 'safety', 'hands_over']);
});
