// Irreversible, and it carries data out of the house: a mail to the requester. SMTP does not honour idempotency keys,
// so an SMTP attempt without a receipt stays unknown; nothing is sent twice. May import countersign and this folder.
import { defineTool } from 'countersign';
import { z } from 'zod';
import { manyLines, oneLine } from '../inputs.ts';
import { inOutbox, sendMail as deliver, usesSmtp } from '../mail.ts';
import { shopOf } from '../shop.ts';

const input = z.strictObject({
  to: z
    .email('must be an e-mail address')
    .max(254)
    .describe("The requester's e-mail address on record, as look_up_orders returns it."),
  subject: oneLine(150).describe('Subject, one line.'),
  // 5,000 characters: a long letter; people read the whole of it on the card before it goes.
  text: manyLines(5_000).describe('The whole text of the mail, plain, with greeting and closing.'),
});
type Sent = { to: string; by: 'smtp' | 'outbox' };

export const sendMail = defineTool<z.infer<typeof input>, Sent>({
  name: 'send_mail',
  version: '1',
  description:
    'Send the requester a mail, when they ask for something in writing. A person of support reads and approves it ' +
    'first; say so.',
  input,
  effect: 'irreversible',
  idempotent: false,
  egress: true,
  critical: ['to', 'subject', 'text'],
  scopes: ['shop:read', 'mail:send'],
  trust: 'record',
  preconditions: ['addressOnRecord'],
  // 30 s: a greylisting or scanning mail server takes its time; the connection's own limits are shorter.
  timeoutMs: 30_000,
  summarize: (mail) => `mail to ${mail.to}: ${mail.subject}`,
  forWhom: ({ to }) => to,
  howMuch: ({ text }) => `1 mail of ${text.length} characters`,
  inspect: async ({ principal }, context) => {
    const rows = await shopOf(context).query<{ email: string }>('select email from shop.customers where id = $1', [
      principal.id,
    ]);
    const [customer] = rows;
    const known = { asOfMs: context.nowMs, version: '' };
    if (customer === undefined) return { ...known, subject: '', record: {} };
    return { ...known, subject: principal.id, record: { addressOnRecord: customer.email } };
  },
  execute: async (call, context) => ({ to: call.input.to, by: await deliver(call.input, context) }),
  reconcile: async (call, context) => {
    if (await inOutbox(context)) return { kind: 'happened', result: { to: call.input.to, by: 'outbox' } };
    return usesSmtp(context) ? { kind: 'unknown' } : { kind: 'did_not_happen' };
  },
});
