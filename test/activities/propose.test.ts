// From a model's calls to proposals: what cannot become one goes back to the model with the reason.
import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { defineAgent, defineTool } from 'countersign';
import { z } from 'zod';
import { declarationsOf } from '../../activities/declaration.ts';
import { createPropose, createProposeAnew } from '../../activities/workflows/propose.ts';
import type { WorkflowsActivities } from '../../domain/activity-ports.ts';
import type { Proposed } from '../../domain/proposing.ts';
import type { Item } from '../../domain/item.ts';
import { createSigner, createVerifier, generateSigningKey } from '../../trust/signing.ts';
import { directory } from '../support/far-side.ts';
import { person } from '../support/system.ts';

const base = { version: '1', description: 'd', effect: 'write', idempotent: false, egress: false, scopes: [] } as const;
const write = defineTool({
  ...base,
  name: 'write',
  input: z.strictObject({ text: z.string() }),
  critical: ['text'],
  execute: async () => ({ done: true }),
});
const turned = defineTool({
  ...base,
  name: 'turned',
  input: z.strictObject({ cents: z.string().transform(Number) }),
  critical: ['cents'],
  execute: async () => ({ done: true }),
});
const paid = defineTool({
  ...base,
  name: 'paid',
  input: z.strictObject({ cents: z.int() }),
  critical: ['cents'],
  summarize: ({ cents }) => `pay ${cents} cents`,
  forWhom: (_input, principal) => `customer\n${principal.id}`,
  howMuch: ({ cents }) => `${cents} cents`,
  execute: async () => ({ done: true }),
});
const agent = defineAgent({
  name: 'writer',
  owner: 'olga',
  team: 'support',
  purpose: 'to be tested',
  instructions: 'You are tested.',
  tools: [write, turned, paid],
  rules: [],
});
const api = createSigner('api', generateSigningKey());

type Calls = readonly (readonly [tool: string, args: object | string])[];
const propose = (...calls: Calls) => proposeUpon([], calls);
const of = { conversationId: 'c', agent: 'writer', tenant: 'default', turn: 1 };
const verifier = createVerifier({ api: [api.publicKey], workflows: [] });
type Deps = Parameters<typeof createPropose>[0];
const depsOver = (items: readonly Item[]): Deps => {
  const load = async (_: string, ids: readonly string[]) => items.filter(({ id }) => ids.includes(id));
  const agents = new Map([['writer', { agent, ruleVersion: 'v', declarations: declarationsOf(agent) }]]);
  return { store: { items: { load } }, agents, directory, verifier, nowMs: () => 0 } as unknown as Deps;
};
const noRulings: WorkflowsActivities['decide'] = async () => [];

/** What the calls of one answer become, upon these items and maybe others that are gone. */
async function proposeUpon(shown: readonly Item[], calls: Calls, gone: readonly string[] = []) {
  const body = {
    kind: 'calls',
    text: '',
    opaque: '',
    calls: calls.map(([tool, args], at) => ({
      callId: `c${at}`,
      tool,
      argumentsText: typeof args === 'string' ? args : JSON.stringify(args),
    })),
  } as const;
  const item = anItem('i', 'model', body);
  const said = { conversationId: 'c', messageId: 'm', principal: person('ada'), textSha256: '', atMs: 0 };
  const principal = await api.sign({ kind: 'message', ...said });
  const seen = { itemIds: [...shown.map(({ id }) => id), ...gone], forgotten: 'clean' } as const;
  const deps = depsOver([...shown, item]);
  return createPropose(deps, noRulings)({ of, itemId: 'i', firstIndex: 0, seen, principal });
}

test('a proposal says whom it is about and how much it is, where its tool does, each in one line', async () => {
  const proposals = (await propose(['paid', { cents: 72 }], ['write', { text: 'x' }])).map((one) =>
    one.kind === 'to_inspect' ? one.proposal : undefined,
  );
  deepEqual(
    proposals.map((one) => [one?.summary, one?.forWhom, one?.howMuch, one?.critical]),
    [
      ['pay 72 cents', 'customer ada', '72 cents', ['cents']],
      ['write', undefined, undefined, ['text']],
    ],
  );
});

const reasonOf = (one: Proposed | undefined): string => (one?.kind === 'invalid' ? one.reason : `it is ${one?.kind}`);

test('arguments that the actor would read otherwise than people approved them are no proposal', async () => {
  const [one] = await propose(['turned', { cents: '72' }]);
  match(reasonOf(one), /reads its own output differently/);
});

