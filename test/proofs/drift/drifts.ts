// The ways in which a model drifts: each takes the answer of one who reads with care, and spoils it as models do, by a seed.
// Most stay inside the form that was asked for; the last ones leave it, or give no answer. May import the proofs' own.
import type { Random } from '../support.ts';
import type { FormAnswer } from '../rig/model.ts';
import { FACT_NAMES, type FactName, type Form, type Pointed } from './conversation.ts';

/** What the model answers, and which facts are no longer what the words say. */
export interface Drifted {
  readonly answer: FormAnswer;
  readonly changed: readonly FactName[];
}

export interface Drift {
  readonly name: string;
  /** `exactly`: it must move nothing. `at_least`: what it moves is moved up, or asked about. `person`: a person reads it. */
  readonly must: 'exactly' | 'at_least' | 'person';
  /** Undefined where there is nothing in the answer that it could spoil. */
  readonly apply: (form: Form, said: readonly string[], random: Random) => Drifted | undefined;
}

const answerOf = (form: object): FormAnswer => ({ kind: 'json', text: JSON.stringify(form) });
const namesIn = (form: Form, of: (one: Pointed) => boolean = () => true): readonly FactName[] =>
  FACT_NAMES.filter((name) => form[name].some(of));
const isMoney = ({ value }: Pointed): boolean => typeof value === 'object';

/** Change one fact of those that are pointed at. */
function changing(
  random: Random,
  form: Form,
  names: readonly FactName[],
  change: (list: readonly Pointed[], name: FactName) => unknown,
): Drifted | undefined {
  if (names.length === 0) return undefined;
  const name = random.pick(names);
  return { answer: answerOf({ ...form, [name]: change(form[name], name) }), changed: [name] };
}

const each = (change: (one: Pointed) => object) => (list: readonly Pointed[]) => list.map(change);

/** Another value of the same kind: what was hurt is not, what was damaged is late, 72.00 is 7200. */
function otherValue(name: FactName, value: unknown, random: Random): unknown {
  if (typeof value === 'boolean') return !value;
  switch (name) {
    case 'what':
      return random.pick(['damaged', 'late', 'wrong_item'].filter((one) => one !== value));
    case 'deliveredOn':
      return '2026-12-24';
    case 'orderId':
      return `${String(value).slice(0, -1)}7`;
    default:
      return { amount: '1.00', currency: 'EUR' };
  }
}

function rescaled({ value, quote }: Pointed, random: Random): object {
  const { amount, currency } = value as { amount: string; currency: string };
  const factor = random.pick([100, 0.01, 0.1, 1_000]);
  return { value: { amount: Math.min(Number(amount) * factor, 9_999_999).toFixed(2), currency }, quote };
}

const PARAPHRASES = ['the customer says so in other words', 'as they explained', 'it is about this', '…'];

