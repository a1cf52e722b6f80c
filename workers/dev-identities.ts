// Who the identities of a development start are, and the file that keeps their keys. Read by the start, which makes
// the keys, and by the command line, which presents the fitting one. Light: it loads no Temporal and no store.
import { z } from 'zod';
import type { Scope } from '../api/keys.ts';
import type { Principal } from '../domain/principal.ts';

export interface Identity {
  readonly principal: Principal;
  /** What the identity is for, in the words of people. */
  readonly role: string;
  readonly scopes: readonly Scope[];
}

export const IDENTITIES: readonly Identity[] = [
  {
    principal: { id: 'customer-ada', name: 'Ada', tenant: 'default' },
    role: 'customer',
    scopes: ['conversations:write', 'conversations:read'],
  },
  {
    principal: { id: 'finn', name: 'Finn', tenant: 'default' },
    role: 'finance approver',
    scopes: ['conversations:read', 'approvals:decide', 'operate'],
  },
  {
    principal: { id: 'auditor', name: 'Audrey', tenant: 'default' },
    role: 'auditor',
    scopes: ['ledger:read'],
  },
];

/** In the state folder. */
export const IDENTITIES_FILE = 'identities.json';
export const IdentitiesFile = z.array(z.object({ principalId: z.string(), keyId: z.string(), key: z.string() }));
