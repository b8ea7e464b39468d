import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { accounts, audit, cards, InvalidInputError, transaction, transactions, users } from '../../src/index.js'
import { auditChanges } from '../../src/schema/index.js'
import { createAccount, createTransaction, createUser, newTransaction } from '../people.js'
import { freshDatabase, pgliteDb, test } from '../support.js'

const keys = { current: 'k1', get: () => Buffer.alloc(32, 7) }
const card = { brand: 'visa', last4: '4242', exp_month: 12, exp_year: 2030, token: 'tok_secret_9f3a' }

describe('the audit log', () => {
  test('has the new values of an insert, the changed ones of an update and the old ones of a delete, exactly', async ({
    db,
  }) => {
    const account = await createAccount(db, { name: 'A "quoted" name\n', opening_balance: '900719925474099.1234' })
    await accounts.update(db, account.user_id, account.id, { institution: 'Bank', status: 'frozen' })
    await accounts.remove(db, account.user_id, account.id)

    const { rows } = await audit.list(db, account.user_id, { table_name: 'accounts' })
    expect(rows.map(({ operation, row_id, changes }) => ({ operation, row_id, changes }))).toEqual([
      {
        operation: 'delete',
        row_id: account.id,
        changes: { old: expect.objectContaining({ institution: 'Bank', status: 'frozen' }) },
      },
      {
        operation: 'update',
        row_id: account.id,
        changes: { old: { status: 'active' }, new: { institution: 'Bank', status: 'frozen' } },
      },
      {
        operation: 'insert',
        row_id: account.id,
        changes: {
          new: {
            id: account.id,
            account_type: 'checking',
            name: 'A "quoted" name\n',
            currency: 'USD',
            opening_balance: '900719925474099.1234',
            status: 'active',
            created_at: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00$/),
          },
        },
      },
    ])
  })

  test('names a secret that changed and never shows it, in any entry', async ({ db }) => {
    const hash = '$argon2id$v=19$m=1$secret'
    const { id, user_id } = await createAccount(db)
    await users.update(db, user_id, { password_hash: hash })
    const { id: cardId } = await cards.create(db, keys, { user_id, account_id: id, ...card })
    await users.create(db, { email: 'born@example.org', password_hash: hash })

    const { rows } = await sql<{ text: string }>`select changes::text as text from finance.audit_log`.execute(db)
    const { rows: stored } = await sql<{ token: string; token_fingerprint: string }>`
      select token, token_fingerprint from finance.cards where id = ${cardId}`.execute(db)

    const all = rows.map(({ text }) => text).join()
    for (const secret of [hash, card.token, stored[0]?.token, stored[0]?.token_fingerprint]) {
      expect(all).not.toContain(secret)
    }
    const { rows: changed } = await audit.history(db, user_id, 'users', user_id)
    expect(changed[0]).toMatchObject({ operation: 'update', old: {}, new: {}, secrets: ['password_hash'] })
    const { rows: added } = await audit.list(db, user_id, { table_name: 'cards' })
    expect(added[0]?.changes).toMatchObject({ secrets: ['token', 'token_fingerprint'] })
  })

  test('has a digest of all that it says, which nobody can guess without the salt', async ({ db }) => {
    const account = await createAccount(db)
    await transaction(
      db,
      async (trx) => {
        await transactions.createMany(
          trx,
          Array.from({ length: 21 }, () => newTransaction(account)),
        )
        await accounts.update(trx, account.user_id, account.id, { name: 'Zoë' })
      },
      { actor: 'é|x' },
    )
    const { rows } = await sql<Record<string, string> & { digest: Buffer }>`
      select salt::text, user_id::text, table_name, operation, coalesce(row_id::text, '') as row_id,
        (extract(epoch from at) * 1000)::bigint::text as ms, actor, changes::text, digest
      from finance.audit_log order by id`.execute(db)

    expect(rows.map(({ table_name, operation }) => `${operation} ${table_name}`)).toEqual([
      'insert users',
      'insert accounts',
      'insert transactions',
      'update accounts',
    ])
    for (const { digest, salt, user_id, table_name, operation, row_id, ms, actor = '', changes } of rows) {
      const said = [salt, user_id, table_name, operation, row_id, ms, Buffer.byteLength(actor), actor, changes].join(
        '|',
      )
      expect(digest.toString('hex')).toBe(createHash('sha256').update(said).digest('hex'))
    }
    expect(rows.at(-1)?.actor).toBe('é|x')
    expect(new Set(rows.map(({ salt }) => salt)).size).toBe(rows.length)
  })

  test('follows a row that is given to another person by hand', async ({ db }) => {
    const { user_id } = await createAccount(db)
    const { id: other } = await createUser(db)
    const { rows: made } = await sql<{ id: string }>`
      insert into finance.consent_records (user_id, granted_at) values (${user_id}, now()) returning id`.execute(db)

    await sql`update finance.consent_records set user_id = ${other} where user_id = ${user_id}`.execute(db)

    const operations = async (userId: string) =>
      (await audit.list(db, userId, { table_name: 'consent_records' })).rows.map(({ operation }) => operation)
    expect(made).toHaveLength(1)
    expect(await operations(user_id)).toEqual(['delete', 'insert'])
    expect(await operations(other)).toEqual(['insert'])
  })

  test('is silent about what follows from other rows, and about updates that change nothing', async ({ db }) => {
    const account = await createAccount(db)
    const before = (await audit.list(db, account.user_id)).rows.length

    const { id } = await createTransaction(db, account)
    await sql`update finance.transactions set merchant = merchant`.execute(db)
    await sql`update finance.accounts set name = name`.execute(db)

    const { rows } = await audit.list(db, account.user_id)
    expect(rows.length).toBe(before + 1)
    expect(rows[0]).toMatchObject({ table_name: 'transactions', row_id: id })
    expect(rows[0]?.changes).not.toHaveProperty('new.direction')
  })

  test('covers every column of every audited table but those that follow from others', async ({ db }) => {
    const { rows } = await sql<{ missing: string }>`
      select t.table_name || '.' || a.attname as missing
      from finance.audited_tables() t
      join pg_attribute a on a.attrelid = ('finance.' || t.table_name)::regclass
      where a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attname <> all (t.left_out)
        and (a.attname = any (t.secrets) or position('"' || a.attname || '"' in pg_get_functiondef(('finance.audit_' || t.table_name)::regproc)) = 0)
        and a.attname <> 'user_id' and a.attname <> all (t.secrets)`.execute(db)
    expect(rows, 'call audit_table again after changing columns').toEqual([])

    const { rows: triggers } = await sql<{ table: string; events: number }>`
      select tgrelid::regclass::text as table, bit_or(tgtype)::int & 28 as events from pg_trigger
      where tgname like '%\\_audit%' group by 1 order by 1`.execute(db)
    const { rows: tables } = await sql<{ table: string }>`
      select 'finance.' || table_name as table from finance.audited_tables() order by 1`.execute(db)
    expect(triggers).toEqual(tables.map(({ table }) => ({ table, events: 28 })))
  })

  test('gives up to twenty rows an entry each, and shares entries of a thousand among more', async ({ db }) => {
    const account = await createAccount(db)
    const few = Array.from({ length: 20 }, () => newTransaction(account))
    await transactions.createMany(db, few)
    expect((await audit.list(db, account.user_id, { table_name: 'transactions' })).rows.length).toBe(20)

    const many = Array.from({ length: 1001 }, (_, i) =>
      newTransaction(account, { description: `"${i}"`, amount: `${i}.5` }),
    )
    const made = await transactions.createMany(db, many)
    await sql`update finance.transactions set category = 'food' where user_id = ${account.user_id}`.execute(db)

    const { rows } = await audit.list(db, account.user_id, { table_name: 'transactions' })
    const shared = rows.filter(({ row_id }) => row_id === null)
    expect(shared.map(({ operation }) => operation)).toEqual(['update', 'update', 'insert', 'insert'])
    for (const { changes } of rows) auditChanges.parse(changes)
    const one = made[1000]
    const { rows: history } = await audit.history(db, account.user_id, 'transactions', one?.id as string)
    expect(history).toMatchObject([
      { operation: 'update', old: { category: 'uncategorized' }, new: { category: 'food' } },
      { operation: 'insert', old: null, new: { description: '"1000"', amount: '1000.5000', id: one?.id } },
    ])
  })

  test('follows a pending row whose id changes, and one that is removed with many others', async ({ db }) => {
    const account = await createAccount(db)
    const pending = newTransaction(account, { status: 'pending' })
    const made = await transactions.createMany(
      db,
      Array.from({ length: 30 }, () => pending),
    )
    const [first, other] = [made[0]?.id as string, '00000000-0000-7000-8000-00000000aaaa']

    await sql`update finance.transactions set id = ${other} where id = ${first}`.execute(db)
    await sql`delete from finance.transactions where id <> ${other}`.execute(db)

    const operations = async (id: string) =>
      (await audit.history(db, account.user_id, 'transactions', id)).rows.map(({ operation }) => operation)
    expect(await operations(first)).toEqual(['delete', 'insert'])
    expect(await operations(other)).toEqual(['insert'])
    expect(await operations(made[7]?.id as string)).toEqual(['delete', 'insert'])
    expect((await audit.verify(db, account.user_id)).problems).toEqual([])
  })

  test('begins anew with a row that comes back under the id of one that went', async ({ db }) => {
    const account = await createAccount(db)
    const insert = (merchant: string) =>
      db
        .insertInto('finance.transactions')
        .values({
          ...newTransaction(account, { status: 'pending', merchant }),
          currency: account.currency,
          id,
          posted_at: null,
        })
        .execute()
    const id = '00000000-0000-7000-8000-00000000bbbb'
    await insert('first')
    await db.updateTable('finance.transactions').set({ merchant: 'changed' }).where('id', '=', id).execute()
    await db.deleteFrom('finance.transactions').where('id', '=', id).execute()
    await insert('second')

    expect((await audit.verify(db, account.user_id)).problems).toEqual([])
  })

  test('tells tables apart whose rows have the same id', async ({ db }) => {
    const account = await createAccount(db)
    await createTransaction(db, account, { id: account.id, status: 'pending' })
    await accounts.update(db, account.user_id, account.id, { name: 'Savings' })
    await transactions.categorize(db, account.user_id, account.id, 'groceries')

    expect((await audit.verify(db, account.user_id)).problems).toEqual([])
  })

  test('knows the last of several values', async ({ db }) => {
    const account = await createAccount(db)
    for (const name of ['Savings', 'Holidays', 'A boat'])
      await accounts.update(db, account.user_id, account.id, { name })

    expect((await audit.verify(db, account.user_id)).problems).toEqual([])
  })

  test('knows a value that became null, in one row and in many at once', async ({ db }) => {
    const account = await createAccount(db, { institution: 'Bank' })
    await accounts.update(db, account.user_id, account.id, { institution: null })
    const pending = Array.from({ length: 30 }, (_, i) =>
      newTransaction(account, { status: 'pending', external_id: `e${i}` }),
    )
    await transactions.createMany(db, pending)
    await sql`update finance.transactions set external_id = null`.execute(db)

    const { rows } = await audit.history(db, account.user_id, 'accounts', account.id)
    expect(rows[0]).toMatchObject({ old: { institution: 'Bank' }, new: {} })
    expect((await audit.verify(db, account.user_id)).problems).toEqual([])
  })

  test('writes the same text whatever the settings of the session are', async ({ db }) => {
    await transaction(db, async (trx) => {
      const account = await createAccount(trx)
      await sql`set local timezone = 'Asia/Kolkata'`.execute(trx)
      await sql`set local datestyle = 'German'`.execute(trx)
      await sql`insert into finance.transactions (user_id, account_id, date, posted_at, merchant, amount, currency)
        values (${account.user_id}, ${account.id}, '2026-03-04', '2026-03-04T20:00:00Z', 'Shop', 1, 'USD')`.execute(trx)
      await sql`set local datestyle = 'ISO'`.execute(trx)
      const { rows } = await audit.list(trx, account.user_id, { table_name: 'transactions' })
      expect(rows[0]?.changes).toMatchObject({ new: { date: '2026-03-04', posted_at: '2026-03-04 20:00:00+00' } })
      expect((await audit.verify(trx, account.user_id)).problems).toEqual([])
    })
  })

  test('only grows', async ({ db }) => {
    await createUser(db)
    await sql`set constraints all immediate`.execute(db)
    for (const statement of [
      sql`update finance.audit_log set actor = 'me'`,
      sql`update finance.audit_log set changes = '{}', salt = null`,
      sql`delete from finance.audit_log`,
      sql`truncate finance.audit_log`,
      sql`truncate finance.audit_seals`,
    ]) {
      await expect(statement.execute(db)).rejects.toThrow('The audit log only grows.')
    }
  })
})

