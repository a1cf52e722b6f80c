// What a button carries: an answer and a handle, nothing else. At most 37 bytes, well within Telegram's 64. Pure.
// May import domain types.
import type { ClickAnswer } from '../domain/channel.ts';

const PAYLOAD = /^(approve|deny|happened|did_not_happen|view)\.([A-Za-z0-9_-]{22})$/;

export const writePayload = (answer: ClickAnswer, handle: string): string => `${answer}.${handle}`;

/** Undefined where it is none of ours. */
export function readPayload(text: string): { readonly answer: ClickAnswer; readonly handle: string } | undefined {
  const [, answer, handle] = PAYLOAD.exec(text) ?? [];
  return answer === undefined || handle === undefined ? undefined : { answer: answer as ClickAnswer, handle };
}
