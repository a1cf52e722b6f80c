// Approvals by a short opaque handle, for buttons of channels, and by their batch, for one card of all of them. A migration
// that was released is never edited; what comes next is a new file.
import { type Kysely, type Migration, sql } from 'kysely';

export const approvalHandles0005: Migration = {
  async up(db: Kysely<unknown>) {
    await sql.raw(COLUMNS).execute(db);
  },
};

// PostgreSQL reads no JSON that holds a NUL anywhere; what a far side has sent may. A digest and a batch id hold none.
const READ = String.raw`replace(approval::text, '\u0000', '\u0020')::json`;

// The same as `approvalHandle` of trust/digest.ts, in SQL: 22 characters of SHA-256 in base64url.
const COLUMNS = `
  alter table countersign.approvals add column handle text;
  alter table countersign.approvals add column batch_id text;
  update countersign.approvals set
    batch_id = ${READ} ->> 'batchId',
    handle = left(translate(encode(sha256(convert_to(
      concat_ws(chr(10), 'countersign/approval/1', id, ${READ} ->> 'digest'), 'UTF8')), 'base64'), '+/', '-_'), 22);
  alter table countersign.approvals alter column handle set not null;
  alter table countersign.approvals alter column batch_id set not null;
  create unique index approvals_by_handle on countersign.approvals (handle);
  create index approvals_of_batch on countersign.approvals (batch_id, asked_ms desc, id desc);`;
