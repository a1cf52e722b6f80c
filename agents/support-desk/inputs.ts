// The parts that the tools' inputs are made of: bounded, strict, and safe to show on a card or to put into a header.
// May import zod only.
import { z } from 'zod';

// 1,000,000 cents: the dearest order of the shop is far below 10,000.00 EUR; a larger number is a slip or an attack.
const MAX_AMOUNT_CENTS = 1_000_000;

// Control, format (bidi, zero width) and line separator characters: they forge mail headers and cards.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const UNSEEN_BUT_BREAKS = /[^\P{Cc}\n\r\t]|[\p{Cf}\p{Zl}\p{Zp}]/u;

/** One line of visible text. */
export function oneLine(maxChars: number): z.ZodString {
  return z
    .string()
    .min(1)
    .max(maxChars)
    .refine((text) => text.trim() !== '', 'must not be blank')
    .refine((text) => !UNSEEN.test(text), 'must be one line of visible characters');
}

/** Visible text that may have several lines. */
export function manyLines(maxChars: number): z.ZodString {
  return z
    .string()
    .min(1)
    .max(maxChars)
    .refine((text) => text.trim() !== '', 'must not be blank')
    .refine((text) => !UNSEEN_BUT_BREAKS.test(text), 'must be visible characters and line breaks');
}

export const orderId = z
  .string()
  .regex(/^[1-9][0-9]{2,9}$/, 'an order number is 3 to 10 digits, such as 1042')
  .describe('Order number, digits only, such as "1042".');

export const ticketId = z
  .string()
  .regex(/^[1-9][0-9]{0,9}$/, 'a ticket number is 1 to 10 digits, such as 77')
  .describe('Ticket number, digits only, such as "77".');

export const amountCents = z
  .int()
  .min(1)
  .max(MAX_AMOUNT_CENTS)
  .describe('Amount in cents: 7200 means 72.00. Never a fraction.');

// One currency: the limits in the rules are amounts of it. A second one needs limits of its own.
export const currency = z.enum(['EUR']).describe('Currency of the amount.');

// 300 characters: a reason is read on a card, by a person who decides in seconds.
export const reason = oneLine(300).describe('Why, in one sentence, in the words of the facts. People read it.');
