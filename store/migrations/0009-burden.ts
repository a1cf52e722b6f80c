// Which agent's rule asked, beside each approval, and the asks in order of time: how much a rule asks of people is counted
// from them. A migration that was released is never edited; what comes next is a new file.
import { type Kysely, type Migration, sql } from 'kysely';

export const burden0009: Migration = {
  async up(db: Kysely<unknown>) {
    await sql.raw(COLUMNS).execute(db);
  },
};

// PostgreSQL reads no JSON that holds a NUL anywhere; what a far side has sent may.
const READ = String.raw`replace(approval::text, '\u0000', '\u0020')::json`;

// `rule_id` is null where people are asked whether something happened: no rule asks that.
const COLUMNS = `
  alter table countersign.approvals add column agent text;
  alter table countersign.approvals add column rule_id text;
  update countersign.approvals set
    agent = ${READ} ->> 'agent',
    rule_id = case when ${READ} ->> 'question' is null then ${READ} ->> 'ruleId' end;
  alter table countersign.approvals alter column agent set not null;
  create index approvals_asked on countersign.approvals (asked_ms desc, id desc) where rule_id is not null;`;
