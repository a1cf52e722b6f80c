// A long result is kept whole, shown in part, and read on by a tool that sees its own conversation alone.
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import { defineTool } from 'countersign';
import { z } from 'zod';
import { createActorActivities } from '../../activities/actor/act.ts';
import { createLocalBroker } from '../../activities/actor/broker.ts';
import { MAX_RESULT_BYTES } from '../../activities/actor/execute.ts';
import { declarationsOf } from '../../activities/declaration.ts';
import { withReadMore } from '../../activities/read-more.ts';
import type { ActResult, Evidence, Proposal } from '../../domain/action.ts';
import { MAX_SHOWN_CHARS } from '../../domain/parts.ts';
import { actionDigest } from '../../trust/digest.ts';
import { ALLOW } from '../domain/builders.ts';
import { createTestAgent } from '../support/far-side.ts';
import { person } from '../support/system.ts';
import { clock, far, payment, verifier, warrantFor, world } from './stage.ts';

const LOG = Array.from({ length: 3_000 }, (_, at) => `line ${at}: all is well with order ${1_000 + at}`).join('\n');
const base = { version: '1', description: 'd', idempotent: true, egress: false, critical: [], scopes: [] } as const;
const input = z.strictObject({ chars: z.int() });
const getLog = defineTool({
  ...{ ...base, name: 'get_log', effect: 'read', trust: 'record', input },
  execute: async ({ input: { chars } }) => (chars > LOG.length ? 'x'.repeat(chars) : LOG.slice(0, chars)),
});
const keepLog = defineTool({
  ...{ ...base, name: 'keep_log', effect: 'write', input },
  execute: async ({ input: { chars } }) => 'ä'.repeat(chars),
});
const plain = createTestAgent(far);
const agent = withReadMore({ ...plain, tools: [...plain.tools, getLog, keepLog] });
const declarations = declarationsOf(agent);

function actor() {
  const agents = new Map([['tester', { agent, ruleVersion: 'test', declarations }]]);
  const have = { databases: new Map(), secrets: new Map(), readSecret: () => undefined, foldersPath: '/nowhere' };
  const broker = createLocalBroker(have);
  return createActorActivities({ ...world, agents, verifier, broker, nowMs: () => clock.nowMs });
}

const calling = (tool: string, args: object, over: Partial<Proposal> = {}): Proposal => {
  const declared = agent.tools.find(({ name }) => name === tool)!;
  const proposal = payment({
    ...{ tool, effect: declared.effect, inspects: declared.inspect !== undefined, preconditions: [] },
    ...{ declarationSha256: declarations.get(tool)!, args: JSON.stringify(args) },
    ...over,
  });
  return { ...proposal, digest: actionDigest(proposal) };
};

async function run(proposal: Proposal, attempt = 1) {
  const { actionId, conversationId } = proposal;
  const proposed = {
    subject: actionId,
    step: 'proposed',
    conversationId,
    atMs: 1,
    fact: { kind: 'proposed', proposal },
  };
  await world.store.record([proposed as never]);
  const warrant = await warrantFor(proposal, ALLOW);
  const task = { proposal, warrant, notesResult: true };
  const acted = await (new MockActivityEnvironment({ attempt }).run(actor().act, task) as Promise<ActResult>);
  const item = await world.store.items.byKey(conversationId, `result:${actionId}`);
  const body = item?.body.kind === 'tool_result' ? item.body : undefined;
  return { ending: acted.kind === 'settled' ? acted.ending : undefined, item, body, text: body?.text ?? '', actionId };
}
const readOn = (result: string, from: number, over: Partial<Proposal> = {}) =>
  run(calling('read_more', { from, result }, over));

