import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PGlite } from '@electric-sql/pglite';
import type { Agent, ToolContext } from 'countersign';
import onCall from '../../agents/on-call/index.ts';
import supportDesk from '../../agents/support-desk/index.ts';
import { formatMoney, parseCents } from '../../agents/support-desk/money.ts';
import { aCall, ADA, aWorld, FINN, NOW_MS, sqlOver } from './support.ts';

let db: PGlite;
before(async () => {
  db = await PGlite.create();
});
after(() => db.close());

interface Played {
  readonly tools: readonly string[];
  readonly lastArgs: object;
  readonly said: string;
}

/** Play a message as the scripted model would, every call allowed. `endings` overrides the text of a call's result. */
async function play(agent: Agent, text: string, endings: readonly string[] = []): Promise<Played> {
  const world = aWorld(sqlOver(db));
  for (const system of agent.systems) if (system.kind === 'database') await system.prepare(world.sql, NOW_MS);
  const intent = agent.demo.find(({ matches }) => matches.test(text));
  if (intent === undefined) return { tools: [], lastArgs: {}, said: '' };
  const groups = { ...intent.matches.exec(text)?.groups };
  const results: string[] = [];
  const tools: string[] = [];
  let lastArgs: object = {};
  for (const step of [intent.call, ...(intent.then ?? [])]) {
    const call = step(groups, results);
    if (call === undefined) break;
    tools.push(call.tool);
    lastArgs = call.args;
    const ending = endings[results.length];
    results.push(ending ?? JSON.stringify(await run(agent, call, world.context(`${text}:${results.length}`))));
  }
  const last = results.at(-1) ?? '';
  return { tools, lastArgs, said: intent.say?.(last) ?? last };
}

async function run(agent: Agent, call: { tool: string; args: object }, context: ToolContext): Promise<unknown> {
  const started = agent.procedures.find(({ name }) => name === call.tool);
  if (started !== undefined) return { started: started.input.parse(call.args) };
  const tool = agent.tools.find(({ name }) => name === call.tool);
  assert.ok(tool, `the agent has no tool ${call.tool}`);
  const input = tool.input.parse(call.args);
  return tool.execute(aCall(input as never, agent === onCall ? FINN : ADA), context);
}

// Tools that the code of procedures calls, and no model need call.
const OF_PROCEDURES = ['set_ticket_state'];

for (const agent of [supportDesk, onCall]) {
  test(`every example of ${agent.name} is understood as the intent that it stands for`, () => {
    for (const intent of agent.demo) {
      assert.equal(agent.demo.find(({ matches }) => matches.test(intent.example))?.example, intent.example);
      assert.equal(intent.matches.flags.includes('g'), false, 'a global pattern remembers where it stopped');
    }
  });

  test(`every tool and procedure of ${agent.name} is reached by an example`, async () => {
    const reached = new Set<string>(OF_PROCEDURES);
    for (const { example } of agent.demo) for (const tool of (await play(agent, example)).tools) reached.add(tool);
    const all = [...agent.tools, ...agent.procedures].map(({ name }) => name);
    assert.deepEqual(
      all.filter((name) => !reached.has(name)),
      [],
    );
  });
}

test('the scripted support desk reads the amount from the order before it refunds all of it', async () => {
  await db.exec('drop schema if exists shop cascade');
  const played = await play(supportDesk, 'Hi, please refund order #1042, it is broken');
  assert.deepEqual(played.tools, ['look_up_order', 'refund']);
  assert.deepEqual(played.lastArgs, {
    orderId: '1042',
    amountCents: 7_200,
    currency: 'EUR',
    reason: 'The customer asks for their money back.',
  });
  assert.equal(played.said, '72.00 EUR of order 1042 are refunded.');
  const again = await play(supportDesk, 'refund order 1042 again');
  assert.deepEqual([again.tools, again.said], [['look_up_order'], 'Nothing of order 1042 is left to refund.']);
});

