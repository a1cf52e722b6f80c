// A card as lines for a chat, before any channel's markup: which words are ours and which came from outside. Channels set
// the two apart so that no text from outside can look like our own words. Says nothing that changes with the clock alone:
// the same card gives the same lines, and a message is edited only when there is news. Pure. May import domain.
import type { Card, CardAsk, CardField } from '../domain/card.ts';
import type { ClickAnswer } from '../domain/channel.ts';
import { careText, type Shown } from '../domain/display.ts';
import type { DecisionAnswer } from '../domain/signed.ts';
import { cutText, timeText } from '../domain/text.ts';
import { buttonHandle, writePayload } from './payload.ts';

interface Room {
  /** Of each text from outside. */
  readonly chars: number;
  readonly decisions: number;
}

// 200 characters and 5 decisions: enough to know which card it is. 40 and 1: a message of nothing else always fits, though
// the markup of a channel makes 14 characters of one.
const SHORT: Room = { chars: 200, decisions: 5 };
const LEAST: Room = { chars: 40, decisions: 1 };

export type Span =
  /** `short`: what it says where there is little room. */
  | { readonly from: 'us'; readonly text: string; readonly isBold?: true; readonly short?: string }
  | { readonly from: 'outside'; readonly text: string };
export type Line = readonly Span[];

export interface Button {
  readonly label: string;
  readonly payload: string;
  readonly style: 'primary' | 'danger' | 'plain';
  /** It is final, so people are asked once more, before it counts: what, how much, for whom. Texts from outside. */
  readonly sure?: { readonly what: string; readonly howMuch: string; readonly forWhom: string };
}

/** One ask. Its first three lines say what will happen, for whom, and how much. */
export interface AskLines {
  readonly lines: readonly Line[];
  readonly buttons: readonly Button[];
}

/** Where the channel cannot take the whole, as much as has room: what is asked, and that it cannot be approved here. */
type Extent = 'whole' | Room;

/** The card as the channel can take it: whole, or else short. `format` says undefined to what it cannot take. */
export function fitted<T>(card: Card, format: (asks: readonly AskLines[]) => T | undefined): T {
  const as = (extent: Extent) => format(cardLines(card, extent));
  const formatted = as('whole') ?? as(SHORT) ?? as(LEAST);
  if (formatted === undefined) throw new Error(`a short card must fit, and ${card.id} does not`);
  return formatted;
}

function cardLines(card: Card, extent: Extent): readonly AskLines[] {
  const many = card.asks.length;
  const asks = card.asks.map((ask, at) => {
    const [what = [], ...lines] = ask.end === 'open' ? openLines(ask, extent) : endedLines(ask, extent);
    const number = many > 1 ? [bold(`${at + 1} of ${many}`), us(': ')] : [];
    // Last, so that nothing stands above what is asked, and it is read before the last button.
    const also = extent === 'whole' && at === many - 1 ? alsoLines(card) : [];
    return {
      lines: [[...number, ...what], ...lines, ...also],
      buttons: ask.end === 'open' ? buttonsOf(ask, extent, many > 1 ? `${at + 1}: ` : '') : [],
    };
  });
  if (extent === 'whole') return asks;
  const cut = (span: Span): Span => {
    if (span.from === 'us') return { ...span, text: span.short ?? span.text };
    return span.text.length <= extent.chars ? span : { ...span, text: `${cutText(span.text, extent.chars)}…` };
  };
  return asks.map(({ lines, buttons }) => ({ lines: lines.map((line) => line.map(cut)), buttons }));
}

const alsoLines = ({ alsoRuns, asks }: Card): readonly Line[] =>
  alsoRuns.map((one) => [us(asks.length > 1 ? 'runs with them: ' : 'runs with it: '), ...shown(one)]);

// What a phone shows of a message, and the platform pushes: the three lines, and who asks.
const FIRST_LINES = 4;

/** What is read before the message is opened, as plain text without any markup. */
export const firstLines = (asks: readonly AskLines[]): string =>
  asks
    .flatMap(({ lines }) => lines.slice(0, FIRST_LINES))
    .map((line) => line.map(({ text }) => text).join(''))
    .join('\n');

