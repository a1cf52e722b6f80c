import { deepEqual, equal, match, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { defineTool, type ToolDefinition } from '../../domain/tool.ts';

const WHOLE = {
  name: 'send_letter',
  version: '1',
  description: 'Send a letter',
  input: z.strictObject({ to: z.string(), text: z.string() }),
  effect: 'irreversible',
  idempotent: true,
  egress: true,
  critical: ['to'],
  scopes: ['post:send'],
  execute: async () => ({ done: true }),
} as const satisfies ToolDefinition<{ to: string; text: string }, { done: boolean }>;

/** As plain JavaScript would: nobody has checked the types. */
const declare = (changes: object): unknown => defineTool({ ...WHOLE, ...changes });

const saidOf = (changes: object): string => {
  try {
    declare(changes);
  } catch (error) {
    return String(error instanceof Error ? error.message : error);
  }
  return 'nothing';
};

test('a tool that leaves out what it must declare is no tool, and a sentence says what to write', () => {
  equal(saidOf({}), 'nothing');
  const required = [
    'version',
    'description',
    'input',
    'effect',
    'idempotent',
    'egress',
    'critical',
    'scopes',
    'execute',
  ];
  const starts = required.map((name) => saidOf({ [name]: undefined }).split('; say ')[0]);
  deepEqual(
    starts,
    required.map((name) => `tool "send_letter": ${name} is missing`),
  );
  equal(saidOf({ effect: undefined }), 'tool "send_letter": effect is missing; say "read", "write" or "irreversible"');
});

test('what is nonsense is named, field by field', () => {
  const nonsense = {
    version: '',
    description: ' ',
    input: { type: 'object' },
    output: 'text',
    effect: 'start',
    idempotent: 'yes',
    egress: 0,
    critical: 'to',
    scopes: [''],
    trust: 'trusted',
    preconditions: 'state',
    then: 'stop',
    owner: '',
    execute: 'later',
    inspect: {},
    reconcile: true,
    summarize: 'a letter',
    forWhom: 1,
    howMuch: null,
  };
  const unnamed = Object.entries(nonsense).filter(([name, value]) => {
    return !saidOf({ [name]: value }).startsWith(`tool "send_letter": ${name} is `);
  });
  deepEqual(unnamed, []);
});

test('a critical argument that the input does not have is refused, or it would guard nothing', () => {
  equal(
    saidOf({ critical: ['recipient'] }),
    'tool "send_letter": critical names "recipient", which its input does not have; it has to, text',
  );
  match(saidOf({ input: z.object({ to: z.string() }), critical: ['recipient'] }), /critical names "recipient"/);
  match(saidOf({ input: z.strictObject({}), critical: ['recipient'] }), /it has no argument$/);
  // Where others are let in, nobody can tell.
  equal(saidOf({ input: z.looseObject({ to: z.string() }), critical: ['recipient'] }), 'nothing');
  equal(saidOf({ input: z.record(z.string(), z.string()), critical: ['recipient'] }), 'nothing');
});

test('a name and a time limit that are none are refused', () => {
  for (const name of [undefined, 7, 'Send letter']) throws(() => declare({ name }), /a name is lower_snake_case/);
  for (const timeoutMs of [0, Number.NaN, 60_001, '10s'])
    throws(() => declare({ timeoutMs }), /timeoutMs must be between/);
});

test('a field that nothing knows is refused: a misspelt precondition would guard nothing', () => {
  equal(saidOf({ continues: () => 'm1.r0', memory: true, timeoutMs: 1_000, howMuch: () => '1' }), 'nothing');
  match(
    saidOf({ precondition: ['state'] }),
    /^tool "send_letter": precondition is unknown; there are name, .*preconditions/,
  );
});
