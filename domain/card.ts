// An approval as people see it, as data: three lines first, then everything that the digest covers, on what evidence, who
// asks and what happens when nobody answers. Each surface formats it for itself. Pure: time arrives as nowMs. May import
// domain only. Guarantee: where anything of the arguments is cut or hidden, the card offers no answer but deny.
import { endingOf, endingText, type Outcome } from './action.ts';
import type { Approval, ApprovalEnd } from './approval.ts';
import type { SaidSince } from './asked-back.ts';
import { endedText, groupsText, otherwiseOf, titleOf, voidedBy } from './card-words.ts';
import { answersTo, saidOf } from './decision.ts';
import { canonicalText, type Leaf, leavesOf } from './leaves.ts';
import { flagsOf, type Shown, shownLine, shownText } from './display.ts';
import type { Json } from './json.ts';
import { toldSources } from './origin-words.ts';
import type { DecisionAnswer } from './signed.ts';
import type { Verdict } from './verdict.ts';

/** One argument, or one member of the evidence. */
export interface CardField {
  /** A path such as "lines.0.sku", already neutralised. */
  readonly name: string;
  readonly value: Shown;
  /** Where the value came from; null where that is not known. */
  readonly from: Shown | null;
  /** One of those that decide who, where and how much. */
  readonly isCritical: boolean;
}

export interface CardEvidence {
  readonly asOfMs: number;
  /** How old it was when the card was made. */
  readonly ageMs: number;
  /** Of the record, as its system counts it; '' when it has none. */
  readonly version: string;
  readonly fields: readonly CardField[];
  readonly hiddenFields: number;
}

export interface CardDecision {
  readonly person: Shown;
  readonly answer: DecisionAnswer;
  readonly reason: Shown;
  readonly atMs: number;
}

/** What the requester has said since somebody asked back. */
export interface CardMessage {
  readonly text: Shown;
  readonly atMs: number;
}

/** One approval on a card. */
export interface CardAsk {
  readonly approvalId: string;
  /** Short and opaque, for buttons; bound to the digest. */
  readonly handle: string;
  readonly digest: string;
  readonly headline: readonly [what: Shown, forWhom: Shown, howMuch: Shown];
  /** Who asks whom; that it was escalated, from whom and why. */
  readonly title: string;
  /** Every argument that there is room for, in canonical order. */
  readonly fields: readonly CardField[];
  /** How many more there are. */
  readonly hiddenFields: number;
  readonly evidence: CardEvidence | null;
  readonly rule: Shown;
  readonly reason: Shown;
  readonly requester: Shown;
  /** The procedure whose step it is. */
  readonly procedure?: Shown;
  /** Whether it asks what happened, and not for leave or more. */
  readonly isQuestion: boolean;
  /** The group, or the one person, that is asked. */
  readonly group: string;
  readonly quorum: number;
  readonly decided: readonly CardDecision[];
  readonly saidSince: readonly CardMessage[];
  readonly deadlineMs: number;
  /** What happens then, if nobody answers; '' once it has ended. */
  readonly otherwise: string;
  readonly end: ApprovalEnd;
  /** How it has ended, in a sentence; also that it was approved, and is void since. '' while it is open. */
  readonly ended: string;
  /** The fields of the record by whose change it is void; '' for none. */
  readonly changed: Shown;
  /** How the action ended; null while that is not known, or where another card tells it. */
  readonly outcome: Shown | null;
  /** The answers that make sense now, and may be given from what is shown; none once it has ended. */
  readonly answers: readonly DecisionAnswer[];
  /** Everything that the digest covers stands in `fields`, unshortened. */
  readonly isWhole: boolean;
}

export interface Card {
  /** Of the batch, or of the question. */
  readonly id: string;
  readonly asks: readonly CardAsk[];
  /** What was allowed and runs with it. */
  readonly alsoRuns: readonly Shown[];
}

/** What a surface can show. */
export interface CardLimits {
  /** Of one value. */
  readonly valueChars: number;
  /** Arguments of one approval; as many members of its evidence. */
  readonly fields: number;
  /** All names and values of a card; its approvals share it evenly. */
  readonly totalChars: number;
}

