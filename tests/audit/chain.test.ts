import { type Kysely, sql } from 'kysely'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { accounts, audit, createFinanceDb, type Database, transaction, transactions, users } from '../../src/index.js'
import { createAccount, createTransaction, createUser, newTransaction } from '../people.js'
import { execute } from '../server.js'
import { freshDatabase } from '../support.js'

const wrong = async (db: Kysely<Database>, userId: string, anchor?: audit.AuditHead) =>
  (await audit.verify(db, userId, { anchor })).problems.map(({ kind }) => kind).sort()

/** A person with two accounts, seven links and nothing wrong. */
async function createHistory(db: Kysely<Database>) {
  const account = await createAccount(db)
  for (let i = 0; i < 3; i++) await createTransaction(db, account, { merchant: `Shop ${i}` })
  await transactions.createMany(
    db,
    Array.from({ length: 30 }, (_, i) => newTransaction(account, { amount: `${i + 1}` })),
  )
  const second = await createAccount(db, { user_id: account.user_id })
  await accounts.update(db, account.user_id, second.id, { name: 'Savings' })
  return { userId: account.user_id, account, second }
}

describe('a chain', () => {
  test('has a link for each transaction and proves what is there', async () => {
    await using database = await freshDatabase()
    const { db } = database
    const { userId } = await createHistory(db)

    const report = await audit.verify(db, userId)

    expect(report).toEqual({
      ok: true,
      rows: 8,
      seals: 8,
      redacted: 0,
      head: await audit.head(db, userId),
      problems: [],
    })
    expect(report.head).toEqual({ seq: 8, hash: expect.stringMatching(/^[0-9a-f]{64}$/) })
    expect(await audit.head(db, (await createUser(db)).id)).toMatchObject({ seq: 1 })
  })

  // Each as someone who may switch off triggers. Most are seen twice: by what they hit, and by the link that sealed it.
  const log = (where: string) => `finance.audit_log where ${where}`
  const firstOf = (table: string) => `id = (select min(id) from finance.audit_log where table_name = '${table}')`
  test.each([
    [
      'changed values',
      `update ${log(firstOf('transactions'))}`,
      `changes = replace(changes::text, '12.5', '99.5')::json`,
      ['row-changed', 'data-differs'],
    ],
    ['another actor', `update ${log(firstOf('accounts'))}`, `actor = 'someone else'`, ['row-changed']],
    ['another time', `update ${log(firstOf('accounts'))}`, `at = at - interval '1 day'`, ['row-changed']],
    [
      'another row',
      `update ${log(firstOf('accounts'))}`,
      `row_id = gen_random_uuid()`,
      ['row-changed', 'data-missing', 'data-unlogged'],
    ],
    ['another digest', `update ${log(firstOf('accounts'))}`, `digest = sha256('x')`, ['row-changed', 'seal-broken']],
    [
      'values that are gone',
      `update ${log(firstOf('accounts'))}`,
      `changes = '{}', salt = null`,
      ['row-redacted', 'data-unlogged'],
    ],
    ['another transaction', `update ${log(firstOf('users'))}`, `xid = '1'`, ['row-missing', 'row-unsealed']],
    [
      'an entry of someone else',
      `update ${log(firstOf('users'))}`,
      `user_id = gen_random_uuid()`,
      ['data-unlogged', 'row-missing'],
    ],
  ])('shows %s', async (_, where, set, expected) => {
    await using database = await freshDatabase()
    const { userId } = await createHistory(database.db)
    const [verb, ...rest] = where.split(' where ')
    await execute(
      database.url,
      'set session_replication_role = replica',
      `${verb} set ${set} where ${rest.join(' where ')}`,
    )

    expect(await wrong(database.db, userId)).toEqual([...expected].sort())
  })

  test.each([
    ['an entry that is gone', `delete from ${log(firstOf('accounts'))}`, ['data-unlogged', 'row-missing']],
    [
      'a shared entry that is gone',
      `delete from ${log('row_id is null')}`,
      ['row-missing', ...Array(30).fill('data-unlogged')],
    ],
    [
      'a link that is gone',
      'delete from finance.audit_seals where seq = 3',
      ['seal-missing', 'seal-broken', 'row-unsealed'],
    ],
    [
      'the first link gone',
      'delete from finance.audit_seals where seq = 1',
      ['seal-missing', 'seal-broken', 'row-unsealed'],
    ],
    [
      'a link that was changed',
      `update finance.audit_seals set hash = sha256('x') where seq = 3`,
      ['seal-broken', 'seal-broken'],
    ],
    [
      'a link of another time',
      `update finance.audit_seals set at = at + interval '1 s' where seq = 3`,
      ['seal-broken'],
    ],
    [
      'an entry that was slipped in',
      `insert into finance.audit_log (user_id, actor, table_name, operation, changes, salt, digest)
      select user_id, actor, 'users', 'update', '{"new":{}}', salt, digest from finance.audit_log limit 1`,
      ['row-changed', 'row-unsealed'],
    ],
    [
      'two entries swapped',
      `with two as (select l.*, lead(row_id, 1, null) over w as other from finance.audit_log l
        where table_name = 'transactions' and row_id is not null window w as (order by id))
      update finance.audit_log l set digest = (select digest from finance.audit_log m where m.row_id = two.other),
        salt = (select salt from finance.audit_log m where m.row_id = two.other),
        changes = (select changes from finance.audit_log m where m.row_id = two.other), row_id = two.other
      from two where two.id = l.id and l.id = (select min(id) from finance.audit_log where table_name = 'transactions')`,
      ['seal-broken', 'row-changed', 'data-unlogged'],
    ],
    [
      'a row that was edited',
      `update finance.transactions set amount = amount + 1 where merchant = 'Shop 1'`,
      ['data-differs'],
    ],
    [
      'a row of a bulk write that was edited',
      `update finance.transactions set description = 'x' where amount = 7`,
      ['data-differs'],
    ],
    [
      'a row that was nulled',
      `update finance.transactions set status = 'pending', posted_at = null where merchant = 'Shop 1'`,
      ['data-differs'],
    ],
    [
      'a null that was filled',
      `update finance.accounts set institution = 'Bank' where name = 'Savings'`,
      ['data-differs'],
    ],
    ['a row that was deleted', `delete from finance.transactions where merchant = 'Shop 1'`, ['data-missing']],
    [
      'a row that was brought in',
      `insert into finance.transactions (user_id, account_id, date, merchant, amount, currency)
      select user_id, id, '2026-01-01', 'x', 5, currency from finance.accounts limit 1`,
      ['data-unlogged'],
    ],
    [
      'values that are gone, also where another entry now says that they may be',
      `with gone as (update ${log(firstOf('accounts')).replace(' where', " set changes = '{}', salt = null where")})
      update finance.audit_log set operation = 'erase' where id = (select max(id) from finance.audit_log)`,
      ['row-redacted', 'data-unlogged', 'row-changed', 'data-differs'],
    ],
    ['a person who was edited', `update finance.users set email = 'other@example.org'`, ['data-differs']],
  ])('shows %s', async (_, statement, expected) => {
    await using database = await freshDatabase()
    const { userId } = await createHistory(database.db)
    await execute(database.url, 'set session_replication_role = replica', statement)

    expect(await wrong(database.db, userId)).toEqual([...expected].sort())
  })

  test('that was cut off at its end is shown by an anchor, and only by that', async () => {
    await using database = await freshDatabase()
    const { db, url } = database
    const { userId, account } = await createHistory(db)
    const { id } = await createTransaction(db, account)
    const anchor = await audit.head(db, userId)
    await execute(
      url,
      'set session_replication_role = replica',
      `delete from finance.audit_seals where seq = ${anchor.seq}`,
      `delete from finance.audit_log where row_id = '${id}'`,
      `delete from finance.transactions where id = '${id}'`,
    )

    expect(await wrong(db, userId)).toEqual([])
    expect(await wrong(db, userId, anchor)).toEqual(['end-missing'])
    await createTransaction(db, account)
    expect(await wrong(db, userId, anchor)).toEqual(['end-differs'])
    expect(await wrong(db, userId, await audit.head(db, userId))).toEqual([])
  })

  test('holds over transactions and savepoints that are rolled back, and constraints that are set immediate', async () => {
    await using database = await freshDatabase()
    const { db } = database
    const { userId, account } = await createHistory(db)
    await transaction(db, async (trx) => {
      await createTransaction(trx, account)
      throw new Error('no')
    }).catch(() => {})
    await transaction(db, async (trx) => {
      await createTransaction(trx, account)
      await transaction(trx, async (nested) => {
        await createTransaction(nested, account)
        await sql`set constraints all immediate`.execute(nested)
        throw new Error('no')
      }).catch(() => {})
      await sql`set constraints all immediate`.execute(trx)
      await createTransaction(trx, account)
      await sql`set constraints all deferred`.execute(trx)
      await createTransaction(trx, account)
    })

    expect(await audit.verify(db, userId)).toMatchObject({ ok: true, rows: 11, seals: 11, problems: [] })
  })

  // As after a restore into another cluster, which counts its transactions anew.
  test('shows an old entry whose transaction has the number of the one that looks', async () => {
    await using database = await freshDatabase()
    const { userId } = await createHistory(database.db)
    await transaction(database.db, async (trx) => {
      await sql`set local session_replication_role = replica`.execute(trx)
      await sql`update finance.audit_log set xid = pg_current_xact_id() where table_name = 'users'`.execute(trx)
      expect(await wrong(trx, userId)).toEqual(['row-missing', 'row-unsealed'])
    })
  })

  test('has no false alarm inside a transaction that has written', async () => {
    await using database = await freshDatabase()
    const { userId, account } = await createHistory(database.db)
    await transaction(database.db, async (trx) => {
      await createTransaction(trx, account)
      expect((await audit.verify(trx, userId)).problems).toEqual([])
    })
  })
})

