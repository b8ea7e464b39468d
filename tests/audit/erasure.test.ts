import { setTimeout as sleep } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { checkInvariants } from '../../src/cli/invariants.js'
import {
  type Account,
  accounts,
  agentQueries,
  audit,
  cards,
  chatLogs,
  computedFeatures,
  consents,
  type Database,
  type Db,
  insights,
  investments,
  NotFoundError,
  operatorActions,
  p2pTransfers,
  personaAssignments,
  personas,
  RuleViolationError,
  recommendations,
  signals,
  transaction,
  transactions,
  transferMatches,
  transfers,
  translateError,
  users,
} from '../../src/index.js'
import { createAccount, createTransaction, createUser, newTransaction } from '../people.js'
import { execute, waitingIn } from '../server.js'
import { freshDatabase } from '../support.js'

const keys = { current: 'k1', get: () => Buffer.alloc(32, 7) }
/** In every text that a person can leave somewhere. */
const word = 'Zephyrine'

/** Someone with a row in every table, and someone else who sent them money. */
async function createPerson(db: Kysely<Database>) {
  const { id: user_id } = await createUser(db, {
    email: `${word}@example.org`,
    username: word,
    first_name: word,
    last_name: word,
    phone_number: '+49 30 8876655',
    financial_goals: `${word} wants a boat`,
    external_auth_id: word,
    password_hash: `$argon2id$${word}`,
  })
  const account = await createAccount(db, {
    user_id,
    name: `${word}'s`,
    institution: word,
    account_number_last4: '4711',
    external_id: word,
    opening_balance: '1000',
  })
  const second = await createAccount(db, { user_id })
  await transactions.createMany(
    db,
    Array.from({ length: 30 }, () => newTransaction(account, { merchant: word, description: word, category: word })),
  )
  await createTransaction(db, account, { merchant: word, status: 'pending', external_id: `${word} 1` })
  await transactions.categorize(
    db,
    user_id,
    (await createTransaction(db, account, { merchant: word })).id,
    `of ${word}`,
  )
  await consents.grant(db, { user_id, version: '1.0', ip_address: '192.0.2.77' })
  await cards.create(db, keys, {
    user_id,
    account_id: account.id,
    brand: 'visa',
    last4: '4242',
    exp_month: 12,
    exp_year: 2030,
    token: 'tok_77',
  })
  await investments.create(db, {
    user_id,
    account_id: second.id,
    symbol: 'VTI',
    name: word,
    asset_class: 'etf',
    quantity: '2.1234567891',
    cost_basis: '10',
    price: '5',
    price_date: '2026-03-01',
    currency: 'USD',
  })
  await insights.create(db, { user_id, title: word, message: word, type: 'x' })
  await recommendations.create(
    db,
    { user_id, type: 'offer', title: word, rationale: word },
    { trace: { persona: word } },
  )
  await computedFeatures.put(db, { user_id, time_window: '30d', signal_type: 'x', signal_value: { of: word } })
  await personaAssignments.assign(db, { user_id, time_window: '30d', persona: 'savings_builder' })
  await chatLogs.create(db, { user_id, message: word, response: word })
  await agentQueries.record(db, {
    user_id,
    role: 'finance_agent',
    sql: word,
    outcome: 'answered',
    code: null,
    rows: 1,
    bytes: 1,
    duration_below_ms: 10,
  })
  const { id: operator_id } = await createUser(db, { role: 'operator' })
  await operatorActions.record(db, { user_id, operator_id, action_type: 'flag', reason: word })
  await sql`insert into finance.auth_sessions (user_id, id, refresh_token_hash, expires_at, family_id, started_at, ends_at, client)
    select ${user_id}::uuid, u, 'hash_77', now() + interval '1 h', u, now(), now() + interval '1 h', ${word} from gen_random_uuid() u`.execute(
    db,
  )
  const move = { user_id, from_account_id: account.id, amount: '5' }
  await transfers.create(db, { ...move, to_account_id: second.id, memo: word, idempotency_key: 'key-1' })
  await transactions.hold(db, newTransaction(account, { merchant: word, external_id: `${word} 2` }))
  const friend = await createAccount(db, { opening_balance: '100' })
  const recipient_id = friend.user_id
  await p2pTransfers.send(db, { ...move, recipient_id, memo: word, idempotency_key: 'key-3' })
  await p2pTransfers.send(db, {
    ...move,
    user_id: recipient_id,
    from_account_id: friend.id,
    recipient_id: user_id,
    memo: 'for the cake',
    idempotency_key: 'key-2',
  })
  await signals.compute(db, { as_of: '2026-03-31', users: [user_id] })
  const [left, arrived] = [
    await transactions.create(db, newTransaction(account, { merchant: word, amount: '-9' })),
    await transactions.create(db, newTransaction(second, { merchant: word, amount: '9' })),
  ]
  await sql`insert into finance.transfer_matches (user_id, from_transaction_id, to_transaction_id, status, score, reasons)
    values (${user_id}, ${left.id}, ${arrived.id}, 'suggested', 0.5, '{}')`.execute(db)
  return { user_id, account, friend }
}

