// Whom words are about, and so under which key they lie: a message is about its sender, all else of a conversation about
// the principal who opened it. May import domain types.
import type { Entry } from '../domain/entry.ts';
import type { NewItem } from '../domain/item.ts';
import type { Principal } from '../domain/principal.ts';
import { type Keyring, keyringOf, type OpenedBy, type Subject } from './keyring.ts';
import type { Tx } from './schema.ts';
import type { Under } from './words.ts';

export async function underOfEntry(tx: Tx, { conversationId, fact }: Entry): Promise<Under> {
  const keyring = keyringOf(tx);
  if (keyring === undefined) return plain(tx);
  switch (fact.kind) {
    case 'conversation_opened':
    case 'api_key_added':
      return { on: tx, keyId: await keyring.of(tx, subjectOf(fact.principal)) };
    case 'message':
      return underOfSender(tx, keyring, conversationId, fact.principal);
    default:
      return conversationId === '' ? plain(tx) : underOfConversation(tx, conversationId);
  }
}

export async function underOfItem(tx: Tx, { conversationId, body }: NewItem): Promise<Under> {
  const keyring = keyringOf(tx);
  if (keyring === undefined) return plain(tx);
  if (body.kind === 'message') return underOfSender(tx, keyring, conversationId, body.from);
  return underOfConversation(tx, conversationId);
}

/** Plain in a conversation of the time before there were keys. */
export async function underOfConversation(tx: Tx, conversationId: string): Promise<Under> {
  if (keyringOf(tx) === undefined) return plain(tx);
  return { on: tx, keyId: (await openedBy(tx, conversationId))?.key_id ?? undefined };
}

export async function underOfPrincipal(tx: Tx, principal: Principal): Promise<Under> {
  return { on: tx, keyId: await keyringOf(tx)?.of(tx, subjectOf(principal)) };
}

/** What is remembered of whoever spoke in that conversation. */
export async function underOfFact(tx: Tx, conversationId: string, { tenant, subject }: Subject): Promise<Under> {
  const keyring = keyringOf(tx);
  return keyring === undefined ? plain(tx) : underOfSender(tx, keyring, conversationId, { tenant, id: subject });
}

/** What the opener says comes under the key of the conversation: a late word in one that was erased makes no new key. */
async function underOfSender(
  tx: Tx,
  keyring: Keyring,
  conversationId: string,
  sender: Pick<Principal, 'id' | 'tenant'>,
): Promise<Under> {
  const opened = await openedBy(tx, conversationId);
  if (opened === undefined) return plain(tx);
  const isOpener = opened.principal_id === sender.id && opened.tenant === sender.tenant;
  if (isOpener) return { on: tx, keyId: opened.key_id ?? undefined };
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