describe('commits at once', () => {
  test('of sixteen connections on the same people make whole chains and no deadlock', async () => {
    await using database = await freshDatabase()
    const db = createFinanceDb({ connectionString: database.url, poolSize: 16, maxOverflow: 0 }, {})
    try {
      const owned = await Promise.all([1, 2, 3].map(() => createAccount(db)))
      const others = await Promise.all(owned.map(({ user_id }) => createAccount(db, { user_id })))
      let commits = 0
      await Promise.all(
        Array.from({ length: 16 }, async (_, worker) => {
          for (let i = 0; i < 12; i++) {
            // in orders that would be a deadlock if the links were locked as they are written
            const order = [worker % 3, (worker + i) % 3]
            await transaction(
              db,
              async (trx) => {
                const rows = i % 2 === 0 ? owned : others
                for (const n of [...new Set(order)].sort()) await createTransaction(trx, rows[n] as (typeof owned)[0])
                for (const n of order.toReversed()) {
                  await sql`update finance.transactions set description = ${`${worker} ${i}`}
                    where user_id = ${owned[n]?.user_id} and created_at = now()`.execute(trx)
                }
                if (i % 5 === 4) throw new Error('undone')
              },
              { retries: 0 },
            ).then(
              () => commits++,
              (error: Error) => expect(error.message).toBe('undone'),
            )
          }
        }),
      )

      expect(commits).toBe(16 * 10)
      for (const { user_id } of owned) {
        const { problems, seals } = await audit.verify(db, user_id)
        expect(problems).toEqual([])
        expect(seals).toBeGreaterThan(20)
      }
      expect((await sql`select * from finance.audit_problems(null)`.execute(db)).rows).toEqual([])
    } finally {
      await db.destroy()
    }
  })

  test('of everybody are looked at in parts, so that what it takes on disk does not grow with the bank', async () => {
    await using database = await freshDatabase()
    const { db } = database
    const people = await Promise.all(Array.from({ length: 8 }, () => createUser(db)))
    for (const { id } of people) {
      await sql`update finance.users set financial_goals = (
        select string_agg(md5(random()::text), '') from generate_series(1, 300000)) where id = ${id}`.execute(db)
    }
    await execute(database.url, `set session_replication_role = replica; update finance.users set first_name = 'Eve'`)

    const { rows } = await db.transaction().execute(async (trx) => {
      await sql`set local temp_file_limit = '20MB'`.execute(trx)
      return sql<{ user_id: string; kind: string }>`
        select user_id, kind from finance.audit_problems(null) order by user_id`.execute(trx)
    })

    const ids = people.map(({ id }) => id).sort()
    expect(rows).toEqual(ids.map((user_id) => ({ user_id, kind: 'data-differs' })))
  })

  test('take their links in the order of persons, whatever the order of writing was', async () => {
    await using database = await freshDatabase()
    const { db, url } = database
    const persons = [(await createHistory(db)).userId, (await createHistory(db)).userId].sort()
    const [low, high] = persons as [string, string]
    const rename = (userId: string) =>
      `update finance.users set first_name = 'x' || pg_backend_pid() where id = '${userId}'`
    const move = (userId: string) => `update finance.accounts set institution = 'x' where user_id = '${userId}'`
    const clients = [1, 2].map(() => new pg.Client({ connectionString: url }))
    const [holder, both] = clients as [pg.Client, pg.Client]
    await Promise.all(clients.map((client) => client.connect()))
    try {
      for (const text of ['begin', rename(low), 'set constraints all immediate']) await holder.query(text)
      for (const text of ['begin', move(high), move(low)]) await both.query(text)
      const committed = both.query('commit') // waits for the link of the lower one, and so must hold none yet
      await new Promise((resolve) => setTimeout(resolve, 200))

      await execute(url, `set lock_timeout = '2s'`, rename(high))

      await holder.query('commit')
      await committed
    } finally {
      await Promise.all(clients.map((client) => client.end()))
    }
    for (const person of persons) expect((await audit.verify(db, person)).problems).toEqual([])
  })

  test('in repeatable read are a serialization failure, which transaction() repeats', async () => {
    await using database = await freshDatabase()
    const { db } = database
    const { account: one, second: two } = await createHistory(db)
    let runs = 0
    const state = await transaction(
      db,
      async (trx) => {
        runs++
        await sql`select 1 from finance.users`.execute(trx)
        if (runs === 1) await createTransaction(db, two)
        await createTransaction(trx, one)
      },
      { isolationLevel: 'repeatable read', retries: 0 },
    ).then(
      () => undefined,
      (error) => error.cause?.code,
    )
    expect(state).toBe('40001')

    runs = 0
    await transaction(
      db,
      async (trx) => {
        runs++
        await sql`select 1 from finance.users`.execute(trx)
        if (runs === 1) await createTransaction(db, two)
        await createTransaction(trx, one)
      },
      { isolationLevel: 'repeatable read' },
    )
    expect(runs).toBe(2)
    expect((await audit.verify(db, one.user_id)).problems).toEqual([])
  })

  test('leave nothing of a backend that is killed on the way, and wait for one that is not', async () => {
    await using database = await freshDatabase()
    const { db, url } = database
    const { userId, account, second } = await createHistory(db)
    const victim = new pg.Client({ connectionString: url })
    victim.on('error', () => {})
    await victim.connect()
    const { rows } = await victim.query('select pg_backend_pid() as pid')
    await victim.query('begin')
    await victim.query(
      `insert into finance.transactions (user_id, account_id, date, merchant, amount, currency)
      values ($1, $2, '2026-01-01', 'x', 1, 'USD')`,
      [userId, account.id],
    )
    await victim.query('set constraints all immediate') // holds the next link

    const waiting = createTransaction(db, second)
    await execute(url, `select pg_terminate_backend(${rows[0].pid})`)
    await waiting
    await victim.end().catch(() => {})

    expect(await audit.verify(db, userId)).toMatchObject({ ok: true, rows: 9, seals: 9 })
  })
})

