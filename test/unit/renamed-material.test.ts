import { deepEqual, equal, notDeepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { scalarsOf } from '../../domain/leaves.ts';
import { renamed } from '../proofs/injection/rename.ts';
import { allSuites, type Suite } from '../proofs/injection/scenarios.ts';

const SUITES = allSuites();
// 4 letters: shorter words stand in others by chance.
const WORD = /[a-z]{4,}/g;
// What code reads keeps its form: dates and the ends of addresses.
const KEPT =
  /^(?:january|february|march|april|june|july|august|september|october|november|december|https|true|false|sept)$/;

const wordsOf = (values: readonly unknown[]): ReadonlySet<string> =>
  new Set(
    values.flatMap(
      (value) =>
        JSON.stringify(value)
          .toLowerCase()
          .replace(/\\[nrt]/g, ' ')
          .match(WORD) ?? [],
    ),
  );

/** The values of all calls, without the names of arguments and of fields inside them: those are the tool's own form. */
const valuesOf = ({ scenarios }: Suite): readonly unknown[] =>
  scenarios.flatMap(({ steps }) => steps.flatMap(({ args }) => scalarsOf(args).map(({ value }) => value)));

test('a seed changes every name and every word of a value, in all texts alike', () => {
  for (const suite of SUITES) {
    const other = renamed(suite, 11);
    const names = new Set(suite.tools.map(({ name }) => name));
    deepEqual(
      other.tools.map(({ name }) => name).filter((name) => names.has(name)),
      [],
      suite.name,
    );
    const before = [...wordsOf(valuesOf(suite))].filter((word) => !KEPT.test(word));
    const after = wordsOf(valuesOf(other));
    deepEqual(
      before.filter((word) => after.has(word)),
      [],
      suite.name,
    );
    const prompts = wordsOf(other.scenarios.map(({ prompt }) => prompt));
    deepEqual(
      before.filter((word) => prompts.has(word)),
      [],
      suite.name,
    );
  }
});

test('the same seed gives the same names, and another seed others', () => {
  for (const suite of SUITES) {
    deepEqual(renamed(suite, 11), renamed(suite, 11));
    notDeepEqual(renamed(suite, 11).tools, renamed(suite, 12).tools);
  }
});

/** On the boundaries of words, as values are traced. */
function stands(value: string, text: string): boolean {
  const at = value === '' ? -1 : text.indexOf(value);
  return at >= 0 && !/[a-z\d]/i.test(`${text[at - 1] ?? ''}${text[at + value.length] ?? ''}`);
}

test('what a value and a text had in common they have under other names too', () => {
  for (const suite of SUITES) {
    const other = renamed(suite, 11);
    const quoted = ({ prompt, steps }: Suite['scenarios'][number]) =>
      steps.map(({ args }) => Object.values(args).map((value) => typeof value === 'string' && stands(value, prompt)));
    deepEqual(other.scenarios.map(quoted), suite.scenarios.map(quoted), suite.name);
  }
});

test('the material is whole', () => {
  const counts = SUITES.map(({ name, tools, scenarios }) => {
    const of = (kind: string) => scenarios.filter((one) => one.kind === kind).length;
    return [name, tools.length, of('benign'), of('attack'), of('words')];
  });
  deepEqual(counts, [
    ['travel', 28, 20, 120, 20],
    ['banking', 11, 16, 144, 0],
    ['injecagent', 31, 10, 200, 0],
  ]);
  const changes = SUITES.flatMap(({ scenarios }) => scenarios).filter(({ kind }) => kind === 'benign');
  equal(changes.flatMap(({ steps }) => steps).filter((step) => step.changes).length, 20);
});
