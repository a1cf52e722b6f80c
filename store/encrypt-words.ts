// What was written before there were keys, encrypted where it lies: by `countersign migrate`, as the owner of the tables,
// and by a development start. May import domain types. Guarantees: a conversation is encrypted whole or not at all, and a
// second run goes on where the first was cut off.
import type pg from 'pg';
import type { Entry } from '../domain/entry.ts';
import { masterKeysOf } from '../trust/encrypting.ts';
import { createKeyring, type Keyring } from './keyring.ts';
import { createPool } from './pool.ts';
import { createDb, type Db, type Tx } from './schema.ts';
import { sealAnew } from './seal-anew.ts';
import { underOfEntry, underOfFact, underOfItem, underOfPrincipal } from './subjects.ts';
import { sealedCell, sealedText, type Under } from './words.ts';

// 100 conversations are looked for at once; each is a transaction of its own.
const AT_ONCE = 100;

/** Resolves to how many conversations were encrypted. */
export async function encryptWords(config: pg.PoolConfig, masterKey: string): Promise<number> {
  const pool = createPool({ ...config, max: 1 });
  const keyring = createKeyring(masterKeysOf(masterKey), Date.now);
  const db = createDb(pool, keyring);
  try {
    await db.transaction().execute(encryptApiKeys);
    for (let count = 0; ; ) {
      const plain = await db
        .selectFrom('conversations')
        .select('id')
        .where('key_id', 'is', null)
        .limit(AT_ONCE)
        .execute();
      if (plain.length === 0) {
        await sealAnew(db);
        return count;
      }
      for (const { id } of plain) await encryptConversation(db, keyring, id);
      count += plain.length;
    }
  } finally {
    await pool.end();
  }
}

const encryptConversation = (db: Db, keyring: Keyring, id: string): Promise<void> =>
  db.transaction().execute(async (tx) => {
    const row = await tx
      .selectFrom('conversations')
      .selectAll()
      .where('id', '=', id)
      .where('key_id', 'is', null)
      .forUpdate()
      .executeTakeFirst();
    if (row === undefined) return;
    const keyId = await keyring.of(tx, { tenant: row.tenant, subject: row.principal_id });
    const under = { on: tx, keyId };
    const principal = await sealedCell(under, 'conversations.principal', id, row.principal);
    const intake = row.intake && (await sealedCell(under, 'conversations.intake', id, row.intake));
    const cells = { key_id: keyId, principal, ...(intake === null ? {} : { intake }) };
    await tx.updateTable('conversations').set(cells).where('id', '=', id).execute();
    await encryptItems(tx, id);
    await encryptActions(under, tx, id);
    await encryptFacts(tx, id);
    await encryptSeals(tx, id);
  });

async function encryptItems(tx: Tx, conversationId: string): Promise<void> {
  const rows = await tx.selectFrom('items').selectAll().where('conversation_id', '=', conversationId).execute();
  for (const { id, key, turn, trust, body, salt } of rows) {
    const under = await underOfItem(tx, { conversationId, key, turn, trust, body });
    await tx
      .updateTable('items')
      .set({
        body: await sealedCell(under, 'items.body', id, body),
        salt: await sealedText(under, 'items.salt', id, salt),
        body_bytes: Buffer.byteLength(JSON.stringify(body)),
      })
      .where('id', '=', id)
      .execute();
  }
}

async function encryptActions(under: Under, tx: Tx, conversationId: string): Promise<void> {
  const actions = await tx.selectFrom('actions').selectAll().where('conversation_id', '=', conversationId).execute();
  for (const { id, proposal, evidence, verdict, outcome } of actions) {
    const cells = {
      proposal: await sealedCell(under, 'actions.proposal', id, proposal),
      evidence: evidence && (await sealedCell(under, 'actions.evidence', id, evidence)),
      verdict: verdict && (await sealedCell(under, 'actions.verdict', id, verdict)),
      outcome: outcome && (await sealedCell(under, 'actions.outcome', id, outcome)),
    };
    await tx.updateTable('actions').set(cells).where('id', '=', id).execute();
  }
  const claims = await tx.selectFrom('claims').selectAll().where('conversation_id', '=', conversationId).execute();
  for (const { action_id: id, outcome } of claims) {
    const cell = outcome && (await sealedCell(under, 'claims.outcome', id, outcome));
    await tx.updateTable('claims').set({ outcome: cell }).where('action_id', '=', id).execute();
  }
  const approvals = await tx
    .selectFrom('approvals')
    .select(['id', 'approval'])
    .where('conversation_id', '=', conversationId)
    .execute();
  for (const { id, approval } of approvals) {
    const cell = await sealedCell(under, 'approvals.approval', id, approval);
    await tx.updateTable('approvals').set({ approval: cell }).where('id', '=', id).execute();
  }
}

async function encryptFacts(tx: Tx, conversationId: string): Promise<void> {
  const rows = await tx.selectFrom('facts').selectAll().where('conversation_id', '=', conversationId).execute();
  for (const row of rows) {
    if (row.value === null || row.salt === null) continue;
    const under = await underOfFact(tx, conversationId, row);
    const value = await sealedText(under, 'facts.value', row.id, row.value);
    const salt = await sealedText(under, 'facts.salt', row.id, row.salt);
    const key = await sealedText(under, 'facts.key', row.id, row.key);
    await tx.updateTable('facts').set({ key, value, salt }).where('id', '=', row.id).execute();
  }
}

async function encryptSeals(tx: Tx, conversationId: string): Promise<void> {
  for (const { seq, entry, salt, body } of await sealsIn(tx).where('conversation_id', '=', conversationId).execute()) {
    await encryptSeal(tx, seq, { entry, salt, body });
  }
}

async function encryptApiKeys(tx: Tx): Promise<void> {
  for (const { id, principal } of await tx.selectFrom('api_keys').select(['id', 'principal']).execute()) {
    if (Object.hasOwn(principal, '~')) continue;
    const cell = await sealedCell(await underOfPrincipal(tx, principal), 'api_keys.principal', id, principal);
    await tx.updateTable('api_keys').set({ principal: cell }).where('id', '=', id).execute();
  }
  const seals = await sealsIn(tx).where('kind', '=', 'api_key_added').where('body', 'not like', '~%').execute();
  for (const { seq, entry, salt, body } of seals) await encryptSeal(tx, seq, { entry, salt, body });
}

const sealsIn = (tx: Tx) =>
  tx
    .selectFrom('ledger_seals')
    .innerJoin('ledger', 'ledger.seq', 'ledger_seals.seq')
    .select(['ledger.seq', 'entry', 'salt', 'body']);

async function encryptSeal(
  tx: Tx,
  seq: number,
  { entry, salt, body }: { readonly entry: string; readonly salt: string; readonly body: string },
): Promise<void> {
  if (body.startsWith('~')) return;
  // Of an entry only what is written in it is needed: whose it is.
  const under = await underOfEntry(tx, JSON.parse(entry) as Entry);
  const id = String(seq);
  const cells = {
    salt: await sealedText(under, 'ledger_seals.salt', id, salt),
    body: await sealedText(under, 'ledger_seals.body', id, body),
  };
  await tx.updateTable('ledger_seals').set(cells).where('seq', '=', seq).execute();
}