async function exported(db: Kysely<Database>, userId: string) {
  const lines: { table: string; row: Record<string, unknown> }[] = []
  for await (const line of users.export(db, userId)) {
    expect(line.endsWith('}\n')).toBe(true)
    lines.push(JSON.parse(line))
  }
  return lines
}

describe('an export', () => {
  test('has every row of every table that says whose it is, and no secret', async () => {
    await using database = await freshDatabase()
    const { db } = database
    const { user_id, friend } = await createPerson(db)
    await sql`do $$ declare t record; begin
      create table finance.gadgets (user_id uuid not null, id int not null primary key, weight numeric not null);
    end $$`.execute(db)
    await sql`insert into finance.gadgets values (${user_id}, 1, 12345678901234567890.5)`.execute(db)

    const lines = await exported(db, user_id)

    const counts: Record<string, number> = {}
    for (const { table } of lines) counts[table] = (counts[table] ?? 0) + 1
    const { rows: tables } = await sql<{ name: string }>`
      select distinct c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
      where c.relnamespace = 'finance'::regnamespace and c.relkind = 'r' and a.attname in ('user_id', 'recipient_id')
      union select 'users'`.execute(db)
    for (const { name } of tables) {
      const { rows } = await sql<{ n: number }>`select count(*)::int as n from ${sql.table(`finance.${name}`)} t
        where to_jsonb(t)->>'user_id' = ${user_id} or to_jsonb(t)->>'recipient_id' = ${user_id}
          or (${name} = 'users' and to_jsonb(t)->>'id' = ${user_id})`.execute(db)
      expect({ [name]: counts[name] ?? 0 }).toEqual({ [name]: rows[0]?.n })
      if (name !== 'documents') expect(counts[name], name).toBeGreaterThan(0)
    }
    const text = JSON.stringify(lines)
    for (const secret of ['$argon2id', 'v1.k1', 'tok_77', 'hash_77']) expect(text).not.toContain(secret)
    expect(lines[0]).toMatchObject({ table: 'users', row: { email: `${word}@example.org` } })
    const find = (table: string) => lines.filter((line) => line.table === table).map(({ row }) => row)
    expect(Object.keys(find('audit_log')[0] ?? {})).toEqual(
      'user_id id xid actor table_name row_id operation changes at'.split(' '),
    )
    expect(find('investments')).toMatchObject([{ quantity: '2.1234567891', price_date: '2026-03-01' }])
    expect(find('gadgets')).toEqual([{ user_id, id: 1, weight: '12345678901234567890.5' }])
    expect(find('accounts')[0]?.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    const received = find('p2p_transfers').find((row) => row.recipient_id === user_id)
    expect(received).toMatchObject({ amount: '5.0000', memo: 'for the cake' })
    expect(received).not.toHaveProperty('from_account_id')
    expect(received).not.toHaveProperty('idempotency_key')
    expect(JSON.stringify(lines)).not.toContain(friend.id)
  })

  test('is the same whatever the settings of the session are', async () => {
    await using database = await freshDatabase()
    const { db } = database
    const { user_id } = await createPerson(db)
    const plain = await exported(db, user_id)

    const elsewhere = await db.transaction().execute(async (trx) => {
      await sql`select set_config('timezone', 'Asia/Tokyo', true), set_config('datestyle', 'German', true)`.execute(trx)
      return exported(trx, user_id)
    })

    expect(elsewhere).toEqual(plain)
  })

  test('withholds every column that the catalogue calls a secret', async () => {
    await using database = await freshDatabase()
    const { user_id } = await createPerson(database.db)
    const { rows: secrets } = await sql<{ table: string; column: string }>`
      select c.relname as table, a.attname as column from pg_class c join pg_attribute a on a.attrelid = c.oid
      where c.relnamespace = 'finance'::regnamespace and col_description(c.oid, a.attnum) like 'Secret.%'`.execute(
      database.db,
    )
    expect(secrets.length).toBeGreaterThan(2)

    const lines = await exported(database.db, user_id)

    for (const { table, column } of secrets) {
      for (const line of lines) if (line.table === table) expect(line.row).not.toHaveProperty(column)
    }
  })

  test('is of one moment, in pages, and gives its connection back when the loop is left', async () => {
    await using database = await freshDatabase()
    const { db } = database
    const account = await createAccount(db)
    await transactions.createMany(
      db,
      Array.from({ length: 3000 }, () => newTransaction(account)),
    )

    let n = 0
    for await (const line of users.export(db, account.user_id)) {
      n++
      if (n === 1) await createTransaction(db, account)
      expect(line).toMatch(/^\{"table" ?:/)
    }
    // the person, the account, 3000 transactions; 5 entries of the log and 3 links
    expect(n).toBe(2 + 3000 + 5 + 3)

    for (let i = 0; i < 20; i++) for await (const _ of users.export(db, account.user_id)) break
    expect((await users.get(db, account.user_id)).id).toBe(account.user_id)
    const nobody = users.export(db, '00000000-0000-7000-8000-000000000000')
    await expect(nobody.next()).rejects.toThrow(NotFoundError)
  })
})

const as_of = '2026-03-31'

const derivedOf = async (db: Kysely<Database>, userId: string) =>
  (
    await sql`
    select user_id from finance.computed_features where user_id = ${userId}
    union all select user_id from finance.signal_states where user_id = ${userId}
    union all select user_id from finance.persona_assignments where user_id = ${userId}
    union all select user_id from finance.transfer_matches where user_id = ${userId}
    union all select user_id from finance.recommendations where user_id = ${userId}`.execute(db)
  ).rows

const itWaits = (db: Kysely<Database>) => expect.poll(() => waitingIn(db), { timeout: 10_000 }).toBe(1)

describe('an erasure', () => {
  test('leaves nothing personal anywhere, the books as they were, and the chains whole', async () => {
    await using database = await freshDatabase()
    const { db } = database
    const { user_id, friend } = await createPerson(db)
    const anchor = await audit.head(db, user_id)
    const books = () =>
      sql`select a.id, a.balance, a.currency, array_agg((t.date, t.amount) order by t.id) filter (where t.status = 'posted') as rows
        from finance.accounts a left join finance.transactions t on t.user_id = a.user_id and t.account_id = a.id
        group by a.user_id, a.id order by a.id`.execute(db)
    const before = (await books()).rows

    expect(await users.erase(db, user_id, { actor: 'dpo', reason: 'request 17' })).toBe(true)

    const lines = await exported(db, user_id)
    const text = JSON.stringify(lines)
    for (const personal of [word, word.toLowerCase(), '192.0.2.77', '8876655', '"4242"', '"4711"']) {
      expect(text).not.toContain(personal)
    }
    expect(new Set(lines.map(({ table }) => table))).toEqual(
      new Set([
        'users',
        'accounts',
        'transactions',
        'transfers',
        'p2p_transfers',
        'investments',
        'consent_records',
        'operator_actions',
        'audit_log',
        'audit_seals',
      ]),
    )
    expect(await users.get(db, user_id)).toMatchObject({ is_active: false, erased_at: expect.any(Date) })
    expect((await books()).rows).toEqual(before)
    // Money on its way stays with its sender, and nothing is held for somebody who is gone.
    expect((await p2pTransfers.listSent(db, user_id)).rows).toMatchObject([{ status: 'cancelled' }])
    expect((await p2pTransfers.listReceived(db, user_id)).rows).toMatchObject([{ status: 'declined' }])
    expect(await accounts.get(db, friend.user_id, friend.id)).toMatchObject({ held: '0.0000', available: '100.0000' })
    expect((await accounts.list(db, user_id)).rows.map(({ held, status }) => [held, status])).toEqual([
      ['0.0000', 'closed'],
      ['0.0000', 'closed'],
    ])
    const report = await audit.verify(db, user_id, { anchor })
    expect(report).toMatchObject({ ok: true, problems: [] })
    expect(report.redacted).toBeGreaterThan(10)
    expect((await audit.verify(db, friend.user_id)).ok).toBe(true)
    expect((await audit.list(db, user_id, { operation: 'erase' })).rows).toMatchObject([
      { actor: 'dpo', changes: { reason: 'request 17' }, redacted: false },
    ])
    // nor is a word of it left in another table, of whoever
    const { rows: tables } = await sql<{ name: string }>`
      select relname as name from pg_class where relnamespace = 'finance'::regnamespace and relkind = 'r'`.execute(db)
    for (const { name } of tables) {
      const { rows } =
        await sql`select 1 from ${sql.table(`finance.${name}`)} t where t::text ilike ${`%${word}%`}`.execute(db)
      expect({ [name]: rows.length }).toEqual({ [name]: 0 })
    }
    for (const { name, broken } of await checkInvariants(db, 'finance', () => {}))
      expect({ [name]: broken }).toEqual({ [name]: 0 })
  })

  test('of a long log leaves one that is looked at as fast as it was', async () => {
    await using database = await freshDatabase()
    const { db } = database
    const { user_id } = await createAccount(db)
    await sql`insert into finance.accounts (user_id, account_type, name)
      select ${user_id}::uuid, 'savings', 'Pot ' || n from generate_series(1, 6000) n`.execute(db)
    await users.erase(db, user_id)

    const report = await db.transaction().execute(async (trx) => {
      // a second or two; with the whole log read for each entry it is cancelled
      await sql`set local statement_timeout = '20s'`.execute(trx)
      return audit.verify(trx, user_id)
    })

    expect(report).toMatchObject({ ok: true, redacted: 12_004 })
  })

  test('takes as long as it takes, and leaves the limits of a host’s transaction as they were', async () => {
    await using database = await freshDatabase()
    const { db } = database
    const { user_id } = await createAccount(db)
    await execute(
      database.url,
      `create function public.slow() returns trigger language plpgsql as $$ begin perform pg_sleep(1.5); return null; end $$`,
      'create trigger slow after update on finance.transactions execute function public.slow()',
    )

    const limit = await db.transaction().execute(async (trx) => {
      await sql`set local statement_timeout = '1s'`.execute(trx)
      await users.erase(trx, user_id)
      return sql<{ limit: string }>`select current_setting('statement_timeout') as limit`.execute(trx)
    })

    expect(limit.rows).toEqual([{ limit: '1s' }])
  })

  test('twice does nothing, and of nobody is not found', async () => {
    await using database = await freshDatabase()
    const { user_id } = await createPerson(database.db)
    await users.erase(database.db, user_id)
    const head = await audit.head(database.db, user_id)

    expect(await users.erase(database.db, user_id)).toBe(false)
    expect(await audit.head(database.db, user_id)).toEqual(head)
    await expect(users.erase(database.db, '00000000-0000-7000-8000-000000000000')).rejects.toThrow(NotFoundError)
  })

  test('is refused where it would not see what others write meanwhile', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const { id } = await createUser(db)
    const eraseAt = (isolationLevel: 'read committed' | 'repeatable read') =>
      transaction(
        db,
        async (trx) => {
          await users.get(trx, id)
          await chatLogs.create(db, { user_id: id, message: word, response: word, guardrails_passed: true })
          return users.erase(trx, id)
        },
        { isolationLevel },
      )

    await expect(eraseAt('repeatable read')).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    expect((await users.get(db, id)).erased_at).toBeNull()
    expect(await eraseAt('read committed')).toBe(true)
    expect((await chatLogs.list(db, id)).rows).toEqual([])
  })

  test('is shown when words are put back where it took them out', async () => {
    await using database = await freshDatabase()
    const { db, url } = database
    const { id } = await createUser(db, { first_name: word })
    await users.erase(db, id)
    await execute(
      url,
      'set session_replication_role = replica',
      `update finance.audit_log set changes = '{"new":{"first_name":"x"}}' where salt is null and operation = 'insert'`,
    )

    expect((await audit.verify(db, id)).problems.map(({ kind }) => kind)).toEqual(['row-changed'])
  })

  test.each([
    'accounts',
    'auth_sessions',
    'cards',
    'chat_logs',
    'consent_records',
    'insights',
    'investments',
    'recommendations',
  ])('lets nothing new into %s, whoever writes', async (table) => {
    await using database = await freshDatabase()
    const { db } = database
    const { id } = await createUser(db)
    await users.erase(db, id)

    const insert = sql`insert into ${sql.table(`finance.${table}`)} (user_id) values (${id})`.execute(db)

    await expect(insert).rejects.toMatchObject({ table, constraint: 'users_erased_final' })
  })

  test('lets no signals and personas of them in either, among those of others', async () => {
    await using database = await freshDatabase()
    const { db } = database
    const [living, erased] = [await createUser(db), await createUser(db)]
    await users.erase(db, erased.id)
    const feature = { time_window: '30d', signal_type: 'of_the_host', signal_value: { n: 1 } } as const
    const final = { constraint: 'users_erased_final' }

    const both = [living, erased].map(({ id }) => ({ user_id: id, ...feature }))
    await expect(computedFeatures.createMany(db, both)).rejects.toMatchObject(final)
    await expect(computedFeatures.put(db, { user_id: erased.id, ...feature })).rejects.toMatchObject(final)
    const persona = { user_id: erased.id, time_window: '30d', persona: 'savings_builder' } as const
    await expect(personaAssignments.assign(db, persona)).rejects.toMatchObject(final)
    expect(await computedFeatures.list(db, living.id)).toMatchObject({ rows: [] })
    await computedFeatures.put(db, { user_id: living.id, ...feature })
  })

  test('writes the same into the log whatever the settings of the session are', async () => {
    await using database = await freshDatabase()
    const { db } = database
    const { id } = await createUser(db)

    await db.transaction().execute(async (trx) => {
      await sql`select set_config('timezone', 'Asia/Tokyo', true), set_config('datestyle', 'German', true)`.execute(trx)
      await users.erase(trx, id)
    })

    expect((await audit.verify(db, id)).problems).toEqual([])
  })

  test('is minded by writers that may not look at persons', async () => {
    await using database = await freshDatabase()
    const { db, url } = database
    const [living, erased] = [await createUser(db), await createUser(db)]
    await users.erase(db, erased.id)
    const role = `audit_writer_${process.pid}`
    await execute(
      url,
      `create role ${role}`,
      `grant usage on schema finance to ${role}`,
      `grant execute on function finance.uuid_v7() to ${role}`,
      `grant insert on finance.insights to ${role}`,
    )
    const insert = (id: string) =>
      execute(
        url,
        `set role ${role}`,
        `insert into finance.insights (user_id, title, message, type) values ('${id}', 'x', 'x', 'x')`,
      )
    try {
      await insert(living.id)
      await expect(insert(erased.id)).rejects.toMatchObject({ constraint: 'users_erased_final' })
    } finally {
      await execute(url, `drop owned by ${role}`, `drop role ${role}`)
    }
  })

  test('by hand leaves nothing of the person either, or is refused', async () => {
    await using database = await freshDatabase()
    const { db } = database
    const { id } = await createUser(db)
    const blank = {
      email: `erased+${id}@erased.invalid`,
      username: null,
      first_name: null,
      last_name: null,
      phone_number: null,
      financial_goals: null,
      password_hash: null,
      external_auth_id: null,
      is_active: false,
    }
    const erase = (left: Record<string, string | boolean>) =>
      db
        .updateTable('finance.users')
        .set({ ...blank, ...left, erased_at: new Date() })
        .where('id', '=', id)
        .execute()

    for (const [column, value] of Object.entries(blank)) {
      const left = { [column]: column === 'email' ? 'ada@example.org' : value === false ? true : 'x' }
      await expect(erase(left), column).rejects.toMatchObject({ constraint: 'users_erased_at_check' })
    }
    await erase({})
  })

  test('takes nothing out of the log of somebody who is not erased', async () => {
    await using database = await freshDatabase()
    const { db } = database
    const { id } = await createUser(db)

    await expect(sql`select finance.erase_audit(${id}, 'x')`.execute(db)).rejects.toMatchObject({
      constraint: 'audit_log_append_only',
    })
    expect(await audit.verify(db, id)).toMatchObject({ ok: true, redacted: 0 })
  })

  test('takes the values out of the log of a person who was removed before', async () => {
    await using database = await freshDatabase()
    const { db } = database
    const { id } = await createUser(db, { first_name: word })
    await users.remove(db, id)

    expect(await users.erase(db, id)).toBe(true)
    expect(await users.erase(db, id)).toBe(false)
    expect(JSON.stringify(await exported(db, id))).not.toContain(word)
    expect(await audit.verify(db, id)).toMatchObject({ ok: true, redacted: 2 })
  })

  test('is final: nothing personal comes back', async () => {
    await using database = await freshDatabase()
    const { db } = database
    const { user_id, account } = await createPerson(db)
    const { id } = await createTransaction(db, account, { merchant: word })
    const sender = await createAccount(db, { opening_balance: '10' })
    const sent = {
      user_id: sender.user_id,
      from_account_id: sender.id,
      recipient_id: user_id,
      amount: '1',
      idempotency_key: 'late',
    }
    await users.erase(db, user_id)

    for (const again of [
      () => users.update(db, user_id, { first_name: word }),
      () => sql`update finance.users set erased_at = null where id = ${user_id}`.execute(db),
      () => sql`update finance.accounts set name = ${word} where user_id = ${user_id}`.execute(db),
      () => createAccount(db, { user_id }),
      () => chatLogs.create(db, { user_id, message: word, response: word }),
      () => consents.grant(db, { user_id }),
      () => insights.create(db, { user_id, title: word, message: word, type: 'x' }),
      () => transactions.update(db, user_id, id, { description: word }),
      () => p2pTransfers.send(db, sent),
    ]) {
      await expect(again()).rejects.toThrow('An erased person stays erased')
    }
    expect((await accounts.get(db, user_id, account.id)).status).toBe('closed')
  })

  test('does not let the values of the living go, nor those of an erased person come back as others', async () => {
    await using database = await freshDatabase()
    const { db } = database
    const { user_id } = await createPerson(db)
    const { id: other } = await createUser(db)
    await users.erase(db, user_id)

    for (const statement of [
      sql`select finance.erase_audit(${other}, null)`,
      sql`update finance.audit_log set changes = '{}', salt = null where user_id = ${other}`,
      sql`update finance.audit_log set changes = '{"new":{}}' where user_id = ${user_id}`,
      sql`update finance.audit_log set actor = 'x', changes = '{}', salt = null where user_id = ${user_id}`,
      sql`delete from finance.audit_log where user_id = ${user_id}`,
    ]) {
      await expect(statement.execute(db)).rejects.toThrow('The audit log only grows.')
    }
    const marked = sql`update finance.users set erased_at = now() where id = ${other}`.execute(db).catch(translateError)
    await expect(marked).rejects.toThrow(RuleViolationError)
  })

  test('waits for who is writing about the person, and who writes after it is refused', async () => {
    await using database = await freshDatabase()
    const { db } = database
    const { id } = await createUser(db, { first_name: word })
    const order: string[] = []
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const writing = db.transaction().execute(async (trx) => {
      await createAccount(trx, { user_id: id, name: word })
      await held
      order.push('written')
    })
    await new Promise((resolve) => setTimeout(resolve, 200))
    let late: Promise<unknown> | undefined
    const erasing = db.transaction().execute(async (trx) => {
      await users.erase(trx, id)
      order.push('erased')
      late = expect(createAccount(db, { user_id: id, name: word })).rejects.toThrow('An erased person stays erased')
      await new Promise((resolve) => setTimeout(resolve, 200))
    })
    await new Promise((resolve) => setTimeout(resolve, 200))
    release()
    await Promise.all([writing, erasing])
    await late

    expect(order).toEqual(['written', 'erased'])
    expect(JSON.stringify(await exported(db, id))).not.toContain(word)
  })

  test.for<[string, (db: Db, account: Account) => Promise<unknown>]>([
    ['an account', (db, { user_id }) => createAccount(db, { user_id, name: word })],
    ['a movement', (db, account) => createTransaction(db, account, { merchant: word })],
  ])('finds %s that was being written when it began', async ([, write]) => {
    await using database = await freshDatabase()
    const { db } = database
    const account = await createAccount(db)

    const { erasing } = await db.transaction().execute(async (trx) => {
      await write(trx, account)
      const erasing = users.erase(db, account.user_id)
      await itWaits(db)
      return { erasing }
    })

    expect(await erasing).toBe(true)
    expect(JSON.stringify(await exported(db, account.user_id))).not.toContain(word)
  })

  test('cancels what was being sent when it began', async () => {
    await using database = await freshDatabase()
    const { db } = database
    const [from, to] = [await createAccount(db, { opening_balance: '10' }), await createAccount(db)]

    const { sent, erasing } = await db.transaction().execute(async (trx) => {
      const sent = await p2pTransfers.send(trx, {
        user_id: from.user_id,
        from_account_id: from.id,
        recipient_id: to.user_id,
        amount: '5',
        idempotency_key: 'k',
      })
      const erasing = users.erase(db, from.user_id)
      await itWaits(db)
      return { sent, erasing }
    })

    expect(await erasing).toBe(true)
    expect(await p2pTransfers.get(db, from.user_id, sent.id)).toMatchObject({ status: 'cancelled' })
    expect((await checkInvariants(db, 'finance', () => {})).filter(({ broken }) => broken > 0)).toEqual([])
  })

  test('waits for a consent that is being taken back, so that the log knows', async () => {
    await using database = await freshDatabase()
    const { db } = database
    const { id } = await createUser(db)
    await consents.grant(db, { user_id: id })

    const { erasing } = await db.transaction().execute(async (trx) => {
      await consents.revoke(trx, id)
      const erasing = users.erase(db, id)
      await itWaits(db)
      return { erasing }
    })

    expect(await erasing).toBe(true)
    expect((await audit.verify(db, id)).problems).toEqual([])
  })

  test('meets nobody in a circle who decides about one of two transfers', async () => {
    await using database = await freshDatabase()
    const { db } = database
    const [from, to] = [await createAccount(db, { opening_balance: '10' }), await createAccount(db)]
    const send = (idempotency_key: string) =>
      p2pTransfers.send(db, {
        user_id: from.user_id,
        from_account_id: from.id,
        recipient_id: to.user_id,
        amount: '5',
        idempotency_key,
      })
    const [, second] = [await send('first'), await send('second')]

    const { erasing } = await db.transaction().execute(async (trx) => {
      await sql`select from finance.p2p_transfers where id = ${second.id} for no key update`.execute(trx)
      const erasing = users.erase(db, from.user_id)
      await itWaits(db)
      await sql`select from finance.accounts where id = ${from.id} for no key update nowait`.execute(trx)
      return { erasing }
    })

    expect(await erasing).toBe(true)
  })

  test('leaves a request known by its key, whose row lost the id of the bank', async () => {
    await using database = await freshDatabase()
    const { db } = database
    const account = await createAccount(db)
    const request = newTransaction(account, { status: 'pending', external_id: word, idempotency_key: 'key-1' })
    const { id } = await transactions.create(db, request)
    await users.erase(db, account.user_id)

    expect(await transactions.create(db, request)).toMatchObject({ id, status: 'released', external_id: null })
  })

  test('keeps the person out of every batch over everybody, which go on for the others', async () => {
    await using database = await freshDatabase()
    const { db } = database
    const [account, living] = [await createAccount(db), await createAccount(db)]
    for (const { user_id } of [account, living]) await consents.grant(db, { user_id })
    await users.erase(db, account.user_id)
    const item = { key: 'a', type: 'education' as const, title: 'A', rationale: 'You are you.', when: { all: [] } }
    const catalogue = { version: '1', items: [{ ...item, personas: ['general_wellness' as const] }] }
    const asked = [{}, { users: [account.user_id, living.user_id] }]

    for (const who of asked) {
      const span = { from: '2026-01-01', to: as_of }
      await transferMatches.find(db, { ...span, ...who })
      const computed = await signals.compute(db, { as_of, force: true, match_transfers: true, ...who })
      const judged = await personas.assign(db, { as_of, ...who })
      const generated = await recommendations.generate(db, { as_of, catalogue, ...who })

      expect(computed).toMatchObject({ computed: 1 })
      expect(judged).toMatchObject({ judged: 3 })
      expect(generated).toMatchObject({ considered: 1 })
    }
    expect((await recommendations.list(db, living.user_id)).rows).not.toEqual([])
    expect(await derivedOf(db, account.user_id)).toEqual([])
  })

  test.for([false, true])('lets no signals be computed while it lasts, with matches: %s', async (match_transfers) => {
    await using database = await freshDatabase()
    const { db } = database
    const account = await createAccount(db)
    for (const date of ['2026-01-05', '2026-02-05', '2026-03-05']) {
      await createTransaction(db, account, { date, merchant: word })
    }

    const { computing } = await db.transaction().execute(async (trx) => {
      await users.erase(trx, account.user_id)
      const computing = signals.compute(db, { as_of, match_transfers })
      await itWaits(db)
      return { computing }
    })

    expect(await computing).toEqual({ users: 1, computed: 0, signals: 0 })
    expect(await derivedOf(db, account.user_id)).toEqual([])
  })

  test('is not kept waiting by who only refers to the accounts', async () => {
    await using database = await freshDatabase()
    const { db } = database
    const account = await createAccount(db)

    const erased = await db.transaction().execute(async (trx) => {
      await sql`select from finance.accounts where id = ${account.id} for key share`.execute(trx)
      return Promise.race([users.erase(db, account.user_id), sleep(10_000)])
    })

    expect(erased).toBe(true)
  })
})
