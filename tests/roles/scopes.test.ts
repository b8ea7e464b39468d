import { createHmac } from 'node:crypto'
import { sql } from 'kysely'
import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import {
  accounts,
  createFinanceDb,
  type Db,
  decisionTraces,
  InvalidInputError,
  inspectRole,
  p2pTransfers,
  parseScopeKey,
  provisionRoles,
  recommendations,
  ScopeError,
  scoped,
  signScope,
  transaction,
  transactions,
  transfers,
  users,
} from '../../src/index.js'
import { createReadOnlyDb } from '../../src/readonly/index.js'
import { createAccount, createTransaction, createUser, newTransaction } from '../people.js'
import { as_of, debtor, judge } from '../recommendations/people.js'
import { execute } from '../server.js'
import { dropRoles, newKey, outcome, password, provisionedDatabase, urlAs } from './support.js'

const soon = () => new Date(Date.now() + 60_000)

/** As the door asks: the scope and one statement in a transaction that is rolled back. */
async function ask(client: pg.Client, scope: string | undefined, text: string) {
  await client.query('begin read only')
  try {
    if (scope !== undefined) await client.query(`select set_config('finance_db.scope', $1, true)`, [scope])
    return (await client.query({ text, rowMode: 'array' })).rows
  } finally {
    await client.query('rollback')
  }
}

describe('a scope', () => {
  const key = newKey('k-1_A')
  const id = '0198c0de-0000-7000-8000-00000000ABCD'

  test('is what any HMAC of the same text gives', () => {
    const scope = signScope(key, 'agent', id, new Date(1_800_000_000_999))
    const signed = `v1.k-1_A.agent.${id.toLowerCase()}.1800000000`
    expect(scope).toBe(`${signed}.${createHmac('sha256', key.secret).update(signed).digest('hex')}`)
  })

  test('has a key that is read from text, and an error that does not show it', () => {
    const base64 = Buffer.from(key.secret).toString('base64')
    expect(parseScopeKey(`k-1_A:${base64}\n`)).toEqual({ id: 'k-1_A', secret: Buffer.from(key.secret) })
    for (const wrong of [base64, `k:${base64.slice(4)}`, `k k:${base64}`, '']) {
      expect(() => parseScopeKey(wrong)).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG' }))
      expect(() => parseScopeKey(wrong)).not.toThrow(base64.slice(4, 20))
    }
    expect(() => signScope({ id: 'k', secret: new Uint8Array(31) }, 'agent', id, soon())).toThrow(/32 bytes/)
    expect(() => signScope(key, 'agent', 'me', soon())).toThrow(/user/i)
  })
})

