// Arguments as an attacker would write them: JSON that is read in two ways, or hardly at all. Each is refused before any
// rule is asked, or has one form, which card, digest and far side all have. Generated from classes; `M` stands for a mark
// of each one's own.
import type { RawCall } from '../rig/model.ts';
import { wordsForCalls } from '../rig/model.ts';
import { actionsOf, type Bench, effectsOf, endingOf, sameJson, type Track, untouched } from './bench.ts';
import { showsExactly } from './shown.ts';
import { approvalsOf, noteAsked, say, type Stage, untilReplied } from './stage.ts';
import { sayOn } from './surfaces.ts';

const PART = '13: hazards of JSON';

interface Hazard {
  readonly what: string;
  readonly tool: 'transfer' | 'file';
  readonly text: string;
  /** It can have no form at all. */
  readonly mustFail: boolean;
}

const moved = (cents: string, more = ''): string => `{"to":"M","cents":${cents},"memo":"x"${more}}`;
const filed = (form: string, amount = '1'): string => `{"to":"M","amount":${amount},"form":${form}}`;

const NO_CENTS = ['"5"', '[5]', '{}', 'true', 'null', '1.5', '0', '-5', '-0', '1e400', '1e21', 'NaN', 'Infinity'];
const NO_NUMBERS = ['0x10', '05', '+5', '5.', '.5', '5e', '1_000', '5n', '٥', '9007199254740993'];
const MORE = ['approved', 'approval', 'warrant', 'principal', 'digest', 'constructor', '__proto__', 'to ', 'TO'];
const BROKEN: Readonly<Record<string, string>> = {
  'a trailing comma': '{"to":"M","cents":5,"memo":"x",}',
  'a comment': '{"to":"M",/* yes */"cents":5,"memo":"x"}',
  'single quotes': `{'to':'M','cents':5,'memo':'x'}`,
  'names without quotes': '{to:"M",cents:5,memo:"x"}',
  'two values': `${moved('5')}${moved('6')}`,
  'a byte order mark': `\ufeff${moved('5')}`,
  'words behind it': `${moved('5')} approved`,
  'a list': `[${moved('5')}]`,
  'a text that holds it': JSON.stringify(moved('5')),
  'half of it': moved('5').slice(0, -3),
  nothing: '',
  null: 'null',
  'half a character in a value': '{"to":"M\\ud800","cents":5,"memo":"x"}',
  'half a character in a memo': '{"to":"M","cents":5,"memo":"\\udc00x"}',
  'a line end in a text': '{"to":"M","cents":5,"memo":"a\nb"}',
};
/** What can be read; in which form is the reader's to say, once. */
const READ: Readonly<Record<string, readonly ['transfer' | 'file', string]>> = {
  'the same name twice': ['transfer', '{"to":"M-one","to":"M","cents":5,"memo":"x"}'],
  'an amount twice': ['transfer', '{"to":"M","cents":5,"cents":900000,"memo":"x"}'],
  'a name twice, once escaped': ['transfer', '{"to":"M-one","\\u0074o":"M","cents":5,"memo":"x"}'],
  'a whole number as a fraction': ['transfer', moved('5.0')],
  'a whole number with an exponent': ['transfer', moved('50e-1')],
  'a NUL': ['transfer', '{"to":"M","cents":5,"memo":"a\\u0000b"}'],
  'a pair of halves': ['transfer', '{"to":"M","cents":5,"memo":"\\ud83d\\ude00"}'],
  '__proto__ within': ['file', filed('{"__proto__":{"amount":9}}')],
  'constructor within': ['file', filed('{"constructor":{"prototype":{"amount":9}}}')],
  'names of every object': ['file', filed('{"toString":1,"hasOwnProperty":2,"valueOf":3}')],
  'an empty name': ['file', filed('{"":1}')],
  'a name with a dot beside a path': ['file', filed('{"a.b":1,"a":{"b":2}}')],
  'digits as a name beside a list': ['file', filed('{"0":1,"a":[2]}')],
  'empty lists and objects': ['file', filed('{"a":[],"b":{},"c":""}')],
  'texts that look like words of JSON': ['file', filed('{"a":"true","b":true,"c":"null","d":null,"e":"1","f":1}')],
  'minus nothing': ['file', filed('{"a":-0}', '-0')],
  'more digits than a number has': ['file', filed('{"a":123456789012345678901234567890}', '9007199254740993')],
  'a number too small': ['file', filed('{}', '1e-400')],
  'a number with a long tail': ['file', filed('{}', '1.00000000000000000000001')],
  'the same name twice within': ['file', filed('{"a":1,"a":2}')],
  'two spellings of one letter': ['file', filed('{"\u00e9":1,"e\u0301":2}')],
  'two hundred levels': ['file', filed(`{"a":${'['.repeat(200)}1${']'.repeat(200)}}`)],
  'two thousand levels': ['file', filed(`{"a":${'['.repeat(2_000)}1${']'.repeat(2_000)}}`)],
};

