import type { PGlite } from '@electric-sql/pglite'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { schemaOf, schemaPlugin } from '../../src/connection/schema-plugin.js'
import { createFinanceDb } from '../../src/database.js'
import { InvalidConfigError } from '../../src/errors.js'
import { emptyPGlite } from '../empty-pglite.js'

type Pets = {
  'finance.owners': { id: number; name: string }
  'finance.pets': { id: number; owner_id: number; name: string }
  'other.notes': { pet_id: number; text: string }
}

let pglite: PGlite
const finance = () => createFinanceDb({ pglite }, {}).$extendTables<Pets>()
const money = () => createFinanceDb({ pglite, schema: 'money' }, {}).$extendTables<Pets>()

beforeAll(async () => {
  pglite = await emptyPGlite()
  // The tables are only in `money`: a reference that the plugin misses fails.
  await pglite.exec(`
    create schema money;
    create schema other;
    create table money.owners (id int4 primary key, name text not null);
    create table money.pets (id int4 primary key, owner_id int4 not null, name text not null);
    create table other.notes (pet_id int4, text text);
    create function money.shout(t text) returns text language sql as 'select upper(t)';
    insert into money.owners values (1, 'Ada'), (2, 'Bob');
    insert into money.pets values (1, 1, 'Rex'), (2, 2, 'Tom');
    insert into other.notes values (1, 'good dog');
  `)
})
afterAll(() => pglite.close())

describe('schemaPlugin', () => {
  test('maps tables, aliases, joins and columns with their schema', async () => {
    const rows = await money()
      .selectFrom('finance.pets as p')
      .innerJoin('finance.owners', 'finance.owners.id', 'p.owner_id')
      .leftJoin('other.notes', 'other.notes.pet_id', 'p.id')
      .select(['p.name as pet', 'finance.owners.name as owner', 'other.notes.text'])
      .where('finance.owners.id', 'in', (eb) => eb.selectFrom('finance.pets').select('finance.pets.owner_id'))
      .orderBy('finance.owners.name')
      .execute()

    expect(rows).toEqual([
      { pet: 'Rex', owner: 'Ada', text: 'good dog' },
      { pet: 'Tom', owner: 'Bob', text: null },
    ])
  })

  test('maps insert, on conflict, returning, update, using and delete', async () => {
    const db = money()
    const inserted = await db
      .insertInto('finance.owners')
      .values({ id: 2, name: 'Bea' })
      .onConflict((oc) =>
        oc
          .column('id')
          .doUpdateSet((eb) => ({ name: eb.ref('excluded.name') }))
          .where('finance.owners.id', '=', 2),
      )
      .returning(['finance.owners.id', 'name'])
      .execute()
    const updated = await db
      .updateTable('finance.owners')
      .from('finance.pets')
      .set({ name: 'Cyd' })
      .whereRef('finance.pets.owner_id', '=', 'finance.owners.id')
      .where('finance.pets.id', '=', 2)
      .returning('finance.owners.name')
      .execute()
    const deleted = await db
      .deleteFrom('finance.pets')
      .using('finance.owners')
      .whereRef('finance.pets.owner_id', '=', 'finance.owners.id')
      .where('finance.owners.id', '=', 2)
      .returning('finance.pets.name')
      .execute()

    expect({ inserted, updated, deleted }).toEqual({
      inserted: [{ id: 2, name: 'Bea' }],
      updated: [{ name: 'Cyd' }],
      deleted: [{ name: 'Tom' }],
    })
  })

  test('maps common table expressions, sql.table, sql.ref and functions', async () => {
    const db = money()
    const viaCte = await db
      .with('first', (qb) => qb.selectFrom('finance.owners').select('finance.owners.name').where('id', '=', 1))
      .selectFrom('first')
      .select((eb) => [
        'first.name',
        eb.fn<string>('finance.shout', ['first.name']).as('a'),
        sql<string>`${sql.table('finance.shout')}(name)`.as('b'),
      ])
      .execute()
    const { rows } =
      await sql`select ${sql.ref('finance.owners.name')} from ${sql.table('finance.owners')} where id = 1`.execute(db)

    expect(viaCte).toEqual([{ name: 'Ada', a: 'ADA', b: 'ADA' }])
    expect(rows).toEqual([{ name: 'Ada' }])
  })

  test('maps the schema builder', async () => {
    const db = money()
    await db.transaction().execute(async (trx) => {
      await trx.schema
        .createTable('finance.toys')
        .addColumn('id', 'int4', (c) => c.primaryKey())
        .execute()
      await trx.schema
        .createTable('finance.shelves')
        .addColumn('toy', 'int4', (c) => c.references('finance.toys.id'))
        .execute()
      await trx.schema.createIndex('shelves_toy').on('finance.shelves').column('toy').execute()
    })

    const { rows } = await pglite.query(`select to_regclass('money.shelves_toy') is not null as there`)
    expect(rows).toEqual([{ there: true }])
    await db.schema.dropTable('finance.shelves').execute()
    await db.schema.dropTable('finance.toys').execute()
  })

  test('leaves an alias and a column that are called finance alone', async () => {
    const { sql: text } = money()
      .selectFrom('finance.owners as finance')
      .select(['finance.id', 'finance.name as finance'])
      .compile()

    expect(text).toBe('select "finance"."id", "finance"."name" as "finance" from "money"."owners" as "finance"')
  })

  test.each(['pg_money', 'Money', '1money', 'mo-ney', '', 'm'.repeat(64), 'a"b'])('refuses the name %j', (schema) => {
    expect(() => schemaPlugin(schema)).toThrow(InvalidConfigError)
    expect(() => createFinanceDb({ pglite, schema }, {})).toThrow(InvalidConfigError)
  })
})

test('schemaOf tells the schema of a handle and of its transactions', async () => {
  expect(schemaOf(finance())).toBe('finance')
  expect(schemaOf(money())).toBe('money')
  expect(
    await money()
      .transaction()
      .execute(async (trx) => schemaOf(trx)),
  ).toBe('money')
  expect(schemaOf(createFinanceDb({ kysely: finance(), schema: 'money' }, {}))).toBe('money')
})
