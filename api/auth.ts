// Who calls, and whether the key may. The key's principal is the caller; nothing in a body or a path ever is.
// May import domain, store.
import type { Principal } from '../domain/principal.ts';
import type { Store } from '../store/ports.ts';
import { hashOfApiKey, type Scope } from './keys.ts';
import { Problem } from './problem.ts';

export interface Caller {
  readonly keyId: string;
  readonly principal: Principal;
  readonly scopes: readonly string[];
}

/** The caller of an Authorization header. Throws `unauthenticated`, the same for unknown and revoked keys. */
export async function authenticate(store: Pick<Store, 'apiKeys'>, header: string | undefined): Promise<Caller> {
  const text = /^Bearer +(\S+)$/i.exec(header ?? '')?.[1];
  if (text === undefined) throw unauthenticated('Send your key in the header "Authorization: Bearer cs_…".');
  const hash = hashOfApiKey(text);
  const row = hash === undefined ? undefined : await store.apiKeys.byHash(hash);
  if (row === undefined || row.revokedMs !== null) {
    throw unauthenticated('This key is unknown or revoked; ask whoever runs this server for another one.');
  }
  return { keyId: row.id, principal: row.principal, scopes: row.scopes };
}

/** Any of the scopes is enough. */
export function requireScope(caller: Caller, anyOf: readonly Scope[]): void {
  if (anyOf.some((scope) => caller.scopes.includes(scope))) return;
  throw new Problem('missing_scope', `This key lacks the scope ${anyOf.join(' or ')}; use a key that has it.`);
}

export const isOperator = (caller: Caller): boolean => caller.scopes.includes('operate');

function unauthenticated(detail: string): Problem {
  return new Problem('unauthenticated', detail, { headers: { 'WWW-Authenticate': 'Bearer realm="countersign"' } });
}