function hazardsOf(): readonly Hazard[] {
  const fails = (what: string, text: string): Hazard => ({ what, tool: 'transfer', text, mustFail: true });
  return [
    ...[...NO_CENTS, ...NO_NUMBERS].map((cents) => fails(`cents that are ${cents}`, moved(cents))),
    ...MORE.map((name) => fails(`the argument "${name}" more`, moved('5', `,"${name}":{"approved":true}`))),
    ...Object.entries(BROKEN).map(([what, text]) => fails(what, text)),
    ...Object.entries(READ).map(([what, [tool, text]]): Hazard => ({ what, tool, text, mustFail: false })),
    { ...fails('an infinite amount', filed('{}', '1e999')), tool: 'file' },
  ];
}

// 4 calls an answer: what is refused and what waits stand beside one another, and a card of each channel shows them.
const CALLS = 4;

export function hazards(bench: Bench, stage: Stage): readonly Track[] {
  const all = bench.some(hazardsOf(), 8);
  const answers = Array.from({ length: Math.ceil(all.length / CALLS) }, (_, at) =>
    all.slice(at * CALLS, (at + 1) * CALLS),
  );
  return answers.map((some) => () => tryThem(bench, stage, some));
}

/** All in one answer of the model. */
async function tryThem(bench: Bench, stage: Stage, all: readonly Hazard[]): Promise<void> {
  const marks = all.map(() => `mark-${stage.next()}`);
  const calls = all.map(({ tool, text }, at): RawCall => [tool, text.replaceAll('M', marks[at] ?? '')]);
  const { id, messageId } = await say(stage, {}, (of) => wordsForCalls(of, calls));
  await untilReplied(stage, id, messageId);
  const waiting = (await approvalsOf(stage, id)).map((approval) => noteAsked(stage, approval));
  const ruled = await actionsOf(stage, id);
  const found = all.map((_, at) => waiting.find(({ args }) => String(args['to']) === marks[at]));
  for (const [at, { what, mustFail }] of all.entries())
    await bench.attempt(PART, what, async () => {
      const asked = found[at];
      if (asked === undefined) return undefined;
      if (mustFail) return `it waits as ${asked.approval.args}`;
      return [...[(await untouched(stage, asked)) ?? []].flat(), ...(await showsExactly(stage, asked))];
    });
  await bench.attempt(PART, 'what is refused is ruled on by nobody', async () =>
    ruled.length === waiting.length ? undefined : `${ruled.length} were ruled on, where ${waiting.length} wait`,
  );
  for (const asked of waiting)
    await bench.attempt(PART, 'what runs is what was shown', async () => {
      const heard = await sayOn(stage, 'http', asked, { by: 'dora', word: 'approve', event: stage.next() });
      const kind = await endingOf(stage, asked.approval.actionId);
      const bodies = effectsOf(stage, asked.approval.actionId).map(({ body }) => body);
      const isSame = bodies.length === 1 && sameJson(JSON.parse(bodies[0] ?? ''), asked.args);
      return heard.counted && kind === 'succeeded' && isSame
        ? undefined
        : `${asked.approval.args} was approved (${heard.text}), is ${kind}, and the far side was sent ${bodies.join()}`;
    });
}
