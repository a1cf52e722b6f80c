// DBOS Transact: a workflow per turn, named after it, so that a turn sent twice runs once. Its steps are recorded in
// DBOS's tables, its messages in a table of the application, in the same database.
import { DBOS } from '@dbos-inc/dbos-sdk';
import pg from 'pg';
import { replyOf, runTurn } from './agent.mjs';
import { serve } from './front.mjs';

// Two cores of PostgreSQL are busy with fewer; all together stay below its 100.
const CONNECTIONS = 20;
const databaseUrl = process.env.DATABASE_URL;
const pool = new pg.Pool({ connectionString: databaseUrl, max: CONNECTIONS });

/** The turns of a conversation before the n-th: rows that no later write changes, so a step may read them again. */
async function load(conversation, n) {
  const select = 'select said from transcript where conversation = $1 and n < $2 order by n';
  const { rows } = await pool.query(select, [conversation, n]);
  return rows.flatMap(({ said }) => said);
}

/** A step may run twice, where the process died before it was recorded; the second time, this one changes nothing. */
async function save(conversation, n, said) {
  const insert = 'insert into transcript (conversation, n, said) values ($1, $2, $3) on conflict do nothing';
  await pool.query(insert, [conversation, n, JSON.stringify(said)]);
}

async function oneTurn(conversation, n, text) {
  const step = (name, work) => DBOS.runStep(work, { name });
  // Read within the step that needs it, once a process: a step of its own would record the whole conversation each turn.
  let loaded;
  const said = await runTurn(step, () => (loaded ??= load(conversation, n)), text);
  await step('save', () => save(conversation, n, said));
  return replyOf(said);
}

await pool.query(
  'create table if not exists transcript (conversation text, n int, said jsonb not null, primary key (conversation, n))',
);
const turnWorkflow = DBOS.registerWorkflow(oneTurn, { name: 'turn' });
DBOS.setConfig({
  name: 'bench',
  systemDatabaseUrl: databaseUrl,
  systemDatabasePoolSize: CONNECTIONS,
  logLevel: 'error',
  applicationVersion: 'bench',
});
await DBOS.launch();

async function turn(conversation, n, text) {
  const start = DBOS.startWorkflow(turnWorkflow, { workflowID: `${conversation}/${n}` });
  const handle = await start(conversation, n, text);
  return handle.getResult();
}

async function close() {
  await DBOS.shutdown();
  await pool.end();
}

await serve({ turn, close });