describe('an agent', () => {
  test('reads the rows of the one in its scope, and without a good scope nothing', { timeout: 120_000 }, async () => {
    await using database = await provisionedDatabase()
    const { owner, key } = database
    const [mine, other] = [await createAccount(owner), await createAccount(owner, { opening_balance: '99' })]
    await createTransaction(owner, mine)
    await createTransaction(owner, other)
    const toMe = { from_account_id: other.id, recipient_id: mine.user_id, amount: '1', idempotency_key: 'a' }
    const sent = await p2pTransfers.send(owner, { user_id: other.user_id, ...toMe })
    const third = await createAccount(owner)
    await p2pTransfers.send(owner, {
      user_id: other.user_id,
      ...toMe,
      recipient_id: third.user_id,
      idempotency_key: 'b',
    })
    const agent = await database.client('agent')
    const scope = signScope(key, 'agent', mine.user_id, soon())
    const scopeOfOther = signScope(key, 'agent', other.user_id, soon())

    expect(await ask(agent, scope, 'select id from finance.accounts')).toEqual([[mine.id]])
    expect(await ask(agent, scope, 'select user_id from finance.transactions')).toEqual([[mine.user_id]])
    expect(await ask(agent, scope, 'select id, email from finance.users')).toHaveLength(1)
    expect(await ask(agent, scope, 'select recipient_id from finance.p2p_transfers')).toEqual([[mine.user_id]])
    // names of tables without their schema, and of functions that are not hidden by ours
    expect(await ask(agent, scope, 'select count(*)::int from accounts')).toEqual([[1]])

    const tampered = [
      [undefined, 'scope_missing'],
      ['', 'scope_missing'],
      ['v1', 'scope_invalid'],
      [scope.replace(mine.user_id, other.user_id), 'scope_invalid'],
      [scope.replace(/[.](\d+)[.]/, '.9999999999.'), 'scope_invalid'],
      [scope.replace('v1.k1', 'v1.k2'), 'scope_invalid'],
      [`${scope} `, 'scope_invalid'],
      [`${scope}\n`, 'scope_invalid'],
      [scope.toUpperCase(), 'scope_invalid'],
      [`${scope.slice(0, -1)}g`, 'scope_invalid'],
      [signScope(newKey(key.id), 'agent', other.user_id, soon()), 'scope_invalid'],
      [signScope(newKey('k9'), 'agent', other.user_id, soon()), 'scope_invalid'],
      [signScope(key, 'agent', mine.user_id, new Date(Date.now() - 1000)), 'scope_expired'],
      [signScope(key, 'member', mine.user_id, soon()), 'scope_invalid'],
      [scope.replace('.agent.', '.member.'), 'scope_invalid'],
    ] as const
    for (const [token, constraint] of tampered) {
      for (const text of ['select id from finance.accounts', 'select count(*) from finance.users']) {
        await expect(ask(agent, token, text), constraint).rejects.toMatchObject({ code: '42501', constraint })
      }
    }

    // Set in the very statement: to what is not signed it fails, or what was seen is what the scope said before.
    const hijack = (value: string, rest: string) =>
      `with s as materialized (select set_config('finance_db.scope', '${value}', true)) select a.user_id from s, finance.accounts a${rest}`
    for (const value of ['', other.user_id, scope.replace(mine.user_id, other.user_id)]) {
      for (const rest of ['', ' where s.set_config is not null', ' order by 1 desc']) {
        const seen = await ask(agent, scope, hijack(value, rest)).catch((error: pg.DatabaseError) => error.code)
        expect(
          seen === '42501' || JSON.stringify(seen) === JSON.stringify([[mine.user_id]]),
          `${value}${rest}: ${seen}`,
        ).toBe(true)
      }
    }
    await expect(ask(agent, undefined, hijack('', ''))).rejects.toMatchObject({ code: '42501' })

    // What runs as the owner decides for no agent and no analyst, even where a right to call it was given.
    await execute(
      database.url,
      `grant execute on function finance.end_p2p to ${database.names.agent}, ${database.names.analyst}`,
    )
    const ending = `select * from finance.end_p2p('${other.user_id}', null, '${sent.id}', 'cancelled')`
    expect(await ask(agent, scopeOfOther, ending)).toEqual([])
    expect(await ask(await database.client('analyst'), undefined, ending)).toEqual([])

    // It ends while a transaction is open, too, and in the midst of a statement that goes on asking.
    const end = Math.floor(Date.now() / 1000) + 1
    await agent.query('begin read only')
    const brief = signScope(key, 'agent', mine.user_id, new Date(end * 1000))
    await agent.query(`select set_config('finance_db.scope', $1, true)`, [brief])
    const sleep = `pg_sleep(${end + 0.05} - extract(epoch from clock_timestamp()))`
    await expect(
      agent.query(`do $$ begin perform ${sleep}; perform id from finance.accounts; end $$`),
    ).rejects.toMatchObject({ constraint: 'scope_expired' })
    await agent.query('rollback')
    await expect(ask(agent, brief, 'select id from finance.accounts')).rejects.toMatchObject({
      constraint: 'scope_expired',
    })

    // The scope ends with the transaction.
    await ask(agent, scopeOfOther, 'select 1')
    await expect(ask(agent, undefined, 'select id from finance.accounts')).rejects.toMatchObject({
      constraint: 'scope_missing',
    })
  })

  test('reads no secret, writes nothing and makes nothing', { timeout: 120_000 }, async () => {
    await using database = await provisionedDatabase()
    const mine = await createAccount(database.owner)
    const agent = await database.client('agent')
    const scope = signScope(database.key, 'agent', mine.user_id, soon())
    await agent.query('set default_transaction_read_only = off')
    await agent.query(`select set_config('finance_db.scope', $1, false)`, [scope])

    for (const text of [
      'select password_hash from finance.users',
      'select * from finance.users',
      'select u from finance.users u',
      'select token from finance.cards',
      'select token_fingerprint from finance.cards',
      'select count(*) from finance.cards where token is not null',
      'select refresh_token_hash from finance.auth_sessions',
      'select id from finance.auth_sessions',
      'select 1 from finance.auth_attempts',
      'select changes from finance.audit_log',
      'select hash from finance.audit_seals',
      'select inner_key from finance.scope_keys',
      'select name from finance.database_roles',
      'select name from finance.migrations',
      'select inputs from finance.signal_states',
      'select rolpassword from pg_authid',
      'insert into finance.insights (user_id, title, message, type) select user_id, name, name, name from finance.accounts',
      'update finance.accounts set name = name',
      'delete from finance.accounts',
      'truncate finance.accounts',
      'select id from finance.accounts for update',
      'select nextval(pg_get_serial_sequence($$finance.audit_log$$, $$id$$))',
      'create temporary table t (a int)',
      'create table finance.t (a int)',
      'create table public.t (a int)',
      'create schema s',
      'create function pg_temp.f() returns int language sql return 1',
      `select finance.erase_audit('${mine.user_id}', 'x')`,
      `select * from finance.end_p2p('${mine.user_id}', null, '${mine.id}', 'cancelled')`,
      'select finance.apply_roles()',
      'select * from finance.role_changes()',
      `select finance.write_audit('${mine.user_id}', 'users', '${mine.user_id}', 'update', '{}')`,
      'set role postgres',
      'alter table finance.accounts disable row level security',
      'drop policy everyone on finance.accounts',
    ]) {
      expect(await outcome(agent, text), text).toBe('42501')
    }
    expect(await outcome(agent, 'select * from finance.accounts')).toBe('ok')

    const analyst = await database.client('analyst')
    await createAccount(database.owner)
    expect(await ask(analyst, undefined, 'select count(*)::int from finance.accounts')).toEqual([[2]])
    expect(await outcome(analyst, 'select password_hash from finance.users')).toBe('42501')
    expect(await outcome(analyst, 'select changes from finance.audit_log')).toBe('42501')
  })

  test('is told no word of others by the estimates of EXPLAIN, which ask for no scope', {
    timeout: 120_000,
  }, async () => {
    await using database = await provisionedDatabase()
    const account = await createAccount(database.owner)
    for (const description of ['anna', 'zoe', 'zoe']) await createTransaction(database.owner, account, { description })
    await execute(database.url, 'analyze')
    const agent = await database.client('agent')
    const estimate = async (table: string, condition: string) => {
      // As the condition of an outer join it is estimated apart from the policy, and times a hundred million.
      const { rows } = await agent.query(`explain (format json)
        select 1 from finance.${table} t left join generate_series(1, 100000000) on ${condition}`)
      return rows[0]['QUERY PLAN'][0].Plan['Plan Rows']
    }

    for (const [table, text] of [
      ['transactions', 'description'],
      ['transactions', 'merchant'],
      ['accounts', 'name'],
      ['users', 'email'],
      ['users', 'lower(email)'],
      ['users', `lower(replace(email, 'I', 'i'))`],
    ] as const) {
      const low = await estimate(table, `${text} < 'a'`)
      expect(await estimate(table, `${text} < 'zz'`), `${table}.${text}`).toBe(low)
    }
    expect(await estimate('transactions', `status < 'a'`)).not.toBe(await estimate('transactions', `status < 'zz'`))
  })

  test('is read from by our repositories, through the door alone', { timeout: 120_000 }, async () => {
    await using database = await provisionedDatabase()
    const { owner, key } = database
    const mine = await createAccount(owner)
    await createTransaction(owner, mine)
    await using door = createReadOnlyDb({ connectionString: database.urlOf('agent'), scopeKey: key }, {})
    const { db } = door.asUser(mine.user_id)
    expect([
      (await users.get(db, mine.user_id)).id,
      (await accounts.list(db, mine.user_id)).rows.length,
      (await transactions.list(db, mine.user_id)).rows.length,
    ]).toEqual([mine.user_id, 1, 1])
    await expect(scoped(database.as('agent'), mine.user_id, async () => {}, { key })).rejects.toMatchObject({
      name: 'ScopeError',
      reason: 'role',
    })
  })

  test('walks the indexes of the tables by the user of its scope', { timeout: 120_000 }, async () => {
    await using database = await provisionedDatabase()
    const { owner, key } = database
    const mine = await createAccount(owner)
    const people = await Promise.all(Array.from({ length: 30 }, () => createAccount(owner)))
    for (const account of [mine, ...people]) {
      await transactions.createMany(
        owner,
        Array.from({ length: 100 }, () => newTransaction(account)),
      )
    }
    await execute(database.url, 'analyze finance.transactions')

    const agent = await database.client('agent')
    const scope = signScope(key, 'agent', mine.user_id, soon())
    const plan = async (query: string) =>
      JSON.stringify(await ask(agent, scope, `explain (format json, costs off) ${query}`))
    const listed = await plan('select id from finance.transactions order by date desc, id desc limit 20')
    expect(listed).toContain('transactions_date_id_idx')
    // PostgreSQL 15 to 17 write an InitPlan as $0
    expect(listed).toMatch(/"Index Cond":"\(user_id = (\(InitPlan 1\)\.col1|\$0)\)"/)
    expect(listed).not.toContain('Seq Scan')
    const ofAccount = await plan(
      `select id from finance.transactions where account_id = '${mine.id}' and merchant ilike '%shop%' order by date desc, id desc limit 5`,
    )
    expect(ofAccount).toMatch(/"Index Cond":"\(\(user_id = [^"]*\) AND \(account_id = [^"]*\)\)"/)
    expect(ofAccount).toContain('transactions_account_id_date_id_idx')
  })
})