test('a role without any right on the log writes money, is logged, and cannot touch the log or forge an entry', async () => {
  await using database = await freshDatabase()
  const { db, url } = database
  const { userId, account } = await createHistory(db)
  const role = `audit_app_${process.pid}`
  await execute(
    url,
    `create role ${role} login password 'app'`,
    `grant usage on schema finance to ${role}`,
    `grant execute on function finance.uuid_v7(), finance.erase_audit(uuid, text) to ${role}`,
    `grant create on database ${new URL(url).pathname.slice(1)} to ${role}`,
    `grant select, insert, update, delete on finance.users, finance.accounts, finance.transactions to ${role}`,
  )
  const app = new URL(url)
  app.username = role
  app.password = 'app'
  const appDb = createFinanceDb({ connectionString: app.href }, {})
  try {
    const { id } = await createTransaction(appDb, account)
    await users.update(appDb, userId, { first_name: 'Ada' })
    expect((await audit.history(db, userId, 'transactions', id)).rows[0]).toMatchObject({ actor: role })
    for (const statement of [
      'insert into finance.audit_log (user_id, actor, table_name, operation, changes, digest) select user_id, actor, table_name, operation, changes, digest from finance.audit_log',
      'select * from finance.audit_log',
      'delete from finance.audit_seals',
      "update finance.audit_log set changes = '{}', salt = null",
      `select finance.write_audit('${userId}', 'users', '${userId}', 'update', '{}')`,
      `select finance.audit_snapshot('${userId}')`,
      'create temp table users (id uuid); create trigger forged after insert on users for each row execute function finance.audit_users()',
      'create schema forged; create table forged.audit_log (user_id uuid, id bigint); create trigger f after insert on forged.audit_log for each row execute function finance.seal_audit_log()',
    ]) {
      await expect(execute(app.href, statement), statement).rejects.toMatchObject({ code: '42501' })
    }
    await expect(execute(app.href, `select finance.erase_audit('${userId}', 'no reason')`)).rejects.toThrow(
      'only grows',
    )
    expect((await audit.verify(db, userId)).problems).toEqual([])
  } finally {
    await appDb.destroy()
    await execute(url, `drop owned by ${role}`, `drop role ${role}`)
  }
})

test('a whole cluster dumped and restored elsewhere goes on with its chains', async () => {
  await using database = await freshDatabase()
  const { db, url } = database
  const { userId, account } = await createHistory(db)
  // What a restore does: the same rows in a cluster whose transaction numbers begin anew, so that the next one is taken.
  const { rows } = await sql<{ next: string }>`select (pg_current_xact_id()::text::bigint + 3)::text as next`.execute(
    db,
  )
  await execute(
    url,
    'set session_replication_role = replica',
    ...Array.from({ length: 8 }, (_, i) => {
      const next = Number(rows[0]?.next) + i
      return `update finance.audit_log set xid = '${next}' where xid = (select xid from finance.audit_seals where seq = ${i + 1});
        update finance.audit_seals set xid = '${next}' where seq = ${i + 1}`
    }),
  )
  for (let i = 0; i < 12; i++) await createTransaction(db, account)

  expect(await audit.verify(db, userId)).toMatchObject({ ok: true, rows: 20, seals: 20 })
})