test('a result of 100 KB is shown by its ends, kept whole, and read on to its last character under the same label', async () => {
  const first = await run(calling('get_log', { chars: 100_000 }));
  ok(first.text.length <= MAX_SHOWN_CHARS);
  match(first.text, /\[92500 of 100000 characters are left out here; read_more\(\{"result":"\d+:0","from":6000\}\)/);
  equal(first.item?.trust, 'record');
  const row = await world.store.actions.get(first.actionId);
  equal(row?.outcome?.kind === 'succeeded' && row.outcome.result, LOG.slice(0, 100_000));

  let read = first.text.slice(0, first.text.indexOf('\n[92500'));
  for (let from: number | undefined = 6_000; from !== undefined; ) {
    const { text, item } = await readOn(first.body?.place ?? '', from);
    ok(text.length <= MAX_SHOWN_CHARS);
    equal(item?.trust, 'record', 'what it reads is worth what it was worth before');
    const [line = ''] = text.split('\n', 1);
    read += text.slice(line.length + 1);
    const next = /"from":(\d+)/.exec(line)?.[1];
    from = next === undefined ? undefined : Number(next);
  }
  equal(read, LOG.slice(0, 100_000));
});

test('of another conversation nothing is read, nor what is none, nor what did not succeed', async () => {
  const first = await run(calling('get_log', { chars: 9_000 }));
  const place = first.body?.place ?? '';
  const failed = await run(calling('get_log', { chars: MAX_RESULT_BYTES + 1 }), 3);
  for (const [result, conversationId] of [
    [place, 'other'],
    ['999:0', 'act'],
    [failed.actionId.slice(4), 'act'],
  ] as const) {
    const elsewhere = { conversationId, actionId: `${conversationId}:77:${result.length}`, turn: 77 };
    const message = calling('read_more', { from: 0, result }, elsewhere);
    const answer = await run(message).catch((error: unknown) => error);
    ok(!(answer instanceof Error), String(answer));
    equal(
      (answer as Awaited<ReturnType<typeof run>>).text,
      `There is no result ${result} in this conversation, or not any more.`,
    );
    equal((answer as Awaited<ReturnType<typeof run>>).item?.trust, 'untrusted');
  }
});

test('whose data a result is, is who it was read for: evidence says so to the rules', async () => {
  const first = await run(calling('get_log', { chars: 9_000 }));
  const place = first.body?.place ?? '';
  const evidenceFor = async (id: string, result = place) => {
    const proposal = calling('read_more', { from: 0, result }, { principal: person(id) });
    const { principal } = await warrantFor(proposal, ALLOW, { message: { principal: person(id) } });
    const evidence = new MockActivityEnvironment().run(actor().inspect, { proposal, principal }) as Promise<Evidence>;
    const { subject, record } = await evidence;
    return { subject, record };
  };
  deepEqual(await evidenceFor('ada'), { subject: 'ada', record: { found: true, chars: 9_000 } });
  deepEqual(await evidenceFor('bob'), { subject: 'ada', record: { found: true, chars: 9_000 } });
  deepEqual(await evidenceFor('bob', '999:0'), { subject: 'bob', record: { found: false, chars: 0 } });
});

test('a read that gives back more than can be kept fails and says what to do; of a change, which has happened, it is cut', async () => {
  const most = await run(calling('get_log', { chars: MAX_RESULT_BYTES }));
  equal(most.ending?.kind, 'succeeded');
  const more = calling('get_log', { chars: MAX_RESULT_BYTES + 1 });
  await rejects(run(more), /gave back 1048577 bytes, and 1048576 can be kept; ask for less at once/);
  const failed = await run(more, 3);
  deepEqual([failed.ending?.kind, failed.body?.place], ['failed', undefined]);
  match(failed.text, /1048577 bytes, and 1048576 can be kept; ask for less/);
  const kept = await run(calling('keep_log', { chars: MAX_RESULT_BYTES }));
  const row = await world.store.actions.get(kept.actionId);
  equal(row?.outcome?.kind === 'succeeded' && row.outcome.result, 'ä'.repeat(MAX_RESULT_BYTES / 2));
});

test('an agent with tools has it, one without has no result to read, and its name is taken once', async () => {
  equal(agent.tools.at(-1)?.name, 'read_more');
  deepEqual(withReadMore({ name: 'silent', tools: [] }).tools, []);
  await rejects(async () => withReadMore(agent), /"read_more" reads on in long results; give yours another name/);
});
