// Whoever declares in plain JavaScript, or leaves something out, is told what to write, and never an error of the language.
import { equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { defineAgent } from '../../domain/agent.ts';
import { fact } from '../../domain/fact-kind.ts';
import { defineIntake } from '../../domain/intake.ts';
import { defineLimit } from '../../domain/limit.ts';
import { defineDirectory } from '../../domain/principal.ts';
import { procedure } from '../../domain/procedure.ts';
import { allow, rule } from '../../domain/rule.ts';
import { defineTool } from '../../domain/tool.ts';

const input = z.strictObject({ title: z.string() });
const addNote = defineTool<z.infer<typeof input>, null>({
  name: 'add_note',
  version: '1',
  description: 'Save a note',
  input,
  effect: 'write',
  idempotent: true,
  egress: false,
  critical: ['title'],
  scopes: [],
  execute: async () => null,
});
const tidyUp = { name: 'tidy_up', version: '1', description: 'Tidy up', input, critical: ['title'] } as const;
const perDay = { name: 'notes', of: [addNote], per: 'principal', within: 'day', timeZone: 'UTC' } as const;
const intake = {
  facts: { number: fact.id(/([0-9]+)/) },
  questions: { number: 'Which one?' },
  route: () => ({ priority: 3, queue: 'notes' }) as const,
  unclear: { priority: 2, queue: 'notes', handover: false },
} as const;
const agent = {
  name: 'notes',
  owner: 'ann',
  team: 'desk',
  purpose: 'Keeps notes',
  instructions: 'Keep notes.',
  tools: [addNote],
  rules: [rule('note.any', addNote, () => allow('a note'))],
  models: ['one'],
  prices: { one: { currency: 'USD', promptPerMillion: 1, completionPerMillion: 1 } },
  procedures: [procedure(tidyUp)],
  systems: [],
  memory: {},
  limits: { modelCallsPerTurn: 2 },
  periodLimits: [defineLimit(perDay)],
  budgets: {},
  retention: {},
  demo: [],
} as const;
const directory = {
  people: [{ id: 'ann', name: 'Ann' }],
  groups: { desk: ['ann'] },
  addresses: { desk: { slack: 'C1' } },
} as const;
const ann = { id: 'ann', name: 'Ann', channels: { slack: 'U1' }, actsFor: [], approvesUpTo: { EUR: 1 } } as const;

/** As plain JavaScript would call it: nobody has checked the types. */
const OF = {
  agent: [defineAgent, { ...agent, intake: defineIntake(intake) }],
  procedure: [procedure, { ...tidyUp, summarize: () => 'tidy up', forWhom: () => 'Ann', howMuch: () => 'all' }],
  limit: [defineLimit, perDay],
  intake: [defineIntake, intake],
  directory: [defineDirectory, directory],
  person: [(person: typeof ann) => defineDirectory({ people: [person], groups: {} }), ann],
} as unknown as Readonly<Record<string, readonly [(given: unknown) => unknown, Readonly<Record<string, unknown>>]>>;

function saidOf(declare: (given: unknown) => unknown, given: unknown): string {
  try {
    declare(given);
  } catch (error) {
    return error instanceof Error && error.name === 'Error' ? error.message : `raw: ${String(error)}`;
  }
  return '';
}

const NONSENSE = [undefined, null, '', 0, 5, NaN, true, () => 1, {}, [], [null], [5], ['x'], { x: null }];

test('no field that is left out or nonsense, of whatever is declared, ends in an error of the language', () => {
  let told = 0;
  for (const [what, [declare, whole]] of Object.entries(OF)) {
    equal(saidOf(declare, whole), '', what);
    for (const name of Object.keys(whole)) {
      for (const value of NONSENSE) {
        const said = saidOf(declare, { ...whole, [name]: value });
        ok(!said.startsWith('raw:'), `${what}.${name} = ${JSON.stringify(value)}: ${said}`);
        told += said === '' ? 0 : 1;
      }
    }
  }
  ok(told > 300, String(told));
});

test('what is missing is named, with what to write', () => {
  const [declare, whole] = OF.agent!;
  const missing = (name: string) => saidOf(declare, { ...whole, [name]: undefined });
  equal(
    missing('owner'),
    'agent "notes": owner is missing; say the id of a person of the directory, who answers for it',
  );
  equal(
    missing('tools'),
    'agent "notes": tools is missing; say what it may do, as a list of defineTool({ … }); [] for nothing',
  );
  match(missing('rules'), /^agent "notes": rules is missing; say .*\[\] every write is denied$/);
  const start = saidOf(OF.procedure![0], { ...tidyUp, critical: undefined });
  match(start, /^procedure "tidy_up": critical is missing; say which arguments/);
  match(saidOf(OF.directory![0], { people: [] }), /^directory: groups is missing; say ids of people by group/);
  match(saidOf(OF.directory![0], undefined), /^directory: it is undefined; write an object/);
  match(saidOf(OF.limit![0], { ...perDay, of: undefined }), /^limit "notes": of is missing; say which tools/);
  match(saidOf(OF.intake![0], { ...intake, unclear: undefined }), /^intake: unclear is missing; say where it goes/);
});

test('a rule about what is no tool, such as its name, is none', () => {
  const about = (tool: unknown) => saidOf(() => rule('note.any', tool as typeof addNote, () => allow('a note')), 0);
  equal(about(addNote), '');
  for (const tool of [undefined, null, 'add_note', {}, () => undefined]) {
    match(about(tool), /^rule "note.any": what it is about is no tool; hand it the tool itself/);
  }
});

test('a field that nothing knows is refused, of whatever is declared: what it should have said would not hold', () => {
  for (const [what, [declare, whole]] of Object.entries(OF))
    match(saidOf(declare, { ...whole, aproves: 1 }), /aproves is unknown; there are .*\w/, what);
});

test('a name that nothing knows is refused: a misspelt limit would be a limit that is not there', () => {
  const define = defineAgent as (given: unknown) => unknown;
  match(
    saidOf(define, { ...agent, limit: { modelCallsPerTurn: 1 } }),
    /agent "notes": limit is unknown; there are name, owner,/,
  );
  for (const [part, value] of [
    ['limits', { modelCallPerTurn: 1 }],
    ['budgets', { perDay: { modelCalls: 1 } }],
  ] as const)
    match(
      saidOf(define, { ...agent, [part]: value }),
      new RegExp(`agent "notes": ${part}\\.\\w+ is unknown; there are`),
    );
});
