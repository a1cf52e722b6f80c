// Canonical JSON (RFC 8785) and the digests that bind a verdict, an approval and a claim to one exact action.
// May import domain.
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Json } from '../domain/json.ts';
import type { Proposal } from '../domain/action.ts';

export function sha256Hex(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** The one text of a JSON value (RFC 8785). Throws on what JSON cannot say: undefined, NaN, a lone surrogate. */
export function canonicalJson(value: Json): string {
  const text = canonicalize(value);
  if (text === undefined || !text.isWellFormed()) throw new TypeError('not a JSON value with well-formed text');
  return text;
}

type Digested = Pick<Proposal, 'actionId' | 'tool' | 'toolVersion' | 'args' | 'principal' | 'salt'>;

/** The digest of an action. An array of strings, so that no two actions have one encoding. */
export function actionDigest(action: Digested): string {
  const { actionId, tool, toolVersion, args, principal, salt } = action;
  return sha256Hex(
    JSON.stringify(['countersign/action/1', actionId, tool, toolVersion, args, principal.id, principal.tenant, salt]),
  );
}

/** The digest of a question: its kind, what it is about, and the digest of that, which covers the amount. */
export function questionDigest(kind: string, id: string, about: string): string {
  return sha256Hex(JSON.stringify(['countersign/question/1', kind, id, about]));
}
