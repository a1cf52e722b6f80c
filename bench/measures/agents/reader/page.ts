// Pages that no compression makes smaller, the same each time: what a tool puts out in a turn of the measures.
import { createHash } from 'node:crypto';

/** 4,096 characters: what a page of a manual or a record with its history has. */
export const PAGE_CHARS = 4_096;

export function pageText(nth: number): string {
  let text = '';
  for (let part = 0; text.length < PAGE_CHARS; part++)
    text += createHash('sha512').update(`${nth} ${part}`).digest('base64url');
  return text.slice(0, PAGE_CHARS);
}
