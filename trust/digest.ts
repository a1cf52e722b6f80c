// Canonical JSON (RFC 8785) and the digests that bind a verdict, an approval and a claim to one exact action.
// May import domain.
import { createHash, createHmac } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Item, ItemMark } from '../domain/item.ts';
import { budgetQuestionId } from '../domain/ids.ts';
import type { Json } from '../domain/json.ts';
import type { Budget as WholeBudget, ReachedBudget } from '../domain/spending.ts';
import type { Proposal } from '../domain/action.ts';
import type { Given } from '../domain/ruling.ts';
import type { RememberedFact } from '../domain/memory.ts';

export function sha256Hex(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** The one text of a JSON value (RFC 8785). Throws on what JSON cannot say: undefined, NaN, a lone surrogate. */
export function canonicalJson(value: Json): string {
  const text = canonicalize(value);
  if (text === undefined || !text.isWellFormed()) throw new TypeError('not a JSON value with well-formed text');
  return text;
}

type Budget = Pick<WholeBudget, 'id' | 'scope' | 'tenant' | 'agent' | 'of' | 'day'>;
type Asking = Pick<ReachedBudget, 'id' | 'measure' | 'openings'>;

type Digested = Pick<Proposal, 'actionId' | 'tool' | 'toolVersion' | 'args' | 'principal' | 'salt'>;

/** The digest of an action. An array of strings, so that no two actions have one encoding. */
export function actionDigest(action: Digested): string {
  const { actionId, tool, toolVersion, args, principal, salt } = action;
  return sha256Hex(
    JSON.stringify(['countersign/action/1', actionId, tool, toolVersion, args, principal.id, principal.tenant, salt]),
  );
}

/**
 * The digest of everything in a proposal, so that a verdict covers what the digest of the action leaves out, and whatever
 * is added to proposals. Takes any text: unlike arguments, a call's id need not be well-formed.
 */
export function proposalDigest(proposal: Proposal): string {
  return sha256Hex(JSON.stringify(proposal, inOrder));
}

/** The digest of what rules saw beside the proposal and its evidence. */
export const givenDigest = (given: Given): string => sha256Hex(JSON.stringify(given, inOrder));

/** A replacer: the keys of every object in one order, however they were put in. */
function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/** The digest of an item of the transcript: its words under its own salt, so that it tells nothing once the item is gone. */
export function itemDigest({
  conversationId,
  trust,
  body,
  salt,
}: Pick<Item, 'conversationId' | 'trust' | 'body' | 'salt'>): string {
  return createHmac('sha256', salt)
    .update(JSON.stringify([conversationId, trust, body], inOrder), 'utf8')
    .digest('hex');
}

/** The digest of words of an item, under its salt: it tells nothing once the item is gone. */
export function quoteMark({ id, salt }: Pick<Item, 'id' | 'salt'>, quote: string): ItemMark {
  const digest = createHmac('sha256', salt)
    .update(JSON.stringify(['countersign/quote/1', quote]), 'utf8')
    .digest('hex');
  return { id, digest };
}

/** How entries name an item. */
export const markOf = (item: Item): ItemMark => ({ id: item.id, digest: itemDigest(item) });

/** The digest of what is remembered, under a salt of its own: it tells nothing once that is erased. */
export function factDigest(
  {
    tenant,
    agent,
    subject,
    kind,
    key,
    value,
  }: Pick<RememberedFact, 'tenant' | 'agent' | 'subject' | 'kind' | 'key' | 'value'>,
  salt: string,
): string {
  const text = JSON.stringify(['countersign/fact/1', tenant, agent, subject, kind, key, value], inOrder);
  return createHmac('sha256', salt).update(text, 'utf8').digest('hex');
}

/** The id of what an action remembers: it remembers one thing. */
export const factIdOf = (actionId: string): string =>
  `fact-${sha256Hex(JSON.stringify(['countersign/fact/1', actionId])).slice(0, 20)}`;

/** The ledger step of their erasure. Facts are erased once. */
export const factsStep = (factIds: readonly string[]): string =>
  `erased:${sha256Hex(JSON.stringify(factIds)).slice(0, 32)}`;

// 22 characters of base64url: 132 bits, so that nobody finds another approval with the same; Telegram takes 64 bytes.
const HANDLE_CHARS = 22;

/** A short opaque name of an approval, bound to its digest: what a button carries. Ids and digests hold no line end. */
export function approvalHandle({ id, digest }: { readonly id: string; readonly digest: string }): string {
  const text = ['countersign/approval/1', id, digest].join('\n');
  return createHash('sha256').update(text, 'utf8').digest('base64url').slice(0, HANDLE_CHARS);
}

/** The ledger step of a refused warrant: one per reason. The words may be a caller's own, so they are no part of it. */
export const refusedStep = (reason: string): string => `refused:${sha256Hex(reason).slice(0, 32)}`;

// 32 hex digits: 128 bits, so that no two budgets ever meet.
const BUDGET_HEX = 32;

/** The id of a budget: one for each scope, whose it is, and day. */
export const budgetId = ({ scope, tenant, agent, of, day }: Omit<Budget, 'id'>): string =>
  sha256Hex(JSON.stringify(['countersign/budget/1', scope, tenant, agent, of, day])).slice(0, BUDGET_HEX);

/** What people are asked when that much of that budget is used up. */
export function questionOfBudget({ id, measure, openings }: Asking): string {
  const mark = sha256Hex(JSON.stringify(['countersign/budget-question/1', id, measure])).slice(0, BUDGET_HEX);
  return budgetQuestionId(mark, openings);
}

/** The digest of a question: its kind, what it is about, and the digest of that, which covers the amount. */
export function questionDigest(kind: string, id: string, about: string): string {
  return sha256Hex(JSON.stringify(['countersign/question/1', kind, id, about]));
}