export interface CardInput {
  readonly id: string;
  readonly asks: readonly {
    readonly approval: Approval;
    readonly handle: string;
    readonly outcome: Outcome | null;
    readonly saidSince?: readonly SaidSince[];
  }[];
  /** All approvals of the batch, also those that stand on other cards: one may ask anew what another was approved for. */
  readonly batch: readonly Approval[];
  /** Summaries of the allowed actions of the batch. */
  readonly alsoRuns: readonly string[];
  /** What people are called, by id. */
  readonly names: Readonly<Record<string, string>>;
}

// 160 characters: a summary; one line on a phone.
const LINE_CHARS = 160;
// 500 characters: a reason is one sentence.
const REASON_CHARS = 500;
// 200 characters of a message: five of them must leave room for what is to be approved.
const SAID_CHARS = 200;
// 20 actions: more than a model asks for at once; what is past them is counted.
const MAX_ALSO_RUNS = 20;

export function cardOf(input: CardInput, limits: CardLimits, nowMs: number): Card {
  const share = Math.floor(limits.totalChars / Math.max(1, input.asks.length));
  const asks = input.asks.map((ask) => askOf(ask, input, { ...limits, totalChars: share }, nowMs));
  return { id: input.id, asks, alsoRuns: alsoRunsOf(input.alsoRuns) };
}

/** What was allowed among the actions of a batch, and waits with it, in its own words. */
export const allowedIn = (
  actions: readonly {
    readonly verdict: Verdict | null;
    readonly approvalId: string | null;
    readonly summary: string;
  }[],
): readonly string[] =>
  actions
    .filter(({ verdict, approvalId }) => approvalId === null && verdict?.kind === 'allow')
    .map(({ summary }) => summary);

function alsoRunsOf(summaries: readonly string[]): readonly Shown[] {
  const shown = summaries.slice(0, MAX_ALSO_RUNS).map((summary) => shownLine(summary, LINE_CHARS));
  const hidden = summaries.length - shown.length;
  return hidden === 0 ? shown : [...shown, { text: `and ${hidden} more`, flags: ['cut'] }];
}

function askOf(
  { approval, handle, outcome, saidSince = [] }: CardInput['asks'][number],
  { names, batch }: Pick<CardInput, 'names' | 'batch'>,
  limits: CardLimits,
  nowMs: number,
): CardAsk {
  const person = (id: string): Shown => shownLine(personText(names, id), LINE_CHARS);
  const room = { ...limits };
  const args = argumentsOf(approval, room);
  const voided = voidedBy(approval, batch);
  const { id: approvalId, digest, ruleId, reason, quorum, deadlineMs, end } = approval;
  return {
    ...{ approvalId, handle, digest, headline: headlineOf(approval, names) },
    title: titleOf(approval, nowMs),
    ...{ fields: args.fields, hiddenFields: args.hiddenFields },
    evidence: evidenceOf(approval, { ...room, totalChars: args.leftChars }, nowMs),
    ...{ rule: shownLine(ruleId, LINE_CHARS), reason: shownText(reason, REASON_CHARS) },
    ...{
      requester: person(approval.requester),
      group: shownLine(groupsText(approval, nowMs), LINE_CHARS).text,
      quorum,
    },
    ...(approval.procedure === undefined ? {} : { procedure: shownLine(approval.procedure, LINE_CHARS) }),
    isQuestion: approval.question === 'unknown',
    decided: saidInOrder(approval).map((one) => ({
      ...{ person: person(one.personId), answer: one.answer, atMs: one.atMs },
      reason: shownText(one.reason, REASON_CHARS),
    })),
    saidSince: saidSince.map(({ text, atMs }) => ({ text: shownText(text, SAID_CHARS), atMs })),
    ...{ deadlineMs, end, otherwise: otherwiseOf(approval), ended: endedText(approval, outcome, voided) },
    changed: voided?.changed ?? { text: '', flags: [] },
    outcome: outcome === null || voided ? null : shownText(endingText(endingOf(outcome)), REASON_CHARS),
    answers: answersNow(approval, args.isWhole, nowMs),
    isWhole: args.isWhole,
  };
}

const saidInOrder = (approval: Approval) => saidOf(approval).toSorted((one, other) => one.atMs - other.atMs);