describe('the actor', () => {
  test('is the database role unless the transaction says who, and does not leak into the next one', async () => {
    await using database = await freshDatabase()
    const db = database.db
    const actorOf = async (id: string) => (await audit.list(db, id)).rows[0]?.actor
    const one = await transaction(db, async (trx) => createUser(trx), { actor: 'service:signup' })
    const two = await createUser(db)
    const three = await transaction(db, async (trx) => {
      await audit.setActor(trx, one.id)
      return createUser(trx)
    })
    const four = await createUser(db)

    const { rows } = await sql<{ role: string }>`select session_user::text as role`.execute(db)
    const role = rows[0]?.role
    expect(await Promise.all([one, two, three, four].map(({ id }) => actorOf(id)))).toEqual([
      'service:signup',
      role,
      one.id,
      role,
    ])
  })

  test('of a nested transaction holds inside it, also when it fails', async ({ db }) => {
    const made = await transaction(
      db,
      async (trx) => {
        const inner = await transaction(trx, (nested) => createUser(nested), { actor: 'inner' })
        const after = await createUser(trx)
        await transaction(trx, () => Promise.reject(new Error('no')), { actor: 'failed' }).catch(() => {})
        return [inner, after, await createUser(trx)]
      },
      { actor: 'outer' },
    )

    const actors = await Promise.all(made.map(async ({ id }) => (await audit.list(db, id)).rows[0]?.actor))
    expect(actors).toEqual(['inner', 'outer', 'outer'])
    expect((await audit.listByActor(db, 'outer')).rows.map(({ user_id }) => user_id)).toEqual([
      made[2]?.id,
      made[1]?.id,
    ])
  })

  test('has a name', async ({ db }) => {
    await expect(transaction(db, async () => 1, { actor: '' })).rejects.toThrow(InvalidInputError)
    await transaction(db, async (trx) => {
      await expect(audit.setActor(trx, 'x'.repeat(201))).rejects.toThrow(InvalidInputError)
    })
  })
})