function openLines(ask: CardAsk, extent: Extent): readonly Line[] {
  const { evidence, hiddenFields } = ask;
  const isWhole = extent === 'whole' && ask.isWhole;
  const all = [
    ...ask.fields.map(fieldLine),
    ...moreLine(hiddenFields),
    ...(evidence === null
      ? []
      : [
          [
            us('on record as of '),
            us(timeText(evidence.asOfMs)),
            ...(evidence.version === '' ? [] : [us(', version '), outside(evidence.version)]),
          ],
          ...evidence.fields.map(fieldLine),
          ...moreLine(evidence.hiddenFields),
        ]),
    [us('asked for by '), ...shown(ask.requester)],
    [us('because '), ...shown(ask.reason), us(', by the rule '), ...shown(ask.rule)],
  ];
  return [
    ...headLines(ask),
    [bold(ask.title)],
    ...(extent === 'whole' ? all : []),
    ...(isWhole ? [] : [[bold('Not all of it can be shown here. See everything, and approve it there.')]]),
    [us(`${ask.quorum} of `), outside(ask.group), us(` until ${timeText(ask.deadlineMs)}; ${ask.otherwise}`)],
    ...decidedLines(ask, extent),
    ...(extent === 'whole' ? saidLines(ask) : []),
  ];
}

function endedLines(ask: CardAsk, extent: Extent): readonly Line[] {
  return [
    ...headLines(ask),
    [bold(ask.ended)],
    [us(ask.title)],
    ...(ask.changed.text === '' ? [] : [[us('changed: '), ...shown(ask.changed)]]),
    ...decidedLines(ask, extent),
    ...(ask.outcome === null ? [] : [[us('outcome: '), ...shown(ask.outcome)]]),
  ];
}

const moreLine = (hidden: number): readonly Line[] =>
  hidden > 0 ? [[us(`and ${hidden} more that are not shown here`)]] : [];

/** What, for whom, how much. */
function headLines({ headline: [what, forWhom, howMuch], isQuestion }: CardAsk): readonly Line[] {
  return [
    [...(isQuestion ? [us('did it happen? ')] : []), ...shown(what)],
    [us('for '), ...shown(forWhom)],
    shown(howMuch),
  ];
}

function fieldLine({ name, value, from, isCritical }: CardField): Line {
  const mark = isCritical ? [us('! ')] : [];
  return [...mark, outside(name), us(' = '), ...shown(value), ...(from === null ? [] : [us(' from '), ...shown(from)])];
}

function decidedLines({ decided }: CardAsk, extent: Extent): readonly Line[] {
  const told = extent === 'whole' ? decided : decided.slice(-extent.decisions);
  return told.map(decidedLine);
}

const saidLines = ({ requester, saidSince }: CardAsk): readonly Line[] =>
  saidSince.map(({ text, atMs }) => [
    ...shown(requester),
    us(` has said since, at ${timeText(atMs)}: `),
    ...shown(text),
  ]);

function decidedLine({ person, answer, reason, atMs }: CardAsk['decided'][number]): Line {
  const because = reason.text === '' ? [] : [us(': '), ...shown(reason)];
  return [us(`${answer.replaceAll('_', ' ')} by `), ...shown(person), us(` at ${timeText(atMs)}`), ...because];
}

const LABELS: Readonly<Record<ClickAnswer, Pick<Button, 'label' | 'style'>>> = {
  approve: { label: 'Approve', style: 'primary' },
  deny: { label: 'Deny', style: 'danger' },
  happened: { label: 'It happened', style: 'plain' },
  did_not_happen: { label: 'It did not happen', style: 'plain' },
  view: { label: 'See everything', style: 'plain' },
};

const hasButton = (answer: DecisionAnswer): answer is Exclude<ClickAnswer, 'view'> => Object.hasOwn(LABELS, answer);

/**
 * What is not shown whole cannot be said yes to here; saying no is always possible. Where there are several asks each says
 * which it is about: some channels put all buttons below all text.
 */
function buttonsOf(ask: CardAsk, extent: Extent, number: string): readonly Button[] {
  const isWhole = extent === 'whole' && ask.isWhole;
  const answers = ask.answers.filter(hasButton).filter((answer) => isWhole || answer === 'deny');
  return [...answers, 'view' as const].map((answer) => ({
    ...{ label: number + LABELS[answer].label, style: LABELS[answer].style },
    payload: writePayload(answer, buttonHandle(answer, ask)),
    ...(answer === 'approve' ? { sure: sureOf(ask) } : {}),
  }));
}

const sureOf = ({ headline: [what, forWhom, howMuch] }: CardAsk) => ({
  ...{ what: what.text, howMuch: howMuch.text, forWhom: forWhom.text },
});

/** With what was found in it, in words, where anything was. */
function shown({ text, flags }: Shown): Line {
  if (flags.length === 0) return [outside(text)];
  return [outside(text), { from: 'us', text: ` (${careText(flags)})`, short: ' (careful)' }];
}

const us = (text: string): Span => ({ from: 'us', text });
const bold = (text: string): Span => ({ from: 'us', text, isBold: true });
const outside = (text: string): Span => ({ from: 'outside', text });