const personText = (names: CardInput['names'], id: string): string =>
  Object.hasOwn(names, id) && names[id] !== id ? `${names[id]} (${id})` : id;

// Between a summary and the amount that it ends in: the amount has a line of its own.
const AMOUNT_FOLLOWS = ' · ';

/** The three lines that come first, wherever an approval is shown. */
export function headlineOf(
  { summary, forWhom = '', howMuch = '', requester }: Approval,
  names: CardInput['names'],
): CardAsk['headline'] {
  const amount = `${AMOUNT_FOLLOWS}${howMuch}`;
  const what = howMuch !== '' && summary.endsWith(amount) ? summary.slice(0, -amount.length) : summary;
  return [
    shownLine(what, LINE_CHARS),
    shownLine(forWhom === '' ? personText(names, requester) : forWhom, LINE_CHARS),
    shownLine(howMuch === '' ? 'no amount is stated' : howMuch, LINE_CHARS),
  ];
}

// No, and asking first, need no more than the doubt.
const NEEDS_NO_WHOLE: readonly DecisionAnswer[] = ['deny', 'withdraw', 'ask_back'];

/** Whoever says yes, writes it anew or says what happened must have seen what about. */
function answersNow(approval: Approval, isWhole: boolean, nowMs: number): readonly DecisionAnswer[] {
  if (approval.end !== 'open' || nowMs >= approval.deadlineMs) return [];
  return answersTo(approval).filter((answer) => isWhole || NEEDS_NO_WHOLE.includes(answer));
}

interface Listed {
  readonly fields: readonly CardField[];
  readonly hiddenFields: number;
  readonly leftChars: number;
  readonly isWhole: boolean;
}

function argumentsOf({ args, critical = [], provenance }: Approval, limits: CardLimits): Listed {
  const read = readArguments(args);
  if (read === undefined) return { fields: [], hiddenFields: 0, leftChars: limits.totalChars, isWhole: false };
  const listed = listOf(leavesOf(read), new Set(critical), limits, toldSources(provenance, critical));
  // What is shown was read from the very text that the digest covers, or else a person would see other values.
  return { ...listed, isWhole: listed.isWhole && isCanonical(read, args) };
}

function isCanonical(read: Json, args: string): boolean {
  try {
    return canonicalText(read) === args;
  } catch {
    return false; // nested more deeply than any tool's arguments are
  }
}

/** Undefined where they are erased, or were never JSON. */
function readArguments(args: string): Json | undefined {
  try {
    return JSON.parse(args) as Json;
  } catch {
    return undefined;
  }
}

function evidenceOf({ evidence }: Approval, limits: CardLimits, nowMs: number): CardEvidence | null {
  if (evidence === null) return null;
  const { asOfMs, version, record } = evidence;
  const { fields, hiddenFields } = listOf(leavesOf(record), new Set(), limits);
  const ageMs = Math.max(0, nowMs - asOfMs);
  return { asOfMs, ageMs, version: shownLine(version, LINE_CHARS).text, fields, hiddenFields };
}

/** In order, as long as there is room. A value that is too long is cut; what has no room at all is counted. */
function listOf(
  leaves: readonly Leaf[],
  critical: ReadonlySet<string>,
  limits: CardLimits,
  sources: ReadonlyMap<string, string> = new Map(),
): Listed {
  const fields: CardField[] = [];
  let leftChars = limits.totalChars;
  let isWhole = true;
  for (const { path, top, text } of leaves.slice(0, limits.fields)) {
    const name = shownLine(path, limits.valueChars);
    const value = shownText(text, limits.valueChars);
    const needs = name.text.length + value.text.length;
    if (needs > leftChars) break;
    leftChars -= needs;
    const flags = flagsOf([...name.flags, ...value.flags]);
    isWhole &&= !flags.includes('cut');
    const source = sources.get(path);
    const from = source === undefined ? null : shownLine(source, LINE_CHARS);
    fields.push({ name: name.text, value: { text: value.text, flags }, from, isCritical: critical.has(top) });
  }
  const hiddenFields = leaves.length - fields.length;
  return { fields, hiddenFields, leftChars, isWhole: isWhole && hiddenFields === 0 };
}
