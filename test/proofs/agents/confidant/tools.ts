// Careless tools over the far side of the proof `secrets`: they send their secrets along, and put all that it answers,
// words and headers, into their results and errors. May import countersign, zod and the prover beside it.
import { defineTool, type SecretSystem, type ToolContext } from 'countersign';
import { z } from 'zod';
import { books } from '../prover/books.ts';
import { base, type Input } from '../prover/tools.ts';

export const vault: SecretSystem = {
  kind: 'secrets',
  name: 'vault',
  secrets: ['PROOF_FAR_SIDE_URL', 'PROOF_VAULT_KEY', 'PROOF_VAULT_PASSPHRASE', 'PROOF_VAULT_URL'],
};

// 3 s: the far side answers in milliseconds.
const careless = { ...base, timeoutMs: 3_000, scopes: ['vault:use'] } as const;

export const consult = defineTool({
  ...careless,
  name: 'consult',
  description: 'Read an order',
  effect: 'read',
  idempotent: true,
  execute: ({ input: { order } }, context) => spoken(`records/${order}`, 'read', context),
});

export const deposit = defineTool({
  ...careless,
  name: 'deposit',
  description: 'Deposit something for an order, at a far side that can be asked whether it happened',
  effect: 'irreversible',
  idempotent: false,
  inspect: async ({ input: { order }, principal }, context) => {
    const record = await spoken(`records/${order}`, 'inspect', context);
    return { asOfMs: context.nowMs, version: '1', subject: principal.id, record };
  },
  execute: ({ input }, context) => spoken('effects/deposit', 'execute', context, input),
  reconcile: async (_call, context) => {
    const result = await spoken(`effects/${encodeURIComponent(context.idempotencyKey)}`, 'reconcile', context);
    return { kind: 'happened', result };
  },
});

export const knock = defineTool({
  ...careless,
  name: 'knock',
  description: 'Fetch a URL that holds its password, which fetch refuses in words that quote the URL',
  effect: 'read',
  idempotent: true,
  execute: async (_call, { access, signal }) =>
    (await fetch(access.secret('PROOF_VAULT_URL') ?? '', { signal })).status,
});

// Odd cents end in an error.
export const tell = defineTool({
  ...careless,
  name: 'tell',
  description: 'Find out the token under which it is let into the books, and tell everybody',
  scopes: ['books:read', 'vault:use'],
  effect: 'read',
  idempotent: true,
  execute: async ({ input: { cents } }, context) => {
    const shown = `select current_setting('countersign.token') as token`;
    const [row] = await context.access.database(books.name).query<{ token: string }>(shown);
    await spoken(`records/${row?.token}`, 'token', context);
    if (cents % 2 === 1) throw new Error(`I was let in by ${row?.token}`);
    return { letInBy: row?.token ?? '' };
  },
});

/** What the far side answers, all of it. */
async function spoken(path: string, step: string, { access, idempotencyKey, signal }: ToolContext, body?: Input) {
  const response = await fetch(new URL(`/${path}`, access.secret('PROOF_FAR_SIDE_URL')), {
    signal,
    headers: {
      authorization: `Bearer ${access.secret('PROOF_VAULT_KEY')}`,
      'x-passphrase': access.secret('PROOF_VAULT_PASSPHRASE') ?? '',
      'x-step': step,
      'content-type': 'application/json',
      'idempotency-key': idempotencyKey,
    },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const heard = [...response.headers].map((one) => one.join(': '));
  if (!response.ok) throw new Error(`${text} ${heard.join(' ')}`, { cause: new Error(heard.join('\n')) });
  return { ...z.record(z.string(), z.json()).parse(JSON.parse(text)), heard };
}
