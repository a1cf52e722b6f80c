// The proof `retail`: the written policy of a shop as rules. An obedient model replays recorded tasks and calls that the
// policy forbids, through the real system; the shop is real too, and its database in the end is the recorded one. What is
// lawful runs after somebody has said yes, and what is not never reaches a tool.
import { fileURLToPath } from 'node:url';
import { createPatient } from '../crash/journey.ts';
import { addKeysOf, startDesk } from '../rig/desk.ts';
import { type Obedient, startObedient, wordsWith } from '../rig/obedient.ts';
import { type Rig, startRig } from '../rig/rig.ts';
import { ask } from '../rig/truth.ts';
import { createHttp, type Proof, type ProofContext, secondsOf } from '../support.ts';
import { confirming, startShops } from './counter.ts';
import { judgeVisit, type OnRecord, tableOf } from './judge.ts';
import { type Visit, visitsOf } from './plan.ts';
import { digestOf, readDatabase, readRecorded } from './recorded.ts';

export const retail: Proof = { name: 'retail', run: prove };

const AGENTS = fileURLToPath(new URL('./agents/', import.meta.url));
const CLERKS = ['clara', 'colin', 'cora', 'curt'];
// 8 at once keep two cores busy; more only wait for each other.
const AT_ONCE = 8;
// 180 s: the longest task has 13 calls, and other conversations wait beside it.
const END_LIMIT_MS = 180_000;

async function prove(context: ProofContext) {
  const { log } = context;
  const base = readDatabase();
  if (digestOf(base) !== readRecorded().initial_db_hash) throw new Error('the database must be the recorded one');
  const visits = visitsOf(context);
  const byMark = new Map(visits.map((visit) => [visit.mark, visit]));
  const byId = new Map(visits.map((visit) => [visit.id, visit]));
  const shops = await startShops(base);
  const obedient = await startObedient((mark) => byMark.get(mark)?.script);
  const rig = await startRig(context, {
    agentsFolder: AGENTS,
    more: (role) => ({
      ...(role === 'assistant' ? { OPENAI_BASE_URL: obedient.url } : {}),
      ...(role === 'actor' ? { PROOF_FAR_SIDE_URL: shops.url } : {}),
    }),
  });
  try {
    const customers = [...new Set(visits.map(({ customer }) => customer))];
    const keys = await addKeysOf(rig, customers, ['conversations:write', 'conversations:read']);
    const clerks = await addKeysOf(rig, CLERKS, ['conversations:read', 'approvals:decide']);
    const counter = startDesk(rig, confirming(rig, [...clerks.values()], byId));
    const startedMs = Date.now();
    const unended = await haveAll(visits, (visit) => visitShop(rig, keys.get(visit.customer) ?? '', visit, obedient));
    await counter.stop();
    const seconds = secondsOf(Date.now() - startedMs);
    log(
      `${visits.length} conversations of ${customers.length} customers in ${seconds} s; ${shops.reached.length} calls ran`,
    );
    const rows = await recordsOf(rig);
    const judged = visits.map((visit) => judgeVisit(visit, shops, rows.get(visit.id) ?? []));
    for (const line of tableOf(judged)) log(line);
    const violations = [
      ...unended,
      ...counter.problems,
      ...judged.flatMap((one) => one.problems),
      ...rig.roles.surprises,
    ];
    return { cases: visits.reduce((sum, { script }) => sum + script.length, 0), violations };
  } finally {
    await rig.stop();
    await Promise.all([shops.stop(), obedient.stop()]);
  }
}

async function haveAll(visits: readonly Visit[], visit: (one: Visit) => Promise<void>): Promise<readonly string[]> {
  const queue = [...visits];
  const problems: string[] = [];
  const lane = async (): Promise<void> => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      const { id } = one;
      await visit(one).catch((error: unknown) => void problems.push(`${id} did not come to its end: ${String(error)}`));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return problems;
}

/** Says the first words, and waits until there is nothing left to call for, or people are asked of whom none answers. */
async function visitShop(rig: Rig, key: string, { id, mark, script, of }: Visit, obedient: Obedient): Promise<void> {
  const http = createPatient(createHttp(rig.apiUrl, key));
  await http.post('/v1/conversations', { agent: 'shopkeeper', id });
  const text = wordsWith(mark, 'Please help me.');
  await http.post(`/v1/conversations/${id}/messages`, { text }, { 'idempotency-key': `of-${id}` });
  const isLeft = of.kind === 'unconfirmed' || of.kind === 'duplicate';
  if (isLeft) await obedient.untilItRests(mark, script.length, END_LIMIT_MS);
  else await obedient.untilDone(mark, END_LIMIT_MS);
}

/** By conversation. */
async function recordsOf(rig: Rig): Promise<ReadonlyMap<string, readonly OnRecord[]>> {
  const all = await ask<OnRecord>(
    rig,
    `select a.id, a.conversation_id as of, a.proposal, a.verdict, a.outcome_kind as outcome, p.approval
      from countersign.actions a left join countersign.approvals p on p.id = a.approval_id`,
  );
  const groups = new Map<string, OnRecord[]>();
  for (const one of all) groups.set(one.of, [...(groups.get(one.of) ?? []), one]);
  return groups;
}
