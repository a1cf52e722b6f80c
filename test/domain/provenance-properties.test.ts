// What holds of every text: nobody gains by adding one, and the automaton finds what a plain search finds.
import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { byOrigin } from '../../domain/by-origin.ts';
import type { Item } from '../../domain/item.ts';
import { createFinder, createMask } from '../../domain/occurrences.ts';
import { createTracer } from '../../domain/provenance.ts';
import { decideByRules } from '../../domain/rule.ts';
import { ADA } from './builders.ts';

// Few words, so that texts and values meet by chance.
const WORDS = [
  'Anne',
  'Benno',
  '4711',
  '12',
  'a@b.example',
  'b.example',
  'https://b.example/q',
  '2025-01-11',
  'May 3 2025',
];
const aWord = fc.constantFrom(...WORDS, ',', '>', '"', '\n', 'x');
const aText = fc.array(aWord, { maxLength: 8 }).map((words) => words.join(' '));
const aValue = fc.oneof(aText, fc.constantFrom(4711, 12, true, '2025-05-03'));

const BODIES = {
  own: (text: string): Item['body'] => ({ kind: 'message', text, from: ADA }),
  record: (text: string): Item['body'] => ({ kind: 'tool_result', callId: 'k', tool: 'look_up', text }),
  mail: (text: string): Item['body'] => ({ kind: 'tool_result', callId: 'm', tool: 'read_mail', text }),
  reply: (text: string): Item['body'] => ({ kind: 'reply', text, by: 'model' }),
} as const;
type Said = readonly [by: keyof typeof BODIES, text: string];
const anItem = ([by, text]: Said, at: number): Item => {
  const trust = by === 'record' ? 'record' : 'untrusted';
  return {
    id: `i${at}`,
    conversationId: 'c',
    turn: 1,
    seq: at,
    trust,
    body: BODIES[by](text),
    salt: 's',
    createdMs: 0,
  };
};
const someSaid = fc.array(fc.tuple(fc.constantFrom('own', 'record', 'mail', 'reply' as const), aText), {
  maxLength: 5,
});

function ruledOn(said: readonly Said[], args: { readonly to: string | number | boolean; readonly text: string }) {
  const trace = createTracer({ items: said.map(anItem), principal: ADA, instructions: '', forgotten: 'clean' });
  const provenance = trace(args);
  const facts = {
    actionId: 'a',
    tool: 't',
    effect: 'write',
    input: args,
    evidence: null,
    principal: ADA,
    groups: [],
    nowMs: 0,
  } as const;
  const ruled = [true, false].map((egress) => {
    const action = { ...facts, egress, critical: ['to'], provenance };
    return decideByRules(byOrigin({ group: 'support' }), 'v', action).kind;
  });
  const own = provenance.values.filter(({ origin }) => origin === 'principal');
  const pathsOf = (values: typeof own) => values.map(({ path }) => path);
  return { ruled, own: pathsOf(own), whole: pathsOf(own.filter(({ match }) => match !== 'composed')) };
}

test('who adds a text that is not the requester’s takes no word of theirs away, makes none, and gets nothing allowed', () => {
  const added = fc.tuple(fc.constantFrom('mail', 'reply' as const), aText, fc.nat(5));
  const args = fc.record({ to: aValue, text: aText });
  fc.assert(
    fc.property(someSaid, added, args, (said, [by, text, at], what) => {
      const before = ruledOn(said, what);
      const after = ruledOn([...said.slice(0, at), [by, text], ...said.slice(at)], what);
      // What is put together of the requester's words may turn out to be copied; what stands there as it is stays theirs.
      deepEqual(
        before.whole.filter((path) => !after.own.includes(path)),
        [],
      );
      deepEqual(
        after.own.filter((path) => !before.own.includes(path)),
        [],
      );
      before.ruled.forEach((kind, which) => equal(kind === 'ask' && after.ruled[which] === 'allow', false));
    }),
    {
      numRuns: 2_000,
      examples: [
        [[['own', 'May 3 2025 12']], ['mail', '', 0], { to: 12, text: 'May 3 2025' }],
        [[['own', '4711']], ['reply', 'Anne https://b.example/q', 0], { to: 4711, text: 'Anne https://b.example/q' }],
      ],
    },
  );
});

const someAtoms = (maxLength: number) => fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength });
const standsAt = (atoms: readonly string[], phrase: readonly string[], at: number) =>
  phrase.length > 0 && phrase.every((atom, next) => atoms[at + next] === atom);

test('the automaton finds each phrase in the best text that a plain search finds it in', () => {
  fc.assert(
    fc.property(
      fc.array(someAtoms(5), { maxLength: 5 }),
      fc.array(someAtoms(12), { maxLength: 4 }),
      (phrases, texts) => {
        const finder = createFinder(phrases);
        texts.forEach((atoms, rank) => finder.look(atoms, rank));
        for (const phrase of phrases) {
          const found = texts.findIndex((atoms) => atoms.some((_, at) => standsAt(atoms, phrase, at)));
          equal(finder.find(phrase), found === -1 ? undefined : found);
        }
      },
    ),
    { numRuns: 1_000 },
  );
});

test('a mask takes out every phrase, wherever they overlap, and nothing else', () => {
  fc.assert(
    fc.property(fc.array(someAtoms(4), { maxLength: 4 }), someAtoms(12), (phrases, atoms) => {
      const hidden = new Set<number>();
      for (const phrase of phrases) {
        atoms.forEach((_, at) => {
          if (standsAt(atoms, phrase, at)) phrase.forEach((_atom, next) => hidden.add(at + next));
        });
      }
      deepEqual(
        createMask(phrases)(atoms),
        atoms.map((atom, at) => (hidden.has(at) ? '' : atom)),
      );
    }),
    { numRuns: 1_000 },
  );
});
