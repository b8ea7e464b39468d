import { type Kysely, sql } from 'kysely'
import { expect, test } from 'vitest'
import { differences, type Facts, readFacts } from '../../src/backup/facts.js'
import { migrate } from '../../src/index.js'
import { emptyDatabase } from '../migrations/support.js'
import { createAccount, createTransaction, createUser } from '../people.js'
import { execute } from '../server.js'
import { freshDatabase } from '../support.js'

const read = <DB>(db: Kysely<DB>): Promise<Facts> => db.transaction().execute((trx) => readFacts(trx, 'finance'))

test('facts are counts of every table, exact sums of each currency, and the heads of the chains', async () => {
  await using database = await freshDatabase()
  const { db } = database
  const euros = await createAccount(db, { currency: 'EUR', opening_balance: '900719925474099.9934' })
  await createAccount(db, { user_id: euros.user_id, currency: 'EUR', opening_balance: '-0.5000' })
  await createAccount(db, { currency: 'USD', opening_balance: '2' })
  await createTransaction(db, euros, { amount: '-7.25', status: 'pending' })

  const { tables, balances, chains } = await read(db)

  expect(tables).toMatchObject({
    users: { rows: 2, content: expect.stringMatching(/^-?[1-9]\d*$/) },
    accounts: { rows: 3 },
    cards: { rows: 0, content: '0' },
  })
  expect(balances).toEqual({
    EUR: { accounts: 2, balance: '900719925474099.4934', held: '7.2500' },
    USD: { accounts: 1, balance: '2.0000', held: '0.0000' },
  })
  expect(chains).toEqual({ people: 2, heads: expect.stringMatching(/^-?[1-9]\d*$/) })
})

test('facts tell rows that are as many, but not the same', async () => {
  await using database = await freshDatabase()
  const { db } = database
  const { user_id } = await createAccount(db, { opening_balance: '10' })
  await createUser(db)
  const before = await read(db)
  expect(differences(before, await read(db))).toEqual([])
  // Past the triggers, as a backup that has lost something comes back.
  const damage = async (statement: string) => {
    await execute(database.url, `set session_replication_role = replica; ${statement}`)
    return differences(before, await read(db))
  }

  expect(await damage(`update finance.users set first_name = 'Changed' where id = '${user_id}'`)).toEqual([
    'table users has as many rows, but not the same',
  ])
  const link = `update finance.audit_seals set hash = sha256(hash) where user_id = '${user_id}' and seq =`
  expect(await damage(`${link} 1`)).toEqual([
    'table audit_seals has as many rows, but not the same',
    'table users has as many rows, but not the same',
  ])
  expect(await damage(`${link} 2`)).toContain('the audit chains have other heads')
})

test('facts do not depend on how a session shows values, nor on the order of rows', async () => {
  await using database = await freshDatabase()
  const { db } = database
  await createTransaction(db, await createAccount(db))
  await sql`create table finance.shown (id integer, at date, span interval, size float8)`.execute(db)
  await sql`insert into finance.shown values (1, '2026-01-02', '1 day 2 hours', 1.0 / 3), (2, '2026-01-03', '3 months', 1)`.execute(
    db,
  )
  const before = await read(db)
  await sql`update finance.shown set id = 1 where id = 1`.execute(db)

  for (const setting of [
    "timezone = 'Asia/Tokyo'",
    "datestyle = 'SQL, DMY'",
    "intervalstyle = 'iso_8601'",
    'extra_float_digits = -5',
    "bytea_output = 'escape'",
  ]) {
    const found = await db.transaction().execute(async (trx) => {
      await sql.raw(`set local ${setting}`).execute(trx)
      return readFacts(trx, 'finance')
    })
    expect(differences(before, found), setting).toEqual([])
  }
})

test('facts of a schema that is only half migrated have what is there', async () => {
  await using database = await emptyDatabase()
  await migrate(database.db, { to: '0002_users' })

  expect(await read(database.db)).toEqual({
    tables: { migrations: { rows: 2, content: expect.any(String) }, users: { rows: 0, content: '0' } },
    balances: {},
    chains: { people: 0, heads: '0' },
  })
})

// A manifest is read by later versions of this package, and of PostgreSQL.
test('facts are the same numbers as ever', async () => {
  await using database = await freshDatabase()
  const { db } = database
  await execute(
    database.url,
    'set session_replication_role = replica',
    `insert into finance.audit_seals (user_id, seq, xid, first_id, last_id, rows, hash, at)
      select ('00000000-0000-7000-8000-00000000000' || i)::uuid, i, '700', 1, 2, 2, sha256('x'), '2026-01-02T03:04:05Z'
      from generate_series(1, 2) i`,
  )

  const { tables, chains } = await read(db)

  expect(tables.audit_seals).toEqual({ rows: 2, content: '10555665016754392944' })
  expect(chains).toEqual({ people: 2, heads: '-34347061456799591' })
})

test('facts are not counted any further once nobody wants them', async () => {
  await using database = await freshDatabase()
  const gone = AbortSignal.abort(new Error('the dump failed'))

  await expect(database.db.transaction().execute((trx) => readFacts(trx, 'finance', gone))).rejects.toThrow('the dump')
})
