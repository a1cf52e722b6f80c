// What Slack shows of ours, in blocks. On a card and in a form text from outside stands in `code`, where Slack knows no
// markup, mention or link, and what is not in code is ours. Other texts are one voice's words, as plain text. Pure.
// May import domain types, the channels' own files and the light parts of the Slack adapter.
import { escapeSlackText } from '@chat-adapter/slack/format';
import type { Note, OutMessage } from '../domain/channel.ts';
import { MAX_REASON_CHARS } from '../domain/rule.ts';
import { cutText } from '../domain/text.ts';
import { type AskLines, type Button, firstLines, fitted, type Line, type Span } from './card-lines.ts';
import { packed } from './packed.ts';
import { writePayload } from './payload.ts';

// Slack takes 3,000 characters in a section and 50 blocks in a message.
const SECTION_CHARS = 2_900;
const BLOCKS = 50;

export type Block = Readonly<Record<string, unknown>>;

/** `text` is what Slack pushes as a notification, and reads out: without markup, for it is posted as plain text. */
export function shownAs(message: OutMessage) {
  return message.kind === 'text' ? textMessage(message.text) : fitted(message.card, cardMessage);
}

// 580 characters: five of them fit into a section, though each may be one that is escaped.
const PART = /[^]{1,580}/gu;
// 150 characters: what a notification shows.
const PUSHED_CHARS = 150;

/** Words of one voice, whoever's they are: plain text, in which Slack knows no markup, mention or link. */
export function textMessage(text: string, link?: Extract<Note, { kind: 'text' }>['link']) {
  const parts = text.match(PART) ?? [' '];
  const sections = packed(parts.map(escapeSlackText), '', SECTION_CHARS) ?? [];
  const said = sections.map((one) => ({ type: 'section', text: plainText(one) }));
  const last = link === undefined ? [] : [section(`<${escapeSlackText(link.url)}|${escapeSlackText(link.label)}>`)];
  return { text: escapeSlackText(cutText(text, PUSHED_CHARS)), blocks: [...said, ...last] };
}

function cardMessage(asks: readonly AskLines[]) {
  const parts = asks.map(askBlocks);
  const blocks = parts.flatMap((part) => part ?? []);
  if (parts.includes(undefined) || blocks.length > BLOCKS) return undefined;
  return { text: escapeSlackText(firstLines(asks)), blocks };
}

function askBlocks({ lines, buttons }: AskLines): Block[] | undefined {
  const sections = sectionsOf(lines.map(lineText));
  if (sections === undefined || buttons.length === 0) return sections;
  const elements = buttons.map(({ label, payload, style, sure }) => ({
    type: 'button',
    text: plainText(label),
    action_id: payload.slice(0, payload.indexOf('.')),
    value: payload,
    ...(style === 'plain' ? {} : { style }),
    ...(sure === undefined ? {} : { confirm: confirmOf(sure, label) }),
  }));
  return [...sections, { type: 'actions', elements }, { type: 'divider' }];
}

// Of a dialog Slack takes 100 characters as title and 300 as text, escaped. 40: an amount, which is to stand there whole.
const TITLE_CHARS = 100;
const AMOUNT_CHARS = 40;
const WHOM_CHARS = 160;

/** Asked once more by the client itself, before anything is sent. What is too long for it stands whole on the card. */
function confirmOf({ what, howMuch, forWhom }: NonNullable<Button['sure']>, label: string) {
  const amount = ` · ${escapedTo(howMuch, AMOUNT_CHARS)}`;
  const text = `For ${escapedTo(forWhom, WHOM_CHARS)}. Your approval counts at once, and what enough people have approved runs.`;
  const words = { title: plainText(escapedTo(what, TITLE_CHARS - amount.length) + amount), text: plainText(text) };
  return { ...words, confirm: plainText(label), deny: plainText('Go back'), style: 'primary' };
}

/** What fits, escaped; cut between characters. */
function escapedTo(text: string, maxChars: number): string {
  const whole = escapeSlackText(text);
  if (whole.length <= maxChars) return whole;
  let kept = '';
  for (const character of text) {
    const next = kept + escapeSlackText(character);
    if (next.length >= maxChars) break;
    kept = next;
  }
  return `${kept}…`;
}

const plainText = (text: string) => ({ type: 'plain_text', text, emoji: false });

const sectionsOf = (texts: readonly string[]): Block[] | undefined => packed(texts, '\n', SECTION_CHARS)?.map(section);

// Verbatim: Slack makes no link and no mention of what only looks like one.
const section = (text: string): Block => ({ type: 'section', text: { type: 'mrkdwn', text, verbatim: true } });

const lineText = (line: Line): string => line.map(spanText).join('');

function spanText(span: Span): string {
  if (span.from === 'outside') return span.text.split('\n').map(inCode).join('\n');
  return 'isBold' in span ? `*${escapeSlackText(span.text)}*` : escapeSlackText(span.text);
}

/** A backtick would end the code, and a blank at an end would be lost: both are written out, and what stands for one. */
function inCode(line: string): string {
  if (line === '') return '';
  const written = line.replaceAll('`', '<U+0060>').replaceAll('␣', '<U+2423>');
  const visible = written.replace(/^ +| +$/g, (blanks) => '␣'.repeat(blanks.length));
  return `\`${escapeSlackText(visible)}\``;
}

export function formFor({ answer, handle, about }: Extract<Note, { kind: 'reason' }>, channel: string) {
  const element = { type: 'plain_text_input', action_id: 'reason', multiline: true, max_length: MAX_REASON_CHARS };
  const input = {
    type: 'input',
    block_id: 'reason',
    label: plainText('The reason; whoever asked for it reads it'),
    element,
  };
  const private_metadata = `${writePayload(answer, handle)} ${channel}`;
  const blocks = [section(lineText([{ from: 'outside', text: about.slice(0, MAX_REASON_CHARS) }])), input];
  const buttons = { submit: plainText(answer === 'deny' ? 'Deny' : 'Answer'), close: plainText('Cancel') };
  return { type: 'modal', callback_id: 'reason', title: plainText('Why?'), ...buttons, private_metadata, blocks };
}
