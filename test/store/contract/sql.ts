import assert from 'node:assert/strict';
import type { Sql } from '../../../domain/tool.ts';
import type { Contract } from '../contract.test.ts';

const tableIn = async (sql: Sql, name: string) => {
  await sql.query(`create table ${name} (id int primary key, big bigint, price numeric(10,2), note json)`);
  const ids = async () => (await sql.query<{ id: number }>(`select id from ${name} order by id`)).map(({ id }) => id);
  return { ids, insert: `insert into ${name} (id) values ($1)` };
};

export const sqlContract: Contract = {
  'a query takes values and returns rows; bigint is a number and numeric keeps its cents': async ({ sql }) => {
    await tableIn(sql, 'sql_rows');
    await sql.query('insert into sql_rows values ($1, $2, $3, $4)', [1, 2 ** 40, '72.10', { a: [1] }]);
    const rows = await sql.query('select * from sql_rows where id = any($1)', [[1, 2]]);
    assert.deepEqual(rows, [{ id: 1, big: 2 ** 40, price: '72.10', note: { a: [1] } }]);
    await assert.rejects(sql.query('select 9007199254740993::bigint'), /does not fit into a number/);
  },

  'a transaction is all or nothing': async ({ sql }) => {
    const { ids, insert } = await tableIn(sql, 'sql_whole');
    const returned = await sql.transaction(async (tx) => {
      await tx.query(insert, [1]);
      return 'done';
    });
    assert.equal(returned, 'done');
    const failing = sql.transaction(async (tx) => {
      await tx.query(insert, [2]);
      throw new Error('not after all');
    });
    await assert.rejects(failing, /not after all/);
    assert.deepEqual(await ids(), [1]);
  },

  'a transaction whose failed statement was swallowed does not pass for written': async ({ sql }) => {
    const { ids, insert } = await tableIn(sql, 'sql_swallowed');
    const swallowing = sql.transaction(async (tx) => {
      await tx.query(insert, [1]);
      await tx.query(insert, [1]).catch(() => undefined);
    });
    await assert.rejects(swallowing, /nothing was written/);
    assert.deepEqual(await ids(), []);
  },

  'a transaction inside a transaction can fail by itself': async ({ sql }) => {
    const { ids, insert } = await tableIn(sql, 'sql_nested');
    await sql.transaction(async (tx) => {
      await tx.query(insert, [1]);
      await tx.transaction((inner) => inner.query(insert, [2]));
      await tx
        .transaction(async (inner) => {
          await inner.query(insert, [3]);
          await inner.transaction((innermost) => innermost.query(insert, [1]));
        })
        .catch(() => undefined);
      await tx.query(insert, [4]);
    });
    assert.deepEqual(await ids(), [1, 2, 4]);
  },

  'transactions at once see only what is committed': async ({ sql }) => {
    const { ids, insert } = await tableIn(sql, 'sql_at_once');
    const work = Array.from({ length: 10 }, (_, n) =>
      sql.transaction(async (tx) => {
        await tx.query(insert, [n]);
        const rows = await tx.query<{ id: number }>('select id from sql_at_once');
        if (n % 2 === 1) throw new Error(`${rows.length}`);
      }),
    );
    await Promise.allSettled(work);
    assert.deepEqual(await ids(), [0, 2, 4, 6, 8]);
  },
};
