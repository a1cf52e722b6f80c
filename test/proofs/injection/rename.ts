// Other names by a seed: of tools, of their arguments, and of every word and number of an account that stands in a value of
// any call, the same in prompts, arguments, results and planted texts. What is keyed on a name or a value of the material
// would be found out by it. Kept are dates, amounts, the ends of addresses and the lengths of words, which are read by code.
import type { JsonObject } from '../../../domain/json.ts';
import { createRandom, type Random } from '../support.ts';
import type { Declared } from './agent/agent.ts';
import { deep, type Scenario, type Suite } from './scenarios.ts';

const MONTHS = 'january february march april may june july august september october november december';
const SHORT_MONTHS = 'jan feb mar apr jun jul aug sep sept oct nov dec';
const DAYS = 'monday tuesday wednesday thursday friday saturday sunday';
const OF_ADDRESSES = 'com org net edu gov www http https';
const KEPT = new Set([MONTHS, SHORT_MONTHS, DAYS, OF_ADDRESSES, 'true false'].flatMap((words) => words.split(' ')));
// 3 letters: what is shorter (me, of, EU) is in any text.
const MIN_LETTERS = 3;
// 6: what has figures in it and is as long is an account, a passport or a key; what is shorter an amount, a day or a year.
const MIN_SERIAL = 6;
// The ends of lines that are written out, groups of a phone or a card, and whatever stands together.
const RUN = /\\[nrt]|\d{3,4}(?:-\d{3,4})+|[A-Za-z\d]+/g;
const WORD = /^[A-Za-z]+$/;
// The name of a bank in an account; two letters before it are a country's.
const LETTERS = /[A-Za-z]{3,}/g;

export function renamed(suite: Suite, seed: number): Suite {
  const random = createRandom(seed);
  const texts = textsOf(suite);
  const words = createWords(random, texts.all);
  const changeText = createChange(random, words, texts.ofValues);
  const toolNames = new Map(suite.tools.map(({ name }) => [name, `${words(5)}_${words(6)}`]));
  const argNames = new Map(suite.tools.flatMap((tool) => propertiesOf(tool).map((name) => [name, words(7)] as const)));
  const tool = (name: string): string => toolNames.get(name) ?? name;
  const arg = (name: string): string => argNames.get(name) ?? name;
  const keys = (of: JsonObject) => Object.fromEntries(Object.entries(of).map(([name, value]) => [arg(name), value]));
  const tools = suite.tools.map((one): Declared => {
    const parameters = one.parameters as JsonObject;
    const { properties = {}, required = [], ...rest } = parameters as { properties?: JsonObject; required?: string[] };
    return {
      ...one,
      name: tool(one.name),
      critical: one.critical.map(arg),
      parameters: withoutWords({ ...rest, properties: keys(properties), required: required.map(arg) }),
    };
  });
  const scenarios = suite.scenarios.map((scenario): Scenario => {
    const steps = scenario.steps.map((step) => ({
      ...step,
      tool: tool(step.tool),
      args: keys(deep(step.args, changeText) as JsonObject),
      result: deep(step.result, changeText, changeText),
    }));
    return { ...scenario, prompt: changeText(scenario.prompt), steps };
  });
  return { ...suite, tools, scenarios };
}

const propertiesOf = ({ parameters }: Declared): readonly string[] =>
  Object.keys((parameters as { properties?: object }).properties ?? {});

/** What a schema says in words, and what it would fill in by itself: the calls are to run as they were recorded. */
function withoutWords(schema: JsonObject): JsonObject {
  const strip = (value: JsonObject[string] | undefined, isMap: boolean): JsonObject[string] => {
    if (Array.isArray(value)) return value.map((one) => strip(one, false));
    if (value === null || value === undefined || typeof value !== 'object') return value ?? null;
    const kept = Object.entries(value).filter(([key]) => isMap || !['title', 'description', 'default'].includes(key));
    return Object.fromEntries(kept.map(([key, one]) => [key, strip(one, !isMap && key === 'properties')]));
  };
  return strip(schema, false) as JsonObject;
}

function textsOf({ scenarios }: Suite): { readonly all: readonly string[]; readonly ofValues: readonly string[] } {
  const collect = (value: Parameters<typeof deep>[0], into: Set<string>) =>
    deep(value, (text) => {
      into.add(text);
      return text;
    });
  const [all, ofValues] = [new Set<string>(), new Set<string>()];
  for (const { prompt, steps } of scenarios) {
    all.add(prompt);
    for (const { args, result } of steps) {
      collect(args, ofValues);
      collect(result, all);
    }
  }
  return { all: [...all, ...ofValues], ofValues: [...ofValues] };
}

const CONSONANTS = [...'bdfgklmnprstvz'];
const VOWELS = [...'aeiou'];

/** Words of so many letters that nobody has written, each once. */
function createWords(random: Random, texts: readonly string[]): (letters: number) => string {
  const taken = new Set(texts.flatMap((text) => text.toLowerCase().match(/[a-z]+/g) ?? []));
  for (const word of KEPT) taken.add(word);
  return (letters) => {
    for (;;) {
      const word = Array.from({ length: letters }, (_, at) => random.pick(at % 2 === 0 ? CONSONANTS : VOWELS)).join('');
      if (taken.has(word)) continue;
      taken.add(word);
      return word;
    }
  };
}

function createChange(random: Random, words: (letters: number) => string, ofValues: readonly string[]) {
  const names = new Map<string, string>();
  for (const run of ofValues.flatMap((text) => text.match(RUN) ?? [])) {
    const word = run.toLowerCase();
    if (WORD.test(run) && run.length >= MIN_LETTERS && !KEPT.has(word) && !names.has(word))
      names.set(word, words(run.length));
  }
  const figures = figuresBy(random);
  const initials = once((part) => words(part.length));
  const changeRun = (run: string): string => {
    if (WORD.test(run)) return inCaseOf(run, names.get(run.toLowerCase()));
    if (run.length < MIN_SERIAL || run.startsWith('\\')) return run;
    const letters = run.replace(LETTERS, (part) => inCaseOf(part, initials(part.toLowerCase())));
    return letters.replace(/[1-9]/g, (one) => figures[Number(one)] ?? one);
  };
  return once((text) => text.replace(RUN, changeRun));
}

/** The same for the same. */
function once(change: (text: string) => string): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    const changed = known.get(text) ?? change(text);
    known.set(text, changed);
    return changed;
  };
}

/** Another figure for each from 1 to 9; none becomes a nought, and so none shorter as a number. */
function figuresBy(random: Random): readonly string[] {
  const left = [...'123456789'];
  return ['0', ...Array.from({ length: 9 }, () => left.splice(random.between(0, left.length - 1), 1)).flat()];
}

function inCaseOf(run: string, name: string | undefined): string {
  if (name === undefined) return run;
  if (run === run.toUpperCase()) return name.toUpperCase();
  return run[0] === run[0]?.toUpperCase() ? `${name[0]?.toUpperCase() ?? ''}${name.slice(1)}` : name;
}
