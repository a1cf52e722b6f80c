// What a button carries: an answer and a handle, nothing else. At most 48 bytes, well within Telegram's 64. A handle is of
// one answer: whoever was not offered to approve here has nothing to approve with, whatever their client sends. Pure.
// May import domain types.
import { createHash } from 'node:crypto';
import type { ClickAnswer } from '../domain/channel.ts';

// 22 characters name the approval (see trust/digest.ts). 11 more, 66 bits, are of the answer: every guess is a click.
const APPROVAL_CHARS = 22;
const ANSWER_CHARS = 11;
const PAYLOAD = /^(approve|deny|happened|did_not_happen|view)\.([A-Za-z0-9_-]{33})$/;

export const writePayload = (answer: ClickAnswer, handle: string): string => `${answer}.${handle}`;

/** Undefined where it is none of ours. */
export function readPayload(text: string): { readonly answer: ClickAnswer; readonly handle: string } | undefined {
  const [, answer, handle] = PAYLOAD.exec(text) ?? [];
  return answer === undefined || handle === undefined ? undefined : { answer: answer as ClickAnswer, handle };
}

/**
 * The handle of the button for this answer; `handle` is that of the approval. It is made of the digest, which stands on no
 * card, so that no button tells that of another answer.
 */
export function buttonHandle(answer: ClickAnswer, of: { readonly handle: string; readonly digest: string }): string {
  const text = JSON.stringify(['countersign/button/1', of.handle, of.digest, answer]);
  return of.handle + createHash('sha256').update(text, 'utf8').digest('base64url').slice(0, ANSWER_CHARS);
}

/** The approval's own, by which it is found, in the handle of a button. */
export const approvalHandleIn = (handle: string): string => handle.slice(0, APPROVAL_CHARS);
