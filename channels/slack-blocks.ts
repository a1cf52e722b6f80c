// What Slack shows of ours, in blocks. On a card and in a form text from outside stands in `code`, where Slack knows no
// markup, mention or link, and what is not in code is ours. Other texts are one voice's words, with no markup in them. Pure.
// May import domain types, the channels' own files and the light parts of the Slack adapter.
import { escapeSlackText } from '@chat-adapter/slack/format';
import type { Note, OutMessage } from '../domain/channel.ts';
import { MAX_REASON_CHARS } from '../domain/rule.ts';
import { type AskLines, type CardLines, fitted, type Line, type Span } from './card-lines.ts';
import { packed } from './packed.ts';
import { writePayload } from './payload.ts';

// Slack takes 3,000 characters in a section and 50 blocks in a message.
const SECTION_CHARS = 2_900;
const BLOCKS = 50;

export type Block = Readonly<Record<string, unknown>>;

export function shownAs(message: OutMessage) {
  if (message.kind === 'text') return textMessage(message.text);
  const { card } = message;
  const blocks = fitted(card, cardBlocks);
  return { text: escapeSlackText(card.title), blocks };
}

export function textMessage(text: string, link?: Extract<Note, { kind: 'text' }>['link']) {
  const parts = text.match(/[^]{1,580}/gu) ?? [' '];
  const sections = sectionsOf(parts.map(escapeSlackText), '');
  const last = link === undefined ? [] : [section(`<${escapeSlackText(link.url)}|${escapeSlackText(link.label)}>`)];
  return { text: escapeSlackText(text.slice(0, 150)), blocks: [...(sections ?? []), ...last] };
}

function cardBlocks({ top, asks }: CardLines): Block[] | undefined {
  const parts = [sectionsOf(top.map(lineText)), ...asks.map(askBlocks)];
  const blocks = parts.flatMap((part) => part ?? []);
  return parts.includes(undefined) || blocks.length > BLOCKS ? undefined : blocks;
}

function askBlocks({ lines, buttons }: AskLines): Block[] | undefined {
  const sections = sectionsOf(lines.map(lineText));
  if (sections === undefined || buttons.length === 0) return sections;
  const elements = buttons.map(({ label, payload, style }) => ({
    type: 'button',
    text: { type: 'plain_text', text: label, emoji: false },
    action_id: payload.slice(0, payload.indexOf('.')),
    value: payload,
    ...(style === 'plain' ? {} : { style }),
  }));
  return [...sections, { type: 'actions', elements }, { type: 'divider' }];
}

const sectionsOf = (texts: readonly string[], glue = '\n'): Block[] | undefined =>
  packed(texts, glue, SECTION_CHARS)?.map(section);

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
  const words = (text: string) => ({ type: 'plain_text', text, emoji: false });
  const element = { type: 'plain_text_input', action_id: 'reason', multiline: true, max_length: MAX_REASON_CHARS };
  const input = {
    type: 'input',
    block_id: 'reason',
    label: words('The reason; whoever asked for it reads it'),
    element,
  };
  const private_metadata = `${writePayload(answer, handle)} ${channel}`;
  const blocks = [section(lineText([{ from: 'outside', text: about.slice(0, MAX_REASON_CHARS) }])), input];
  const buttons = { submit: words(answer === 'deny' ? 'Deny' : 'Answer'), close: words('Cancel') };
  return { type: 'modal', callback_id: 'reason', title: words('Why?'), ...buttons, private_metadata, blocks };
}