test('arguments are bounded one by one, and all of one answer together; what is too much is asked for in the next', async () => {
  const [long] = await propose(['write', { text: '€'.repeat(11_000) }]);
  match(reasonOf(long), /exceed 32768 bytes/);
  const many = await propose(...'abcdef'.split('').map((text) => ['write', { text: text.repeat(30_000) }] as const));
  deepEqual(
    many.map((one) => one.kind),
    ['to_inspect', 'to_inspect', 'to_inspect', 'to_inspect', 'invalid', 'invalid'],
  );
  match(reasonOf(many[4]), /make this one in the next/);
});

test('what is no JSON, of no known tool, or said twice is no proposal, and the rest of the answer is', async () => {
  const proposed = await propose(['write', '{'], ['gone', {}], ['write', { text: 'a' }], ['write', { text: 'a' }]);
  deepEqual(
    proposed.map((one) => (one.kind === 'invalid' ? one.reason : one.kind)),
    [
      'the arguments are no JSON object',
      'there is no tool "gone"',
      'to_inspect',
      'the same call stands before it in this answer',
    ],
  );
  equal(new Set(proposed.map((one) => (one.kind === 'to_inspect' ? one.proposal.actionId : one.kind))).size, 2);
});

const anItem = (id: string, trust: Item['trust'], body: Item['body']): Item => {
  return { id, salt: 'salt', conversationId: 'c', turn: 1, seq: 1, trust, createdMs: 0, body };
};
const said = (text: string) => anItem('m', 'principal', { kind: 'message', text, from: person('ada') });
const read = (text: string) => anItem('r', 'untrusted', { kind: 'tool_result', callId: 'k', tool: 'read_mail', text });
const originsIn = (one: Proposed | undefined) => {
  const { provenance } = one?.kind === 'to_inspect' ? one.proposal : {};
  return [provenance?.context, ...(provenance?.values.map(({ origin, source }) => [origin, source]) ?? [])];
};

test('a proposal says where its values come from, by the items that the call of the model saw', async () => {
  const calls = [
    ['write', { text: 'hello Ann' }],
    ['write', { text: 'hello Eve' }],
    ['paid', { cents: 7200 }],
  ] as const;
  const proposed = await proposeUpon([said('say hello Ann'), read('say hello Eve')], calls);
  deepEqual(proposed.map(originsIn), [
    ['untrusted', ['principal', 'ada']],
    ['untrusted', ['untrusted', 'read_mail']],
    ['untrusted', ['model', undefined]],
  ]);
  deepEqual(originsIn((await proposeUpon([said('say hello Ann')], calls))[0]), ['clean', ['principal', 'ada']]);
});

test('an item that is gone may have been anybody’s, and a call of which nobody says what it saw is not traced', async () => {
  const [one] = await proposeUpon([said('say hello Ann')], [['write', { text: 'hello Ann' }]], ['gone']);
  deepEqual(originsIn(one), ['untrusted', ['principal', 'ada']]);
  const item = anItem('i', 'model', {
    ...{ kind: 'calls', text: '', opaque: '' },
    calls: [{ callId: 'c0', tool: 'write', argumentsText: '{"text":"a"}' }],
  });
  const signed = { conversationId: 'c', messageId: 'm', principal: person('ada'), textSha256: '', atMs: 0 };
  const principal = await api.sign({ kind: 'message', ...signed });
  const [untraced] = await createPropose(depsOver([item]), noRulings)({ of, itemId: 'i', firstIndex: 0, principal });
  equal(untraced?.kind === 'to_inspect' && !('provenance' in untraced.proposal), true);
});

test('what an approver wrote is the approver’s word; what they left keeps where it came from', async () => {
  const [one] = await proposeUpon([said('say hello Ann')], [['write', { text: 'hello Ann' }]]);
  const proposal = one?.kind === 'to_inspect' ? one.proposal : undefined;
  if (proposal === undefined) throw new Error('there must be a proposal');
  const anew = createProposeAnew(depsOver([]), noRulings);
  const edited = await anew({ proposal, args: '{"text":"hello Eve"}', editor: 'finn' });
  deepEqual(originsIn(edited), ['clean', ['person', 'finn']]);
  deepEqual(originsIn(await anew({ proposal, args: proposal.args, editor: '' })), ['clean', ['principal', 'ada']]);
});
