// The edits of rules that the proof tries: each as text, in a file of the agent, and as what it changes of the policy. The
// figures are chosen by the seed.
import type { Random } from '../support.ts';
import type { Policy } from './reference.ts';

export interface Edit {
  readonly name: string;
  /** In the agents' folder: a file, a text that stands there once, and what stands there instead. */
  readonly texts: readonly (readonly [file: string, from: string, to: string])[];
  readonly policy: Partial<Policy>;
}

const RULES = 'teller/rules.ts';
const INDEX = 'teller/index.ts';
const TOOLS = 'teller/tools.ts';

const TRUSTED = `  rule('transfer.trusted', transfer, (action) => (inGroup(action, 'trusted') ? allow() : undefined)),\n`;
const LIMIT = `  rule('transfer.limit', transfer, ({ input }) => (input.cents > LIMIT_CENTS ? deny('above the limit') : undefined)),\n`;
const STRANGER = `  rule('transfer.stranger', transfer, ({ origin }) =>
    origin('to') === 'untrusted' ? ask({ group: 'security' }) : undefined,
  ),\n`;
const STEP = `  rule('letter.step', sendLetter, ({ proposedBy }) => (proposedBy?.procedure === 'goodbye' ? allow() : undefined)),\n`;
const HOUSE = `  rule('letter.house', sendLetter, ({ input }) => (isMailTo(HOUSE, input.to) ? allow() : undefined)),\n`;

/** What is put before a rule. */
const before = (rule: string, text: string) => [RULES, rule, `  ${text}\n${rule}`] as const;
const without = (rule: string) => [RULES, rule, ''] as const;

export const editsOf = (random: Random): readonly Edit[] => [
  ...figures(random),
  ...removed(),
  ...added(),
  ...people(),
  ...besides(random),
];

const inRules = (name: string, from: string, to: string, policy: Partial<Policy>): Edit => {
  return { name, texts: [[RULES, from, to]], policy };
};

function figures(random: Random): readonly Edit[] {
  const raised = random.between(60, 400) * 1_000;
  const lowered = random.between(3, 45) * 1_000;
  const hour = random.between(12, 21);
  return [
    inRules('a threshold is raised', 'LARGE_CENTS = 50_000', `LARGE_CENTS = ${raised}`, { largeCents: raised }),
    inRules('a threshold is lowered', 'LARGE_CENTS = 50_000', `LARGE_CENTS = ${lowered}`, { largeCents: lowered }),
    inRules('the night begins earlier', 'NIGHT_FROM = 22', `NIGHT_FROM = ${hour}`, { nightFrom: hour }),
  ];
}

const removed = (): readonly Edit[] => [
  { name: 'a deny is removed', texts: [without(LIMIT)], policy: { limitCents: Number.MAX_SAFE_INTEGER } },
  { name: 'an allow is removed', texts: [without(HOUSE)], policy: { letsLettersHome: false } },
  { name: 'an ask is removed', texts: [without(STRANGER)], policy: { asksForStrangers: false } },
  { name: 'what steps may is removed', texts: [without(STEP)], policy: { letsStepsWrite: false } },
  {
    name: 'rules change places',
    texts: [without(TRUSTED), [RULES, LIMIT, TRUSTED + LIMIT]],
    policy: { isTrustedFirst: true },
  },
];

const BLOCKED = `rule('transfer.blocked', transfer, ({ input }) => input.to.endsWith('7') ? deny('blocked') : undefined),`;
const YEN = `rule('transfer.yen', transfer, ({ input }) => {
    if (input.currency === 'JPY') throw new Error('no yen');
    return undefined;
  }),`;

const added = (): readonly Edit[] => [
  inRules('an allow becomes an ask', 'SMALL_CENTS ? allow()', `SMALL_CENTS ? ask({ group: 'finance' })`, {
    asksForSmall: true,
  }),
  { name: 'a deny is added', texts: [before(STRANGER, BLOCKED)], policy: { blocksSevens: true } },
  { name: 'a rule that throws is added', texts: [before(STRANGER, YEN)], policy: { throwsOnYen: true } },
  {
    name: 'own reads are asked about',
    texts: [
      before(STRANGER, `rule('read.asks', readAccount, () => ask({ group: 'support' })),`),
      [RULES, '{ sendLetter, transfer }', '{ readAccount, sendLetter, transfer }'],
    ],
    policy: { asksForReads: true },
  },
];

const people = (): readonly Edit[] => [
  inRules('fewer people are asked', 'LARGE_QUORUM = 2', 'LARGE_QUORUM = 1', { largeQuorum: 1 }),
  inRules('more people are asked than there are', 'LARGE_QUORUM = 2', 'LARGE_QUORUM = 9', { largeQuorum: 9 }),
  inRules('other people are asked', `REST_GROUP = 'finance'`, `REST_GROUP = 'security'`, { restGroup: 'security' }),
  {
    name: 'people change groups',
    texts: [['directory.ts', `trusted: ['ada', 'ben']`, `trusted: ['ben', 'cleo']`]],
    policy: { trusted: ['ben', 'cleo'] },
  },
];

function besides(random: Random): readonly Edit[] {
  const most = random.between(100, 450) * 1_000;
  return [
    inRules('a rule gets another name', `'transfer.rest'`, `'transfer.other'`, { restId: 'transfer.other' }),
    inRules('nothing but a comment changes', '// The rules', '// Those rules', {}),
    {
      name: 'a tool is gone',
      texts: [
        without(STEP),
        without(HOUSE),
        [RULES, '{ sendLetter, transfer }', '{ transfer }'],
        [INDEX, 'readAccount, sendLetter, transfer }', 'readAccount, transfer }'],
        [INDEX, '[transfer, readAccount, sendLetter]', '[transfer, readAccount]'],
      ],
      policy: { hasLetters: false },
    },
    {
      name: 'a schema takes less',
      texts: [[TOOLS, 'int().min(1)', `int().min(1).max(${most})`]],
      policy: { mostCents: most },
    },
  ];
}
