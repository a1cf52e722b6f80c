// The agent of the proofs `memory` and `ttl`: it remembers how people are reached, and reads a mail that wants it otherwise.
// May import countersign, zod and this folder.
import { allow, defineAgent, deny, defineTool, rule } from 'countersign';
import { z } from 'zod';
import { MAIL, RECORD } from './mail.ts';

const base = { version: '1', idempotent: true, egress: false, scopes: [] } as const;

const readMail = defineTool({
  ...{ ...base, name: 'read_mail', effect: 'read', critical: [], input: z.strictObject({}) },
  description: 'Read the mail',
  execute: async () => MAIL,
});

const readContact = defineTool({
  ...{ ...base, name: 'read_contact', effect: 'read', critical: [], trust: 'record', input: z.strictObject({}) },
  description: 'Read how the person is reached',
  execute: async () => RECORD,
});

const send = defineTool({
  ...{ ...base, name: 'send', effect: 'write', critical: ['to'], input: z.strictObject({ to: z.string() }) },
  description: 'Send a letter',
  execute: async () => 'sent',
});

const words = (member: string) => z.strictObject({ [member]: z.string().max(200) });

export default defineAgent({
  name: 'keeper',
  owner: 'olga',
  team: 'support',
  purpose: 'Remembers for a time.',
  instructions: 'You are the agent of a proof.',
  models: ['model-of-the-proofs'],
  tools: [readMail, readContact, send],
  memory: {
    contact: {
      ...{ description: 'where letters go', schema: words('at'), ttlDays: 14, freshForHours: 48 },
      record: 'read_contact',
    },
    // Stale long before its time is over.
    office: {
      ...{ description: 'where they work', schema: words('at'), ttlDays: 60, freshForHours: 48 },
      record: 'read_contact',
    },
    diet: { description: 'what they do not eat', schema: words('not'), ttlDays: 14 },
    pet: { description: 'their pet', schema: words('name'), ttlDays: 14 },
  },
  rules: [
    rule('mail', readMail, () => allow()),
    rule('contact', readContact, () => allow()),
    rule('send.known', send, ({ origin }) =>
      origin('to') === 'principal' || origin('to') === 'record'
        ? allow('it is known where letters go')
        : deny('nobody said where it goes'),
    ),
  ],
});
