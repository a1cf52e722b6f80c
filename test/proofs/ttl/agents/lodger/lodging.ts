// Agents of the proof `ttl` differ in how long their conversations are kept, and in nothing else: words come into each place
// where a conversation has any. May import countersign, zod and this folder.
import { allow, ask, defineAgent, deny, type Retention, rule } from 'countersign';
import { z } from 'zod';
import { DENIED, fumble, look, note, pay } from './tools.ts';

export const lodging = (name: string, retention?: Retention) =>
  defineAgent({
    name,
    owner: 'olga',
    team: 'support',
    purpose: 'Keeps conversations for as long as it says.',
    instructions: 'You are the agent of a proof.',
    models: ['model-of-the-proofs'],
    tools: [look, note, pay, fumble],
    systems: [{ kind: 'secrets', name: 'far', secrets: ['PROOF_FAR_SIDE_URL'] }],
    ...(retention === undefined ? {} : { retention }),
    memory: {
      diet: {
        description: 'what they do not eat',
        schema: z.strictObject({ not: z.string().max(200) }),
        ttlDays: 14,
      },
    },
    rules: [
      rule('look', look, () => allow()),
      rule('note', note, ({ input: { memo } }) => (memo.startsWith(DENIED) ? deny(`nobody notes ${memo}`) : allow())),
      rule('pay', pay, () => ask({ group: 'finance' })),
      rule('fumble', fumble, () => allow()),
    ],
  });
