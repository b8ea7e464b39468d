import { type Kysely, sql } from 'kysely'
import { afterAll, describe, expect, inject, test } from 'vitest'
import { createFinanceDb } from '../../src/database.js'
import { UnsupportedError } from '../../src/errors.js'
import type { Database } from '../../src/schema/database.js'
import { emptyPGlite } from '../empty-pglite.js'

const handles: [string, Kysely<Database>][] = [
  ['PostgreSQL', createFinanceDb({ connectionString: inject('databaseUrl') }, {})],
  ['PGlite', createFinanceDb({ pglite: () => emptyPGlite() }, {})],
]
afterAll(() => Promise.all(handles.map(([, db]) => db.destroy())))

const cases: [expression: string, value: unknown][] = [
  [`123456789012345678901234.5600::numeric`, '123456789012345678901234.5600'],
  [`'NaN'::numeric`, 'NaN'],
  [`array[1.10, null, 2.20]::numeric[]`, ['1.10', null, '2.20']],
  [`date '2024-02-29'`, '2024-02-29'],
  [`date 'infinity'`, 'infinity'],
  [`array[date '2024-02-29', null]`, ['2024-02-29', null]],
  [`9007199254740991::int8`, 9007199254740991],
  [`(-9007199254740991)::int8`, -9007199254740991],
  [`array[1, 2]::int8[]`, [1, 2]],
  [`count(*)`, 1],
  [`timestamptz '2024-03-01 09:30:00.123456+05:30'`, new Date('2024-03-01T04:00:00.123Z')],
  [`timestamptz '2024-03-01 00:00:00-11'`, new Date('2024-03-01T11:00:00Z')],
  [`timestamptz '0044-03-15 12:00:00+00 BC'`, new Date('-000043-03-15T12:00:00Z')],
  [`timestamptz '12024-03-15 12:00:00+00'`, new Date('+012024-03-15T12:00:00Z')],
  [`timestamptz '-infinity'`, -Infinity],
  [`array[timestamptz '2024-03-01 00:00:00+00']`, [new Date('2024-03-01T00:00:00Z')]],
  [`'{"a": [1, null]}'::jsonb`, { a: [1, null] }],
  [`'"text"'::json`, 'text'],
  [`array['{"a": "b,}\\""}'::jsonb]`, [{ a: 'b,}"' }]],
  [`interval '1 year 2 days 03:04:05'`, '1 year 2 days 03:04:05'],
  [`'\\x00ff'::bytea`, Buffer.from([0, 255])],
  [`array['\\x00ff'::bytea]`, [Buffer.from([0, 255])]],
  [`array['a,b', '"', '\\', '', 'NULL', null, '{}']`, ['a,b', '"', '\\', '', 'NULL', null, '{}']],
  [`array[[1, 2], [3, 4]]`, [[1, 2], [3, 4]]], // biome-ignore format: one line a case
  [`'[2:3]={5,6}'::int4[]`, [5, 6]],
  [`'{}'::text[]`, []],
  [`array[true, false, null]`, [true, false, null]],
  [`1.5::float8`, 1.5],
  [`'Infinity'::float8`, Infinity],
  [`null::numeric`, null],
]

describe.each(handles)('%s', (_, db) => {
  test.each(cases)('gives %s exactly', async (expression, value) => {
    const { rows } = await sql<{ value: unknown }>`select ${sql.raw(expression)} as value`.execute(db)

    expect(rows).toEqual([{ value }])
  })

  test('refuses a bigint that a number cannot hold', async () => {
    await expect(sql`select 9007199254740992::int8`.execute(db)).rejects.toThrow(UnsupportedError)
    await expect(sql`select array[-9007199254740992::int8]`.execute(db)).rejects.toThrow(UnsupportedError)
    expect((await sql`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }])
  })

  test('gives the same instant whatever the time zone of the session', async () => {
    const rows = await db.transaction().execute(async (trx) => {
      await sql`set local timezone to 'Asia/Kathmandu'`.execute(trx)
      return (await sql<{ at: Date }>`select timestamptz '2024-03-01 00:00:00Z' as at`.execute(trx)).rows
    })

    expect(rows).toEqual([{ at: new Date('2024-03-01T00:00:00Z') }])
  })

  test('refuses an instant that it cannot read, instead of giving another', async () => {
    const read = db.transaction().execute(async (trx) => {
      await sql`set local datestyle to 'SQL, DMY'`.execute(trx)
      await sql`select timestamptz '2024-03-01 00:00:00Z' as at`.execute(trx)
    })

    await expect(read).rejects.toThrow(/set the session's DateStyle to ISO/)
  })

  test('refuses a day that it cannot read, whatever the style', async () => {
    for (const style of ['SQL, DMY', 'SQL, MDY', 'Postgres, DMY', 'Postgres, MDY', 'German']) {
      const read = db.transaction().execute(async (trx) => {
        await sql`set local datestyle to ${sql.lit(style)}`.execute(trx)
        return sql`select date '2024-03-01' as day, array[date '2024-03-01'] as days`.execute(trx)
      })

      await expect(read, style).rejects.toThrow(/set the session's DateStyle to ISO/)
    }
  })

  test('reads any day that there is', async () => {
    const { rows } = await sql<{ day: string }>`
      select day from unnest('{2024-02-29,10000-01-01,5874897-12-31,"0044-03-15 BC",infinity,-infinity}'::date[]) day`.execute(
      db,
    )

    expect(rows.map(({ day }) => day)).toEqual([
      '2024-02-29',
      '10000-01-01',
      '5874897-12-31',
      '0044-03-15 BC',
      'infinity',
      '-infinity',
    ])
  })
})