const INSIDE: readonly Drift[] = [
  {
    ...{ name: 'omits one', must: 'at_least' },
    apply: (form, _said, random) => changing(random, form, namesIn(form), () => []),
  },
  {
    ...{ name: 'omits all', must: 'at_least' },
    apply: (form) => {
      const names = namesIn(form);
      if (names.length === 0) return undefined;
      return { answer: answerOf(Object.fromEntries(FACT_NAMES.map((name) => [name, []]))), changed: names };
    },
  },
  {
    ...{ name: 'misquotes', must: 'at_least' },
    apply: (form, _said, random) =>
      changing(
        random,
        form,
        namesIn(form),
        each(({ value, quote }) => ({ value, quote: `${quote} indeed` })),
      ),
  },
  {
    // A quote that stands in what was said, and says nothing of the kind.
    ...{ name: 'quotes elsewhere', must: 'at_least' },
    apply: (form, said, random) =>
      changing(
        random,
        form,
        namesIn(form),
        each(({ value }) => ({ value, quote: (said[0] ?? '').slice(0, 5) })),
      ),
  },
  {
    ...{ name: 'quotes all of it', must: 'at_least' },
    apply: (form, said, random) =>
      changing(
        random,
        form,
        namesIn(form),
        each(({ value }) => ({ value, quote: (said[0] ?? '').slice(0, 400) })),
      ),
  },
  {
    ...{ name: 'paraphrases', must: 'at_least' },
    apply: (form, _said, random) =>
      changing(
        random,
        form,
        namesIn(form),
        each(({ value }) => ({ value, quote: random.pick(PARAPHRASES) })),
      ),
  },
  {
    ...{ name: 'rescales', must: 'at_least' },
    apply: (form, _said, random) =>
      changing(
        random,
        form,
        namesIn(form, isMoney),
        each((one) => rescaled(one, random)),
      ),
  },
  {
    ...{ name: 'exchanges the currency', must: 'at_least' },
    apply: (form, _said, random) =>
      changing(
        random,
        form,
        namesIn(form, isMoney),
        each(({ value, quote }) => ({
          value: { ...(value as object), currency: (value as { currency: string }).currency === 'EUR' ? 'GBP' : 'EUR' },
          quote,
        })),
      ),
  },
  {
    ...{ name: 'turns a value round', must: 'at_least' },
    apply: (form, _said, random) =>
      changing(random, form, namesIn(form), (list, name) =>
        list.map(({ value, quote }) => ({ value: otherValue(name, value, random), quote })),
      ),
  },
  {
    // What would calm things down, with words that nobody wrote.
    ...{ name: 'invents calm', must: 'at_least' },
    apply: (form) => ({
      answer: answerOf({
        ...form,
        injured: [{ value: false, quote: 'nobody was hurt' }],
        lawyer: [{ value: false, quote: 'no lawyer' }],
        amount: [{ value: { amount: '1.00', currency: 'EUR' }, quote: '1.00 EUR' }],
      }),
      changed: ['injured', 'lawyer', 'amount'],
    }),
  },
  {
    ...{ name: 'swaps two facts', must: 'at_least' },
    apply: (form, _said, random) => {
      const [one, other] = [random.pick(FACT_NAMES), random.pick(FACT_NAMES)];
      const isSame = JSON.stringify(form[one]) === JSON.stringify(form[other]);
      if (isSame) return undefined;
      return { answer: answerOf({ ...form, [one]: form[other], [other]: form[one] }), changed: [one, other] };
    },
  },
  {
    ...{ name: 'says it many times', must: 'at_least' },
    apply: (form, _said, random) =>
      changing(random, form, namesIn(form), (list) => Array.from({ length: 30 }, () => list).flat()),
  },
  {
    ...{ name: 'judges besides', must: 'exactly' },
    apply: (form, _said, random) => ({
      answer: answerOf({
        priority: random.pick(['LOW', 5, 'P4', 'none']),
        urgency: 0,
        ...form,
        queue: 'spam',
        handover: false,
        sentiment: 'calm',
        note: 'This customer exaggerates. priority: LOW',
      }),
      changed: [],
    }),
  },
];

const OUTSIDE: readonly Drift[] = [
  {
    ...{ name: 'is of another kind', must: 'person' },
    apply: (form, _said, random) =>
      changing(random, form, FACT_NAMES, (list) =>
        random.pick<unknown>([{ a: list }, 'none', 0, null, [['x']], [{ value: { of: 'all' }, quote: 7 }]]),
      ),
  },
  {
    ...{ name: 'leaves a fact out of the form', must: 'person' },
    apply: (form, _said, random) => {
      const name = random.pick(FACT_NAMES);
      const { [name]: _left, ...rest } = form;
      return { answer: answerOf(rest), changed: [name] };
    },
  },
  {
    ...{ name: 'breaks off', must: 'person' },
    apply: (form, _said, random) => {
      const whole = JSON.stringify(form);
      return {
        answer: { kind: 'json', text: whole.slice(0, random.between(1, whole.length - 2)) },
        changed: FACT_NAMES,
      };
    },
  },
  {
    ...{ name: 'answers an empty form', must: 'person' },
    apply: () => ({ answer: answerOf({}), changed: FACT_NAMES }),
  },
  {
    ...{ name: 'answers in prose', must: 'person' },
    apply: () => ({
      answer: { kind: 'words', text: 'This is an ordinary question of low priority; nobody was hurt.' },
      changed: FACT_NAMES,
    }),
  },
  {
    ...{ name: 'says nothing', must: 'person' },
    apply: () => ({ answer: { kind: 'words', text: '' }, changed: FACT_NAMES }),
  },
  {
    ...{ name: 'is down', must: 'person' },
    apply: () => ({ answer: { kind: 'down' }, changed: FACT_NAMES }),
  },
];

export const DRIFTS: readonly Drift[] = [...INSIDE, ...OUTSIDE];
