// What else only grows with use: what of it is due, and that a run drops that and no more.
import { deepEqual, equal, ok } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { periodAt, WITHIN } from '../../../domain/period.ts';
import { aConversationId } from '../builders.ts';
import type { Contract, Subject } from '../contract.test.ts';
import { aCall, DAY_MS, daysAgo, dueOf, makeCall, NOW_MS, reservedIn, run, standing } from '../growing.ts';

const TABLES = ['reservations', 'budgets', 'budget_waits', 'limit_takes', 'checkpoints', 'ledger', 'maintenance_runs'];

async function takeAt({ sql }: Subject, atMs: number): Promise<string> {
  const id = randomUUID();
  await sql.query(
    `insert into countersign.limit_takes values ($1, 'l', 'a', 'default', 'ada', '', 1, ${Math.floor(atMs)}, null)`,
    [id],
  );
  return `${id} l`;
}

export const grownContract: Contract = {
  'what was taken of a limit stays while any period counts it, wherever its days begin, and a month more': async (
    subject,
  ) => {
    const stays: [string, number][] = [];
    for (const zone of ['UTC', 'Pacific/Kiritimati', 'Pacific/Pago_Pago', 'America/New_York', 'Australia/Lord_Howe']) {
      for (const within of WITHIN) {
        for (const month of [2, 3, 7, 10]) {
          const { fromMs, toMs } = periodAt(Date.UTC(2024, month, 15), within, zone);
          stays.push([await takeAt(subject, fromMs), toMs + 30 * DAY_MS]);
        }
      }
    }
    const goes = await takeAt(subject, daysAgo(63));
    for (const [id, atMs] of stays) equal((await dueOf(subject, 'drop_limit_takes', atMs)).ids.includes(id), false);
    ok((await dueOf(subject, 'drop_limit_takes')).ids.includes(goes));
    const young = await takeAt(subject, daysAgo(62));
    await run(subject);
    const left = await subject.sql.query<{ readonly id: string }>(
      `select action_id || ' ' || limit_name as id from countersign.limit_takes`,
    );
    const ids = new Set(left.map(({ id }) => id));
    deepEqual([ids.has(goes), ids.has(young)], [false, true]);
  },

  'of published checkpoints the last of each day stays; what is young or was not published stays whole': async (
    subject,
  ) => {
    const { sql } = subject;
    // Beyond all that the other rules make.
    const from = 10 ** 12;
    const rows: readonly (readonly [days: number, isPublished: boolean])[] = [
      ...([
        [20, true],
        [20, true],
        [20, true],
      ] as const),
      ...([
        [19, true],
        [19, true],
        [19, false],
      ] as const),
      ...([
        [18, false],
        [18, false],
      ] as const),
      ...([
        [7, true],
        [7, true],
      ] as const),
    ];
    for (const [at, [days, isPublished]] of rows.entries()) {
      const madeMs = daysAgo(days) + at;
      await sql.query(
        `insert into countersign.checkpoints values (${from + at}, '', 'note', ${madeMs}, ${isPublished ? madeMs : 'null'})`,
      );
    }
    const due = (await dueOf(subject, 'drop_checkpoints')).ids.filter((id) => Number(id) >= from);
    deepEqual(
      due,
      [0, 1, 3].map((at) => `${from + at}`),
    );
    await run(subject);
    const left = await sql.query<{ readonly size: number }>(
      `select size from countersign.checkpoints where size >= ${from} order by size`,
    );
    deepEqual(
      left.map(({ size }) => size - from),
      [2, 4, 5, 6, 7, 8, 9],
    );
    await sql.query(`delete from countersign.checkpoints where size >= ${from}`);
  },

  'a clock that is ahead of the database’s drops nothing that is young': async (subject) => {
    const realMs = Date.now();
    const [old, young] = [await takeAt(subject, realMs - 64 * DAY_MS), await takeAt(subject, realMs - 61 * DAY_MS)];
    const call = await makeCall(subject, aCall(aConversationId(), 1, realMs - 59 * DAY_MS));
    await makeCall(subject, aCall(call.conversationId, 2, realMs - 59 * DAY_MS + 1));
    const aheadMs = realMs + 5_000 * DAY_MS;
    const { ids } = await dueOf(subject, 'drop_limit_takes', aheadMs);
    deepEqual([ids.includes(old), ids.includes(young)], [true, false]);
    await run(subject, aheadMs);
    deepEqual((await dueOf(subject, 'drop_limit_takes', aheadMs)).ids, []);
    equal((await reservedIn(subject, call.conversationId)).length, 2);
    equal((await standing(subject, call)).includes(undefined), false);
    const left = await subject.sql.query(`select 1 from countersign.limit_takes where action_id || ' l' = $1`, [young]);
    equal(left.length, 1);
  },

  'a look changes no row; a run drops what was due, up to its limit, says so on record, and a second one finds nothing':
    async (subject) => {
      const { sql } = subject;
      await run(subject);
      const ids = [];
      for (const days of [93, 92, 91]) ids.push(await takeAt(subject, daysAgo(days)));
      const all = () =>
        Promise.all(TABLES.map((name) => sql.query(`select t::text from countersign.${name} as t order by 1`)));
      const before = await all();
      const due = await dueOf(subject, 'drop_limit_takes', NOW_MS, 2);
      deepEqual([due.ids, due.isCut], [ids.slice(0, 2), true]);
      deepEqual(await all(), before);
      const maintained = () =>
        sql.query<{ readonly entry: string }>(
          `select entry from countersign.ledger where kind = 'maintained' order by seq`,
        );
      const known = (await maintained()).length;
      equal((await run(subject, NOW_MS, 2))['drop_limit_takes'], 2);
      deepEqual((await dueOf(subject, 'drop_limit_takes')).ids, ids.slice(2));
      equal((await run(subject))['drop_limit_takes'], 1);
      deepEqual(
        Object.values(await run(subject)).filter((done) => done > 0),
        [],
      );
      const said = (await maintained()).slice(known).map(({ entry }) => JSON.parse(entry).fact);
      const fact = { kind: 'maintained', task: 'drop_limit_takes', conversationIds: [], by: '' };
      deepEqual(said, [
        { ...fact, done: 2 },
        { ...fact, done: 1 },
      ]);
    },
};