describe('lists', () => {
  test('go newest first in pages, by time, table and operation', async ({ db }) => {
    const account = await createAccount(db)
    for (let i = 0; i < 5; i++) await createTransaction(db, account)

    const first = await audit.list(db, account.user_id, {}, { limit: 4 })
    const second = await audit.list(db, account.user_id, {}, { limit: 4, after: first.next ?? undefined })
    expect(second.next).toBeNull()
    const ids = [...first.rows, ...second.rows].map(({ id }) => id)
    expect(ids.length).toBe(7)
    expect(ids).toEqual(ids.toSorted((a, b) => b - a))

    const list = async (filter: Parameters<typeof audit.list>[2]) =>
      (await audit.list(db, account.user_id, filter)).rows.length
    expect(await list({ operation: 'insert', table_name: 'transactions' })).toBe(5)
    expect(await list({ operation: 'delete' })).toBe(0)
    expect(await list({ to: new Date(Date.now() - 3_600_000) })).toBe(0)
    expect(await list({ from: new Date(Date.now() - 3_600_000) })).toBe(7)
  })
})

test('all of it works on PGlite', async () => {
  await using database = await pgliteDb()
  const db = database.db
  const account = await createAccount(db)
  await transactions.createMany(
    db,
    Array.from({ length: 50 }, () => newTransaction(account)),
  )
  await transaction(db, (trx) => users.update(trx, account.user_id, { first_name: 'Ada' }), { actor: 'ada' })

  expect(await audit.verify(db, account.user_id)).toMatchObject({ ok: true, rows: 4, seals: 4 })
  expect(await users.erase(db, account.user_id, { actor: 'dpo' })).toBe(true)
  expect(await audit.verify(db, account.user_id)).toMatchObject({ ok: true, seals: 5, problems: [] })
  const lines: string[] = []
  for await (const line of users.export(db, account.user_id)) lines.push(line)
  expect(lines.length).toBeGreaterThan(50)
  expect(lines.join('')).not.toContain('Ada')
})
