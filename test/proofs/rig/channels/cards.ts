// Cards as people see them on the emulated platforms: every version of every message that the actor posted or edited. What
// stands in code came from outside, and what does not is ours. Reads what was sent, and knows nothing of who made it.
import type { Call, Emulators } from './emulators.ts';

export interface Shown {
  readonly channel: Platform;
  /** Which message. */
  readonly place: string;
  /** Words outside of code. */
  readonly own: string;
  /** What stands in code, as people read it. */
  readonly code: string;
  readonly buttons: readonly Button[];
  /** What stands before each row of buttons: one asking of several. */
  readonly asks: readonly { readonly code: string; readonly buttons: readonly Button[] }[];
}
export interface Button {
  readonly label: string;
  readonly payload: string;
}
export type Platform = 'slack' | 'telegram';

/** Every version of every message, oldest first. */
export function versionsOn({ calls }: Emulators, channel: Platform): readonly Shown[] {
  return channel === 'slack' ? calls.slack.flatMap(ofSlack) : calls.telegram.flatMap(ofTelegram);
}

/** Messages as they stand now. */
export function standingOn(emulators: Emulators, channel: Platform): readonly Shown[] {
  return [...new Map(versionsOn(emulators, channel).map((one) => [one.place, one])).values()];
}

// 22 characters name the approval; what follows is of the answer.
const HANDLE_CHARS = 22;

/** The approval's handle, in the button for an answer. */
export const handleIn = ({ buttons }: Pick<Shown, 'buttons'>, answer: string): string | undefined =>
  buttons
    .find(({ payload }) => payload.startsWith(`${answer}.`))
    ?.payload.split('.')[1]
    ?.slice(0, HANDLE_CHARS);

interface Block {
  readonly text?: { readonly text: string };
  readonly elements?: readonly { readonly text: { readonly text: string }; readonly value: string }[];
}

const plainOfSlack = (text: string) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
const codesOfSlack = (text: string): string =>
  [...text.matchAll(/`([^`\n]*)`/g)].map(([, code = '']) => plainOfSlack(code)).join('\n');

function ofSlack({ method, params, answer }: Call): readonly Shown[] {
  if (method !== 'chat.postMessage' && method !== 'chat.update') return [];
  const { ts = '', channel = '' } = answer as { readonly ts?: string; readonly channel?: string };
  const blocks = JSON.parse(params['blocks'] ?? '[]') as readonly Block[];
  const all = blocks.flatMap(({ text }) => (text === undefined ? [] : [text.text])).join('\n');
  const asks: { code: string; buttons: readonly Button[] }[] = [];
  let text = '';
  for (const block of blocks) {
    text += `${block.text?.text ?? ''}\n`;
    if (block.elements === undefined) continue;
    const buttons = block.elements.map(({ text: label, value }) => ({ label: label.text, payload: value }));
    asks.push({ code: codesOfSlack(text), buttons });
    text = '';
  }
  return [
    {
      channel: 'slack',
      place: `${channel} ${ts}`,
      own: plainOfSlack(all.replace(/`[^`\n]*`/g, '')),
      code: codesOfSlack(all),
      buttons: asks.flatMap(({ buttons }) => buttons),
      asks,
    },
  ];
}

const plainOfTelegram = (text: string) =>
  text
    .replace(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
const codesOfTelegram = (html: string): string =>
  [...html.matchAll(/<code>([^]*?)<\/code>/g)].map(([, inner = '']) => plainOfTelegram(inner)).join('\n');

interface Pressable {
  readonly text: string;
  readonly callback_data: string;
}
const buttonsOf = (row: readonly Pressable[]): readonly Button[] =>
  row.map(({ text, callback_data: payload }) => ({ label: text, payload }));

/** All buttons stand below all text; with several askings both say by a number which is which. */
function asksOfTelegram(html: string, rows: readonly (readonly Pressable[])[]): Shown['asks'] {
  const [, ...parts] = html.split(/<b>\d+ of \d+<\/b>/);
  if (parts.length === 0) return [{ code: codesOfTelegram(html), buttons: rows.flatMap(buttonsOf) }];
  return rows.map((row) => {
    const nth = Number(/^(\d+): /.exec(row[0]?.text ?? '')?.[1] ?? 0);
    return { code: codesOfTelegram(parts[nth - 1] ?? ''), buttons: buttonsOf(row) };
  });
}

interface Keyboard {
  readonly inline_keyboard?: readonly (readonly Pressable[])[];
}

function ofTelegram({ method, params, answer }: Call): readonly Shown[] {
  if (method !== 'sendMessage' && method !== 'editMessageText') return [];
  const { result } = answer as { readonly result?: { readonly message_id?: number } | true | null };
  const posted = typeof result === 'object' ? result?.message_id : undefined;
  const html = params['text'] ?? '';
  const { inline_keyboard: rows = [] } = JSON.parse(params['reply_markup'] ?? '{}') as Keyboard;
  const code = codesOfTelegram(html);
  const buttons = rows.flatMap(buttonsOf);
  return [
    {
      channel: 'telegram',
      place: `${params['chat_id']} ${params['message_id'] ?? posted}`,
      own: plainOfTelegram(html.replace(/<code>[^]*?<\/code>/g, ' ')),
      code,
      buttons,
      asks: asksOfTelegram(html, rows),
    },
  ];
}
