// How much each rule asks of people, and whether it looks as if nobody looks.
import type { z } from 'zod';
import { Burden } from '../../api/burden-schema.ts';
import { EXIT } from '../failure.ts';
import { columns, span } from '../terminal.ts';
import { type AsOption, connect, type Context } from './context.ts';

type View = z.output<typeof Burden>;
type Rule = View['rules'][number];

export interface BurdenOptions extends AsOption {
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
}

const HEAD = [
  ...['AGENT', 'RULE', 'ASKED', 'APPROVED', 'DENIED', 'OTHER', 'EXPIRED', 'YES'],
  ...['MEDIAN', 'P10', 'LOOKED', 'NOT LOOKED', 'RUBBER STAMP?'],
];
const SIGN_WORDS: Readonly<Record<Rule['signs'][number], string>> = {
  at_a_glance: 'at a glance',
  nearly_always_yes: 'nearly always yes',
};

export async function burden(context: Context, { from, to, json, ...as }: BurdenOptions): Promise<number> {
  const { print, colors } = context.terminal;
  const query = new URLSearchParams({ ...(from && { from }), ...(to && { to }) });
  const found = await connect(context, 'operate', as).get(`/v1/approvals/burden?${query}`, Burden);
  if (json === true) {
    print(JSON.stringify(found, null, 2));
    return EXIT.done;
  }
  print(`Asked from ${day(found.fromMs)} to ${day(found.toMs)} UTC`);
  if (found.rules.length === 0) print('Nobody was asked for leave.');
  else print(columns(HEAD, found.rules.map(rowOf), colors));
  if (found.isCut) print('… and more; these are the newest asks of the rules that ask most.');
  return EXIT.done;
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');

function rowOf({ agent, rule, asked, expired, answers, yesShare, decided, looked, signs }: Rule): readonly string[] {
  const { approve, deny, edit, withdraw, ask_back: asksBack } = answers;
  const counts = [asked, approve, deny, edit + withdraw + asksBack, expired].map(String);
  const yes = yesShare === null ? '–' : `${Math.floor(yesShare * 100)} %`;
  return [
    ...[agent, rule, ...counts, yes, length(decided.medianMs), length(decided.p10Ms)],
    ...[lookedText(looked), String(looked.not), signs.map((sign) => SIGN_WORDS[sign]).join(', ')],
  ];
}

/** Medians, and of how many: what stood on a card since then tells less than an opened page. */
function lookedText({ page, card }: Rule['looked']): string {
  const parts = [
    ...(page.count > 0 ? [`${length(page.medianMs)} on its page (${page.count})`] : []),
    ...(card.count > 0 ? [`up to ${length(card.medianMs)} on a card (${card.count})`] : []),
  ];
  return parts.join(', ') || '–';
}

// Below two minutes seconds matter, and below ten tenths of them.
const SECONDS_BELOW_MS = 120_000;
const TENTHS_BELOW_MS = 10_000;

function length(ms: number | null): string {
  if (ms === null) return '–';
  if (ms >= SECONDS_BELOW_MS) return span(ms);
  return `${(ms / 1000).toFixed(ms < TENTHS_BELOW_MS ? 1 : 0)} s`;
}
