// Whom words are about, and so under which key they lie: a message is about its sender, all else of a conversation about
// the principal who opened it. May import domain types.
import type { Entry } from '../domain/entry.ts';
import type { NewItem } from '../domain/item.ts';
import type { Principal } from '../domain/principal.ts';
import { assertPlain, keyringOf, type OpenedBy, type Subject } from './keyring.ts';
import type { Tx } from './schema.ts';
import type { Under } from './words.ts';

/** Nobody is of this tenant, so nobody erases it. */
export const HOUSE: Subject = { tenant: '', subject: 'house' };

export async function underOfEntry(tx: Tx, { conversationId, fact }: Entry): Promise<Under> {
  switch (fact.kind) {
    case 'conversation_opened':
    case 'api_key_added':
      return underOfPrincipal(tx, fact.principal);
    case 'message':
      return underOfSender(tx, conversationId, fact.principal);
    default:
      return conversationId === '' ? plain(tx) : underOfConversation(tx, conversationId);
  }
}

export async function underOfItem(tx: Tx, { conversationId, body }: NewItem): Promise<Under> {
  if (body.kind === 'message') return underOfSender(tx, conversationId, body.from);
  return underOfConversation(tx, conversationId);
}

/** Plain in a conversation of the time before there were keys. */
export async function underOfConversation(tx: Tx, conversationId: string): Promise<Under> {
  return { on: tx, keyId: (await openedBy(tx, conversationId))?.key_id ?? undefined };
}

export const underOfPrincipal = (tx: Tx, principal: Principal): Promise<Under> =>
  underOfPerson(tx, subjectOf(principal));

/** Of what is about no conversation, and is kept for a moment. */
export const underOfHouse = (tx: Tx): Promise<Under> => underOfPerson(tx, HOUSE);

/** What is remembered of whoever spoke in that conversation. */
export const underOfFact = (tx: Tx, conversationId: string, { tenant, subject }: Subject): Promise<Under> =>
  underOfSender(tx, conversationId, { tenant, id: subject });

async function underOfPerson(tx: Tx, person: Subject): Promise<Under> {
  const keyring = keyringOf(tx);
  if (keyring !== undefined) return { on: tx, keyId: await keyring.of(tx, person) };
  // As it is asked at a start: the first key may have been made since.
  await assertPlain(tx);
  return plain(tx);
}

/** What the opener says comes under the key of the conversation: a late word in one that was erased makes no new key. */
async function underOfSender(tx: Tx, conversationId: string, sender: Pick<Principal, 'id' | 'tenant'>): Promise<Under> {
  const opened = await openedBy(tx, conversationId);
  if (opened === undefined) return plain(tx);
  const keyring = keyringOf(tx);
  const isOpener = opened.principal_id === sender.id && opened.tenant === sender.tenant;
  // Without a keyring nothing is written where the conversation has a key.
  if (isOpener || keyring === undefined) return { on: tx, keyId: opened.key_id ?? undefined };
  return { on: tx, keyId: await keyring.of(tx, subjectOf(sender)) };
}

async function openedBy(tx: Tx, id: string): Promise<OpenedBy | undefined> {
  const known = keyringOf(tx)?.openers;
  const before = known?.get(id);
  if (before !== undefined) return before;
  const row = await tx
    .selectFrom('conversations')
    .select(['key_id', 'tenant', 'principal_id'])
    .where('id', '=', id)
    .executeTakeFirst();
  // One without a key may get one yet; and what is not committed may never have been.
  if (known !== undefined && row !== undefined && row.key_id !== null && !OPENING.has(tx)) known.set(id, row);
  return row;
}

/** Transactions that open a conversation. */
const OPENING = new WeakSet<Tx>();

/** What this transaction reads of conversations may be of its own making. */
export const noteOpening = (tx: Tx): void => void OPENING.add(tx);

const subjectOf = ({ tenant, id }: Pick<Principal, 'id' | 'tenant'>) => ({ tenant, subject: id });

const plain = (tx: Tx): Under => ({ on: tx, keyId: undefined });