test('what is denied or waits is told as it is', async () => {
  const waits = 'Not done yet: it waits for finance (1 must approve).';
  const denied = 'Not done. denied: there is no such record of the requester';
  assert.equal((await play(supportDesk, 'refund 24.00 EUR of order 1042', [waits])).said, waits);
  const foreign = await play(supportDesk, 'refund order 1044', [denied]);
  assert.deepEqual([foreign.tools, foreign.said], [['look_up_order'], denied]);
});

test('the scripted support desk says what the records say', async () => {
  await db.exec('drop schema if exists shop cascade');
  const said = async (text: string) => (await play(supportDesk, text)).said;
  const way = 'DHL JD014610420099: shipped 2026-03-01, delivered 2026-03-03.';
  assert.equal(await said('Where is order 1042?'), `Order 1042 (72.00 EUR) is delivered. ${way}`);
  assert.equal(await said('where is order 1043'), 'Order 1043 (39.00 EUR) is paid. It has not been shipped yet.');
  assert.match(await said('show my orders'), /^Your orders:\n- 1043 of 2026-03-14: 39\.00 EUR, paid\n/);
  const moved = await said('Change the address of order 1043 to Neue Straße 5, 10115 Berlin.');
  assert.equal(moved, 'Order 1043 now goes to Neue Straße 5, 10115 Berlin, DE.');
  const credit = await said('I want store credit of 10 EUR for order 1042');
  assert.equal(credit, 'You have 10.00 EUR of store credit for order 1042.');
  assert.equal(await said('mail me my orders'), 'The mail to ada@example.com is on its way.');
  assert.match(await said('read ticket 77'), /^Ticket 77, "One bowl arrived broken", is open\.\nAda Brandt: Hello/);
  assert.match(await said('Can I talk to a person?'), /A person of the team takes over/);
});

test('an amount that is not plain euros and cents is not understood, never as another amount or as everything', () => {
  for (const text of [
    ...[
      '1e9 EUR',
      '0,001 EUR',
      '1.234,00 EUR',
      '1 000 EUR',
      '-5 EUR',
      '.5 EUR',
      '12345678 EUR',
      '5 EURx',
      '50 euro cents',
    ],
    ...['EUR 9', '9 USD', '$9', '9', 'five euros'],
  ]) {
    for (const said of [
      `refund ${text} of order 1042`,
      `refund order 1042, ${text}`,
      `${text}: refund order 1042`,
      `store credit of ${text} for order 1042`,
    ]) {
      assert.equal(supportDesk.demo.find(({ matches }) => matches.test(said))?.example, undefined, said);
    }
  }
  for (const text of ['refund 24 EUR of order 1042 and 9 EUR of order 1043', 'refund order 1042 and order 1043']) {
    assert.equal(supportDesk.demo.find(({ matches }) => matches.test(text))?.example, undefined, text);
  }
});

test('no message makes the patterns of the support desk slow', () => {
  for (const part of ['refund ', 'refund EUR ', 'order ', '€', ' ', 'credit 1 EUR ', 'address of order 1042 to a']) {
    const text = `refund ${part.repeat(16_000 / part.length)}`;
    const begunMs = performance.now();
    supportDesk.demo.find(({ matches }) => matches.test(text));
    // 1 s: linear work takes some milliseconds, quadratic work minutes.
    assert.ok(performance.now() - begunMs < 1_000, part);
  }
});

test('money is whole cents, read and written without a fraction getting lost', () => {
  for (const [text, cents] of [
    ['72', 7_200],
    ['72.5', 7_250],
    ['72,05', 7_205],
    ['0.01', 1],
    ['1.234,00', undefined],
    ['-5', undefined],
    ['', undefined],
  ] as const) {
    assert.equal(parseCents(text), cents, text);
  }
  assert.deepEqual(
    [7_200, 5, 0, -150].map((cents) => formatMoney(cents, 'EUR')),
    ['72.00 EUR', '0.05 EUR', '0.00 EUR', '-1.50 EUR'],
  );
});