describe('keys', () => {
  test('change one after another', { timeout: 120_000 }, async () => {
    await using database = await provisionedDatabase()
    const mine = await createAccount(database.owner)
    const agent = await database.client('agent')
    const [old, next] = [database.key, newKey('k2')]
    const works = (key: typeof old) =>
      ask(agent, signScope(key, 'agent', mine.user_id, soon()), 'select id from finance.accounts').then(
        () => true,
        (error: pg.DatabaseError) => error.constraint,
      )

    await provisionRoles(database.owner, database.options({ scopeKeys: [next, old] }))
    expect([await works(old), await works(next)]).toEqual([true, true])
    const { done } = await provisionRoles(database.owner, database.options({ scopeKeys: [next] }))
    expect(done.map(({ what }) => what)).toEqual(['scopes signed with the key k1 do not hold'])
    expect([await works(old), await works(next)]).toEqual(['scope_invalid', true])
    expect(JSON.stringify(done)).not.toContain(Buffer.from(next.secret).toString('hex'))
  })
})

describe('scoped', () => {
  test('lets a member do all with its own rows and nothing with those of others', { timeout: 120_000 }, async () => {
    await using database = await provisionedDatabase()
    const { owner, key } = database
    const me = await createUser(owner)
    const other = await createAccount(owner, { opening_balance: '50' })
    const member = database.as('member')
    const asMe = <T>(fn: Parameters<typeof scoped<T>>[2]) => scoped<T>(member, me.id, fn, { key })

    const [checking, savings] = await asMe(
      async (trx) =>
        [
          await accounts.create(trx, { user_id: me.id, account_type: 'checking', name: 'A', opening_balance: '100' }),
          await accounts.create(trx, { user_id: me.id, account_type: 'savings', name: 'B' }),
        ] as const,
    )
    await asMe(async (trx) => {
      await transactions.post(trx, { ...newTransaction(checking), amount: '-10' })
      const held = await transactions.hold(trx, { ...newTransaction(checking), amount: '-20' })
      await transactions.settle(trx, me.id, held.id)
      await transfers.create(trx, {
        user_id: me.id,
        from_account_id: checking.id,
        to_account_id: savings.id,
        amount: '5',
        idempotency_key: 'x',
      })
      await users.update(trx, me.id, { first_name: 'Ada' })
      await transactions.import(trx, [
        { user_id: me.id, account_id: savings.id, date: '2026-01-01', merchant: 'x', amount: '1' },
      ])
    })
    expect((await accounts.get(owner, me.id, checking.id)).balance).toBe('65.0000')
    expect((await accounts.get(owner, me.id, savings.id)).balance).toBe('6.0000')

    // from another: taken, declined
    const send = { user_id: other.user_id, from_account_id: other.id, recipient_id: me.id, amount: '7' }
    const [a, b] = [
      await p2pTransfers.send(owner, { ...send, idempotency_key: 'a' }),
      await p2pTransfers.send(owner, { ...send, idempotency_key: 'b' }),
    ]
    await asMe((trx) => p2pTransfers.accept(trx, me.id, a.id, { to_account_id: savings.id }))
    await asMe((trx) => p2pTransfers.decline(trx, me.id, b.id))
    expect(await accounts.get(owner, other.user_id, other.id)).toMatchObject({ balance: '43.0000', held: '0.0000' })

    const refused = async (fn: Parameters<typeof scoped>[2]) => {
      const error = await asMe(fn as never).catch((e: unknown) => e)
      expect(error).toBeInstanceOf(Error)
      return (error as { code: string }).code
    }
    const c = await p2pTransfers.send(owner, {
      ...send,
      recipient_id: (await createUser(owner)).id,
      idempotency_key: 'c',
    })
    expect(await refused((trx) => accounts.get(trx, other.user_id, other.id))).toBe('NOT_FOUND')
    expect(await refused((trx) => transactions.create(trx, newTransaction(other)))).toMatch(
      /PERMISSION_DENIED|MISSING_REFERENCE/,
    )
    expect(await refused((trx) => p2pTransfers.cancel(trx, other.user_id, c.id))).toBe('NOT_FOUND')
    expect(await refused((trx) => users.update(trx, me.id, { role: 'admin' }))).toBe('PERMISSION_DENIED')
    expect(await refused((trx) => users.remove(trx, me.id))).toBe('PERMISSION_DENIED')
    // nor by calling what runs as the owner, whoever is named
    await asMe(async (trx) => {
      for (const call of [
        sql`finance.accept_p2p(${c.recipient_id}, ${c.id}, ${checking.id}, null, null, null)`,
        sql`finance.end_p2p(${other.user_id}, null, ${c.id}, 'cancelled')`,
        sql`finance.end_p2p(${other.user_id}, ${me.id}, ${c.id}, 'cancelled')`,
        sql`finance.end_p2p(null, ${c.recipient_id}, ${c.id}, 'declined')`,
      ]) {
        expect((await sql`select * from ${call}`.execute(trx)).rows).toEqual([])
      }
    })
    expect(await p2pTransfers.get(owner, other.user_id, c.id)).toMatchObject({ status: 'pending' })
    await execute(database.url, `grant execute on function finance.may_act_for to ${database.names.member}`)
    const mayAct = (id: string | null) =>
      asMe(
        async (trx) =>
          (await sql<{ may: boolean }>`select finance.may_act_for(${id}) as may`.execute(trx)).rows[0]?.may,
      )
    expect([await mayAct(me.id), await mayAct(other.user_id), await mayAct(null)]).toEqual([true, false, false])
    // a scope that the statements set themselves is no use either, nor is one of an agent
    const client = await database.client('member')
    const ofAgent = signScope(key, 'agent', me.id, soon())
    expect(await outcome(client, 'select finance.set_scope($1)', [ofAgent])).toBe('42501')
    await expect(ask(client, ofAgent, 'select id from finance.accounts')).rejects.toMatchObject({
      constraint: 'scope_invalid',
    })
    const ofMember = signScope(key, 'member', me.id, soon())
    expect(await outcome(client, 'select finance.set_scope($1)', [ofMember])).toBe('ok')
    expect(await ask(client, ofMember, 'select id from finance.users')).toEqual([[me.id]])
    expect(
      await outcome(client, `select finance.set_scope($1)`, [
        signScope(newKey(key.id), 'member', other.user_id, soon()),
      ]),
    ).toBe('42501')
    expect(
      await outcome(
        client,
        `insert into finance.accounts (user_id, account_type, name) values ('${me.id}', 'checking', 'x')`,
      ),
    ).toBe('42501')
  })

  test('holds for a login that inherits the rights of a member', { timeout: 120_000 }, async () => {
    await using database = await provisionedDatabase()
    const { owner, names } = database
    const [from, to] = [await createAccount(owner, { opening_balance: '50' }), await createAccount(owner)]
    const pair = { user_id: from.user_id, from_account_id: from.id, recipient_id: to.user_id, amount: '5' }
    const { id } = await p2pTransfers.send(owner, { ...pair, idempotency_key: 'x' })
    const answers = [
      (db: Db) => p2pTransfers.decline(db, to.user_id, id),
      (db: Db) => p2pTransfers.cancel(db, from.user_id, id),
      (db: Db) => p2pTransfers.accept(db, to.user_id, id, { to_account_id: to.id }),
    ]
    const login = async (group: string) => {
      await execute(database.url, `create role ${group}_login login password '${password}' in role ${group}`)
      return createFinanceDb({ connectionString: urlAs(database.url, `${group}_login`), poolSize: 1 }, {})
    }
    const [member, app] = [await login(names.member), await login(names.app)]
    try {
      for (const answer of answers) {
        await expect(answer(member)).rejects.toMatchObject({ code: 'SCOPE_REFUSED', reason: 'missing' })
      }
      expect(await p2pTransfers.get(owner, from.user_id, id)).toMatchObject({ status: 'pending' })
      expect(await answers.at(-1)?.(app)).toMatchObject({ status: 'accepted' })
    } finally {
      await Promise.all([member.destroy(), app.destroy()])
      await dropRoles([`${names.member}_login`, `${names.app}_login`])
    }
  })

  test('has no word of the other about what a member has sent', { timeout: 120_000 }, async () => {
    await using database = await provisionedDatabase()
    const { owner, key } = database
    const [from, to] = [await createAccount(owner), await createAccount(owner)]
    const send = (status: string, more: string) =>
      scoped(
        database.as('member'),
        from.user_id,
        (trx) =>
          sql`insert into finance.p2p_transfers
            (user_id, from_account_id, recipient_id, amount, currency, memo, idempotency_key, status, to_account_id, to_amount, to_currency)
            select ${from.user_id}::uuid, ${from.id}::uuid, ${to.user_id}::uuid, 5000, 'USD', '', 'k', ${status}, ${sql.raw(more)}`.execute(
            trx,
          ),
        { key },
      )

    await expect(send('accepted', `'${to.id}', 5000, 'USD'`)).rejects.toThrow(/row-level security/)
    await expect(send('declined', 'null, null, null')).rejects.toThrow(/row-level security/)
    await send('pending', 'null, null, null')
  })

  test('has recommendations made, and does not rewrite why', { timeout: 120_000 }, async () => {
    await using database = await provisionedDatabase()
    const [me, other] = [await debtor(database.owner), await debtor(database.owner)]
    const asMe = <T>(fn: Parameters<typeof scoped<T>>[2]) =>
      scoped(database.as('member'), me, fn, { key: database.key })

    await asMe(judge)
    expect(await asMe((trx) => recommendations.generate(trx, { as_of }))).toMatchObject({ considered: 1, reached: 1 })
    const [trace] = (await asMe((trx) => decisionTraces.list(trx, me))).rows
    expect(trace?.user_id).toBe(me)
    expect(
      await database.owner.selectFrom('finance.computed_features').select('id').where('user_id', '=', other).execute(),
    ).toEqual([])

    const ofTraces = sql.table('finance.decision_traces')
    for (const change of [sql`update ${ofTraces} set trace_data = '{}'`, sql`delete from ${ofTraces}`]) {
      await expect(asMe((trx) => change.execute(trx))).rejects.toThrow(/permission denied/)
    }
  })

  test('refuses a role that the database does not limit', { timeout: 120_000 }, async () => {
    await using database = await provisionedDatabase()
    const me = await createUser(database.owner)
    const run = (db: Parameters<typeof scoped>[0], key = database.key) =>
      scoped(db, me.id, async () => 'ran', { key }).catch((error: unknown) => error)
    for (const db of [database.owner, database.as('app'), database.as('analyst')]) {
      expect(await run(db as never)).toMatchObject({ code: 'SCOPE_REFUSED', reason: 'role' })
    }
    expect(await run(database.as('member') as never)).toBe('ran')
    expect(await run(database.as('member') as never, newKey())).toMatchObject({ reason: 'invalid' })
    expect(await run(database.as('member') as never, newKey())).toBeInstanceOf(ScopeError)
    const late = await scoped(database.as('member'), me.id, (trx) => users.get(trx, me.id), {
      key: database.key,
      ttlMs: -1000,
    }).catch((e) => e)
    expect(late).toMatchObject({ code: 'SCOPE_REFUSED', reason: 'expired' })
    expect(await users.get(database.as('member'), me.id).catch((e) => e)).toMatchObject({ reason: 'missing' })

    const { member, agent, app } = database.names
    const openings = [
      `alter table finance.cards disable row level security`,
      `alter role ${member} bypassrls`,
      `alter role ${member} superuser`,
      `drop policy ${member} on finance.cards; create policy ${member} on finance.cards to ${member} using (true)`,
      `drop policy ${member} on finance.cards`,
      `drop policy ${member} on finance.cards; create policy ${member} on finance.cards as restrictive to ${agent} using (true)`,
    ]
    for (const opening of openings) {
      await execute(database.url, opening)
      expect(await run(database.as('member') as never), opening).toMatchObject({ reason: 'role' })
      await provisionRoles(database.owner, database.options())
      expect(await run(database.as('member') as never), opening).toBe('ran')
    }
    // Who was let near it by mistake is told the same.
    await execute(database.url, `grant execute on function finance.set_scope to ${agent}, ${app}`)
    for (const kind of ['agent', 'app'] as const) {
      expect(await run(database.as(kind) as never), kind).toMatchObject({ reason: 'role' })
    }
  })

  test('tells a wrong user before it takes a connection', async () => {
    const away = createFinanceDb({ connectionString: 'postgresql://ada@127.0.0.1:1/money' }, {})

    await expect(scoped(away, 'ada', async () => 'ran', { key: newKey() })).rejects.toThrow(InvalidInputError)
    await away.destroy()
  })

  test('nested, gives the outer scope back', { timeout: 120_000 }, async () => {
    await using database = await provisionedDatabase()
    const [a, b] = [await createUser(database.owner), await createUser(database.owner)]
    const member = database.as('member')
    const { key } = database
    const seen = await scoped(
      member,
      a.id,
      async (trx) => {
        const inner = await scoped(trx, b.id, async (t) => (await users.get(t, b.id)).id, { key })
        const failed = await scoped(trx, b.id, () => Promise.reject(new Error('stop')), { key }).catch(
          (e: Error) => e.message,
        )
        return [inner, failed, (await users.get(trx, a.id)).id]
      },
      { key },
    )
    expect(seen).toEqual([b.id, 'stop', a.id])
    const after = transaction(member, async (trx) => {
      await scoped(trx, a.id, async () => undefined, { key })
      return users.get(trx, a.id)
    })
    await expect(after).rejects.toMatchObject({ reason: 'missing' })
  })
})

test('inspectRole finds agents and analysts fit, however the session prints names', { timeout: 120_000 }, async () => {
  await using database = await provisionedDatabase()
  for (const kind of ['agent', 'analyst'] as const) {
    const client = await database.client(kind)
    for (const quoted of ['off', 'on']) {
      await client.query(`set quote_all_identifiers = ${quoted}`)
      const report = await inspectRole((text, values) => client.query(text, values), 'finance', { kind })
      expect(report).toMatchObject({ role: database.names[kind], fit: true })
      expect(report.findings.map(({ code }) => code)).toEqual(['builtin'])
    }
  }
})
