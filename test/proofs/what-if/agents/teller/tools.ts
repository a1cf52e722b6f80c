// Tools that a replay must never call: whatever they are asked, they leave a trace. May import countersign, zod, Node.
import { writeFileSync } from 'node:fs';
import { defineTool } from 'countersign';
import { z } from 'zod';

/** Beside the agents' folder, so that a copy of the folder leaves it in the same place. */
const called = (): never => {
  writeFileSync(new URL('../../a-tool-was-called', import.meta.url), '');
  throw new Error('a tool was called');
};

const base = {
  version: '1',
  idempotent: true,
  scopes: ['bank:write'],
  execute: called,
} as const;

export const transfer = defineTool({
  ...base,
  name: 'transfer',
  description: 'Transfer money to an account',
  effect: 'irreversible',
  egress: false,
  input: z.strictObject({ to: z.string(), cents: z.number().int().min(1), currency: z.string() }),
  critical: ['to', 'cents', 'currency'],
  inspect: called,
  summarize: ({ to, cents, currency }) => `transfer ${cents} ${currency} to ${to}`,
});

export const readAccount = defineTool({
  ...base,
  name: 'read_account',
  description: 'Read an account',
  effect: 'read',
  egress: false,
  input: z.strictObject({ id: z.string() }),
  critical: [],
  scopes: ['bank:read'],
  inspect: called,
});

export const sendLetter = defineTool({
  ...base,
  name: 'send_letter',
  description: 'Send a letter',
  effect: 'write',
  egress: true,
  input: z.strictObject({ to: z.string(), text: z.string() }),
  critical: ['to'],
});
