// What a tool declares has a digest, which a proposal carries from the ruling to the act.
import { deepEqual, equal, match, notEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { defineTool, type ToolDefinition } from 'countersign';
import { z } from 'zod';
import { declarationDigest, declarationsOf } from '../../activities/declaration.ts';
import { isDeclared } from '../../domain/tool.ts';
import { aProposal } from '../domain/builders.ts';

const inspect: ToolDefinition<unknown, null>['inspect'] = async () => ({
  asOfMs: 1,
  version: '',
  subject: '',
  record: {},
});
const cents = z.int().min(1).max(100);
const declared: ToolDefinition<unknown, null> = {
  name: 'pay',
  version: '1',
  description: 'pay out',
  input: z.strictObject({ order: z.string().regex(/^\d+$/), cents, description: z.string().optional() }),
  output: z.null(),
  effect: 'write',
  idempotent: true,
  egress: false,
  critical: [],
  scopes: ['far:write'],
  preconditions: ['state'],
  inspect,
  execute: async () => null,
};
const digestOf = (over: Partial<ToolDefinition<unknown, null>>): string =>
  declarationDigest(defineTool({ ...declared, ...over }));
const input = (over: z.ZodRawShape): { input: z.ZodType } => ({
  input: z.strictObject({ order: z.string().regex(/^\d+$/), cents, description: z.string().optional(), ...over }),
});

/** Each of them once, and nothing else of the tool. */
const CHANGED: Readonly<Record<string, Partial<ToolDefinition<unknown, null>>>> = {
  name: { name: 'pay_out' },
  version: { version: '2' },
  effect: { effect: 'irreversible' },
  idempotent: { idempotent: false },
  egress: { egress: true },
  critical: { critical: ['cents'] as never },
  scopes: { scopes: ['far:write', 'far:admin'] },
  trust: { trust: 'record' },
  preconditions: { preconditions: ['state', 'amount'] },
  then: { then: 'handover' },
  'that it reconciles': { reconcile: async () => ({ kind: 'unknown' }) },
  'a bound of the input': input({ cents: z.int().min(1).max(101) }),
  'a pattern of the input': input({ order: z.string().regex(/^\w+$/) }),
  'an argument more': input({ note: z.string().optional() }),
  'an argument that may be left out': input({ cents: cents.optional() }),
  'a default of the input': input({ cents: cents.default(5) }),
  'an argument named like the words for the model': input({ description: z.int().optional() }),
  'arguments that are let in unread': { input: z.looseObject({ order: z.string().regex(/^\d+$/), cents }) },
  output: { output: z.literal(null).optional() as unknown as z.ZodType<null> },
};

/** For the model, or for people who read it in the proposal, or of no weight at all. */
const UNCHANGED: Readonly<Record<string, Partial<ToolDefinition<unknown, null>>>> = {
  'how long it may take': { timeoutMs: 1 },
  'its description for the model': { description: 'other words' },
  'who answers for it': { owner: 'olga' },
  'its lines for people': { summarize: () => 'other words', forWhom: () => 'somebody', howMuch: () => 'much' },
  'what the model is told of an argument': input({
    cents: cents.describe('in cents').meta({ title: 'Cents', examples: [5] }),
    description: z.string().describe('why').optional().describe('or not'),
  }),
  'that defaults are written out': { trust: 'untrusted', then: 'nothing' },
};

test('a change of anything that a tool declares voids what was approved, whatever its version says', () => {
  const before = { declarationSha256: digestOf({}), toolVersion: '1', effect: 'write' } as const;
  const proposal = aProposal({ ...before, tool: 'pay', preconditions: ['state'] });
  const stands = (over: Partial<ToolDefinition<unknown, null>>): boolean =>
    isDeclared(defineTool({ ...declared, ...over }), digestOf(over), proposal);
  equal(stands({}), true);
  deepEqual(
    Object.keys(CHANGED).filter((what) => stands(CHANGED[what] ?? {})),
    [],
  );
  deepEqual(
    Object.keys(UNCHANGED).filter((what) => !stands(UNCHANGED[what] ?? {})),
    [],
  );
  equal(new Set(Object.values(CHANGED).map(digestOf)).size, Object.keys(CHANGED).length);
});

test('that a tool inspects, and that it answers in a form of its own, is declared too', () => {
  const { inspect: _, output: __, ...bare } = { ...declared, preconditions: [] };
  const digest = declarationDigest(defineTool(bare));
  notEqual(digest, declarationDigest(defineTool({ ...bare, inspect })));
  notEqual(digest, declarationDigest(defineTool({ ...bare, output: z.null() })));
});

test('a proposal of an earlier version has no digest, and stands as it stood', () => {
  const { declarationSha256, ...proposal } = aProposal({ toolVersion: '1', effect: 'write', tool: 'pay' });
  equal(declarationSha256, undefined);
  const over = { scopes: ['far:admin'] };
  equal(isDeclared(defineTool({ ...declared, ...over }), digestOf(over), proposal), true);
  equal(isDeclared(defineTool({ ...declared, version: '2' }), digestOf({ version: '2' }), proposal), false);
});

test('a digest stays what it was from version to version, or all that waits would be asked about anew', () => {
  equal(digestOf({}), 'c854f716254b6ea4f4e3a5808f6d2a6c5ec3458d960cae8c9deb68ef537fe5dd');
});

test('each tool of an agent has its digest; a schema that cannot be written down stops the start with a sentence', () => {
  const pay = defineTool(declared);
  deepEqual([...declarationsOf({ name: 'desk', tools: [pay] })], [['pay', digestOf({})]]);
  match(digestOf({}), /^[0-9a-f]{64}$/);
  const broken = { ...pay, input: {} as z.ZodType<unknown> };
  throws(() => declarationsOf({ name: 'desk', tools: [broken] }), /agent "desk": the schemas of the tool "pay" cannot/);
});
