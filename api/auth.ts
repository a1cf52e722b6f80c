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
  /** Set where the person came by a link to one approval, and has no key. */
  readonly link?: string;
}

/**
 * The caller of an Authorization header. Throws `unauthenticated`, the same for unknown and revoked keys. A page also takes
 * the key as the password of a browser's own login; nothing else does, for a browser sends that along unasked.
 */
export async function authenticate(
  store: Pick<Store, 'apiKeys'>,
  header: string | undefined,
  isPage = false,
): Promise<Caller> {
  const text = keyIn(header, isPage);
  const unauthenticated = (detail: string) => refusal(detail, isPage ? 'Basic' : 'Bearer');
  if (text === undefined) {
    throw unauthenticated(
      isPage
        ? 'Log in with any name, and your key as the password.'
        : 'Send your key in the header "Authorization: Bearer cs_…".',
    );
  }
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

function keyIn(header = '', isPage: boolean): string | undefined {
  const [, scheme = '', value] = /^(Bearer|Basic) +(\S+)$/i.exec(header) ?? [];
  if (scheme.toLowerCase() === 'bearer') return value;
  if (!isPage || value === undefined) return undefined;
  const login = Buffer.from(value, 'base64').toString('utf8');
  return login.slice(login.indexOf(':') + 1);
}

function refusal(detail: string, scheme: 'Basic' | 'Bearer'): Problem {
  return new Problem('unauthenticated', detail, { headers: { 'WWW-Authenticate': `${scheme} realm="countersign"` } });
}
