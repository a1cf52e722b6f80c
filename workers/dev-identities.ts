// Who the identities of a development start are, and the file that keeps their keys. Read by the start, which makes
// the keys, and by the command line, which presents the fitting one. Light: it loads no Temporal and no store.
import { z } from 'zod';
import type { Scope } from '../api/keys.ts';
import { DEFAULT_TENANT, type Directory, type Principal } from '../domain/principal.ts';

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
    scopes: ['conversations:write', 'conversations:read', 'approvals:decide', 'operate'],
  },
  {
    principal: { id: 'auditor', name: 'Audrey', tenant: 'default' },
    role: 'auditor',
    scopes: ['ledger:read'],
  },
  {
    principal: { id: 'administrator', name: 'Edith', tenant: 'default' },
    role: 'administrator',
    scopes: ['erase'],
  },
];

/** Whether every start has it, whatever its directory names. */
export const isOfEveryStart = ({ principal }: Identity): boolean =>
  IDENTITIES.some((one) => one.principal.id === principal.id);

// 20: enough to try quorums and groups with; each has a key of its own, and a directory may name thousands.
const MAX_OF_DIRECTORY = 20;

/**
 * All of a start with this directory, in the order in which a command chooses among them: whoever is in it comes before
 * whoever is not, so that what waits for its groups can be decided.
 */
export function identitiesWith(directory: Pick<Directory, 'people'>): readonly Identity[] {
  const isThere = ({ principal }: Identity) => directory.people.some(({ id }) => id === principal.id);
  const others = directory.people.filter(({ id }) => IDENTITIES.every(({ principal }) => principal.id !== id));
  const theirs = others.slice(0, MAX_OF_DIRECTORY).map(({ id, name }): Identity => {
    const scopes = ['conversations:write', 'conversations:read', 'approvals:decide'] as const;
    return { principal: { id, name, tenant: DEFAULT_TENANT }, role: 'of the directory', scopes };
  });
  const [customer, ...staff] = IDENTITIES;
  const first = customer === undefined ? [] : [customer];
  return [...first, ...staff.filter(isThere), ...theirs, ...staff.filter((one) => !isThere(one))];
}

/** In the state folder. */
export const IDENTITIES_FILE = 'identities.json';
// Those of the last start have what they are for; older ones keep their keys only, for when they come back.
export const IdentitiesFile = z.array(
  z.object({
    ...{ principalId: z.string(), keyId: z.string(), key: z.string() },
    now: z
      .object({
        name: z.string(),
        role: z.string(),
        scopes: z.array(z.custom<Scope>((one) => typeof one === 'string')),
      })
      .optional(),
  }),
);

/** The identities of the last start, with their keys. A file of before names none: then the ones that all starts have. */
export function identitiesIn(kept: z.output<typeof IdentitiesFile>): readonly (Identity & { readonly key: string })[] {
  const named = kept.flatMap(({ principalId: id, key, now }) =>
    now === undefined ? [] : [{ principal: { id, name: now.name, tenant: DEFAULT_TENANT }, ...now, key }],
  );
  if (named.length > 0) return named;
  return IDENTITIES.flatMap((one) =>
    kept.filter(({ principalId }) => principalId === one.principal.id).map(({ key }) => ({ ...one, key })),
  );
}
