// What is being posted, which cards of a batch stand where, and how far a conversation is delivered. A migration that was
// released is never edited; what comes next is a new file.
import { type Kysely, type Migration, sql } from 'kysely';

export const claimedDeliveries0010: Migration = {
  async up(db: Kysely<unknown>) {
    await sql.raw(TABLES).execute(db);
  },
};

const TABLES = `
  -- Being posted since then, by the database's clock, and by which attempt; null once what came of it is known.
  alter table countersign.deliveries add column posting_ms bigint;
  alter table countersign.deliveries add column attempt text;
  -- Of a card: its batch, and whether it shows something that is open.
  alter table countersign.deliveries add column batch_id text;
  alter table countersign.deliveries add column is_open boolean not null default false;

  create index deliveries_of_batch on countersign.deliveries (batch_id) where batch_id is not null;
  create index deliveries_open on countersign.deliveries (batch_id) where is_open;
  create index deliveries_at on countersign.deliveries (at_ms);

  -- The key of a card is 'card <batch> …'.
  update countersign.deliveries set batch_id = split_part(key, ' ', 2) where starts_with(key, 'card ');
  update countersign.deliveries set is_open = true where exists (
    select from countersign.approvals
    where approvals.batch_id = deliveries.batch_id and approvals.end_state = 'open');

  -- All replies up to there have reached the channel of their conversation, or never will.
  create table countersign.delivered_replies (
    conversation_id text primary key,
    seq bigint not null
  );
  insert into countersign.delivered_replies (conversation_id, seq)
    select items.conversation_id, max(items.seq)
    from countersign.items join countersign.deliveries on deliveries.key = 'reply:' || items.id
    group by items.conversation_id;
  delete from countersign.deliveries using countersign.items, countersign.delivered_replies
    where starts_with(deliveries.key, 'reply:')
      and items.id::text = split_part(substr(deliveries.key, 7), '/', 1)
      and delivered_replies.conversation_id = items.conversation_id
      and items.seq <= delivered_replies.seq;`;
