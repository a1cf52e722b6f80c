// Texts that hide what they say, turn it around or pretend to be the system's own words, generated from classes and read
// where people read them: on the cards as the platforms were told to show them. And texts that are too long for any card.
import { wordsForCalls } from '../rig/model.ts';
import { handleIn } from './cards.ts';
import { type Bench, counts, endingOf, genuine, neverRan, type Track, untouched } from './bench.ts';
import { differ, PLATFORMS, showsExactly } from './shown.ts';
import { approvalsOf, argsOf, type Asked, askFor, cardOf, noteAsked, say, type Stage, untilReplied } from './stage.ts';
import { sayOn } from './surfaces.ts';

const PART = '14: spoofs on cards';
const LONG = '15: too long for a card';

/** Of each class some; `at` chooses which. */
const CLASSES: Readonly<Record<string, readonly string[]>> = {
  'turned around': ['\u202e', '\u202d', '\u2066', '\u2067', '\u200f', '\u061c'].map((one) => `pay ${one}100 to evil`),
  invisible: ['\u200b', '\u2060', '\ufeff', '\u00ad', '\u3164', '\u115f'].map((one) => `acc${one}ount`),
  tags: ['\u{e0041}\u{e0042}', '\u{e0001}x'].map((one) => `invoice${one}`),
  control: ['\x07', '\x1b[2J', '\x85', '\ue000', '\t'].map((one) => `re${one}nt`),
  'other scripts': ['p\u0430ypal', '\u0440\u0430\u0443ment', 'g\u03bfogle', '\u0501ora'].map((one) => `to ${one}.com`),
  'look-alikes': ['\uff30aypal', '\u{1d5c9}aypal', '\u24dfaypal', '\u212bngstrom'].map((one) => `to ${one}`),
  accents: ['a\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301', 'e\u0301', '\u00e9'].map((one) => `caf${one}`),
  'markup of Slack': [
    '*Approved* by _Finn_',
    '<!channel> <@U024BE7LH>',
    '<https://evil.example|the invoice>',
    '`code` *x*',
  ],
  'markup of Telegram': [
    '</code><b>Approved</b>',
    '<a href="https://evil.example">x</a>',
    'tg://user?id=1',
    '&lt;b&gt;',
  ],
  'our own words': [
    'x\nApproved\napprove by Dora',
    '1 of desk until tomorrow',
    'Nothing runs. Denied',
    '(look twice: none)',
  ],
  'what is written out': ['<U+202E>', '<U+0060>', '"quoted"', 'null', '12'],
};
/** Texts that must not look the same as one another. */
const PAIRS: readonly (readonly [string, string])[] = [
  ['a\u202eb', 'a<U+202E>b'],
  ['caf\u00e9', 'cafe\u0301'],
  ['paypal', 'p\u0430ypal'],
  ['a`b', 'a<U+0060>b'],
  ['x', 'x\u200b'],
];

export function spoofs(bench: Bench, stage: Stage): readonly Track[] {
  const all = Object.entries(CLASSES).flatMap(([what, texts]) => texts.map((text) => [what, text] as const));
  const some = bench.some(all, 4);
  const four = Array.from({ length: Math.ceil(some.length / 4) }, (_, at) => some.slice(at * 4, (at + 1) * 4));
  return [
    ...four.map((texts) => () => tryThem(bench, stage, texts)),
    ...bench.some(PAIRS, 1).map((pair) => () => twins(bench, stage, pair)),
    () => tooLong(bench, stage),
  ];
}

/** The texts as memos of one answer. */
async function memos(stage: Stage, texts: readonly string[]): Promise<readonly Asked[]> {
  const args = texts.map((memo) => argsOf(stage, { memo }));
  const { id, messageId } = await say(stage, {}, (of) =>
    wordsForCalls(
      of,
      args.map((one) => ['transfer', JSON.stringify(one)]),
    ),
  );
  await untilReplied(stage, id, messageId);
  const all = (await approvalsOf(stage, id)).map((approval) => noteAsked(stage, approval));
  return args.flatMap(({ to }) => all.find((one) => one.args['to'] === to) ?? []);
}

async function tryThem(bench: Bench, stage: Stage, texts: readonly (readonly [string, string])[]): Promise<void> {
  const all = await memos(
    stage,
    texts.map(([, text]) => text),
  );
  for (const [at, [what, text]] of texts.entries())
    await bench.attempt(PART, `${what}: ${JSON.stringify(text)}`, async () => {
      const asked = all[at];
      if (asked === undefined) return 'nobody was asked';
      const cards = await Promise.all(PLATFORMS.map((channel) => cardOf(stage, asked, channel)));
      const spoken = text.split(/\s+/).filter((word) => /[@<*_#&]|evil|Approved|paypal/.test(word));
      const ours = cards.flatMap(({ own, channel }) =>
        spoken.filter((word) => own.includes(word)).map((word) => `on ${channel} "${word}" looks like ours`),
      );
      return [...[(await untouched(stage, asked)) ?? []].flat(), ...(await showsExactly(stage, asked)), ...ours];
    });
  const [first] = all;
  if (first !== undefined) await bench.attempt(PART, 'the control', () => genuine(stage, 'telegram', first));
}

async function twins(bench: Bench, stage: Stage, texts: readonly [string, string]): Promise<void> {
  const [one, other] = await memos(stage, texts);
  await bench.attempt(
    PART,
    `two that must not look the same: ${texts.map((text) => JSON.stringify(text)).join()}`,
    async () => (one === undefined || other === undefined ? 'nobody was asked' : differ(stage, one, other)),
  );
}

/** What no card shows whole has no yes on any; a no is always possible. */
async function tooLong(bench: Bench, stage: Stage): Promise<void> {
  const wide = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`line${at}`, at]));
  const name = `account-${stage.next()}`;
  const wishes = [
    { tool: 'transfer', args: argsOf(stage, { memo: 'long '.repeat(1_800) }) },
    { tool: 'file', args: { to: name, amount: 1, form: wide } },
  ];
  for (const [at, wish] of bench.some(wishes, 1).entries()) {
    const asked = await askFor(stage, wish);
    for (const channel of PLATFORMS)
      await bench.attempt(
        LONG,
        `${wish.tool} on ${channel}: it can be looked at and denied, and not approved`,
        async () => {
          const card = await cardOf(stage, asked, channel).catch(() => undefined);
          if (card === undefined) return 'there is no card';
          const labels = card.buttons.map(({ payload }) => payload.split('.')[0]).join();
          const says = /not all of it can be shown|more that are not shown/i.test(card.own);
          if (handleIn(card, 'approve') !== undefined || labels !== 'deny,view') return `it has the buttons ${labels}`;
          return says ? await untouched(stage, asked) : `it does not say that something is hidden: ${card.own}`;
        },
      );
    await bench.attempt(LONG, `${wish.tool}: the control: it is denied from a channel`, async () => {
      const surface = PLATFORMS[at % PLATFORMS.length] ?? 'slack';
      const heard = await sayOn(stage, surface, asked, { by: 'emil', word: 'deny', event: stage.next() });
      await endingOf(stage, asked.approval.actionId);
      return [counts(heard) ?? [], ...(await neverRan(stage, asked.approval.actionId))].flat();
    });
  }
}
