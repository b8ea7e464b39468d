import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  accounts,
  QueryFailedError,
  QueryRefusedError,
  reports,
  ScopeError,
  transactions,
  UnfitRoleError,
  users,
} from '../../src/index.js'
import { createReadOnlyDb, type ReadOnlyDb } from '../../src/readonly/index.js'
import { createAccount, createUser, newTransaction } from '../people.js'
import { type DoorDatabase, doorDatabase } from './support.js'

let place: DoorDatabase
let [ada, bob]: Array<{ id: string }> = []

beforeAll(async () => {
  place = await doorDatabase()
  const { db } = place.database
  ;[ada, bob] = [await createUser(db), await createUser(db)]
  for (const user of [ada, bob]) {
    const account = await createAccount(db, { user_id: user.id })
    for (let i = 0; i < 3; i++) await transactions.create(db, newTransaction(account))
  }
})
afterAll(() => place[Symbol.asyncDispose]())

const idOf = (user: { id: string } | undefined) => (user as { id: string }).id

describe.each(['on', 'off'] as const)('the door, with the guard %s', (guard) => {
  let door: ReadOnlyDb
  let analyst: ReadOnlyDb
  beforeAll(() => {
    door = place.agent({ guard })
    analyst = place.analyst({ guard })
  })

  test('answers with columns, rows of typed values and their number', async () => {
    const answer = await door
      .asUser(idOf(ada))
      .query(`select 1 as a, 2::bigint as a, amount, date, created_at from transactions limit $1`, { params: [2] })

    expect(answer).toMatchObject({ rowCount: 2, truncated: false, truncatedBy: undefined })
    expect(answer.columns).toEqual([
      { name: 'a', type: 'integer' },
      { name: 'a_2', type: 'bigint' },
      { name: 'amount', type: 'numeric' },
      { name: 'date', type: 'date' },
      { name: 'created_at', type: 'timestamptz' },
    ])
    expect(answer.rows[0]).toMatchObject({ a: 1, a_2: 2, amount: expect.any(String), created_at: expect.any(Date) })
  })

  test('gives each user the rows of that user alone, and an analyst everybody’s', async () => {
    const count = 'select count(*) as n, min(user_id::text) as who from finance.transactions'

    for (const user of [ada, bob]) {
      expect((await door.asUser(idOf(user)).query(count)).rows).toEqual([{ n: 3, who: idOf(user) }])
    }
    expect((await door.asUser(randomUUID()).query(count)).rows).toEqual([{ n: 0, who: null }])
    expect((await analyst.query(count)).rows[0]?.n).toBeGreaterThanOrEqual(6)
  })

  test('says that a user is needed instead of giving nothing', async () => {
    await expect(door.query('select 1')).rejects.toThrow(
      new ScopeError('missing', 'This role sees the rows of one user only: query through asUser(userId).'),
    )
    await expect(accounts.list(door.db, idOf(ada))).rejects.toThrow(ScopeError)
  })

  test('does not pretend to limit a role that the database does not limit', async () => {
    await expect(analyst.asUser(idOf(ada)).query('select 1')).rejects.toMatchObject({
      name: 'ScopeError',
      reason: 'pretence',
    })
  })

  test('refuses what does not read, whatever comes before the word', async () => {
    const mine = door.asUser(idOf(ada))
    const attempts = [
      'commit',
      ';commit',
      '/* select */ commit',
      '/* /* */ select */ set transaction read write',
      '-- select\ncommit',
      `--${'x'.repeat(40_000)}\rcommit`,
      '(((commit',
      'do $$ begin commit; end $$',
      'copy (select 1) to stdout',
      "prepare transaction 'x'",
      'listen x',
      'discard all',
      'explain analyze select 1',
      'explain select 1',
      '--\rexplain\nselect 1',
      'show all',
      'begin',
      'lock table finance.accounts',
      'declare c cursor with hold for select 1',
      "prepare kysely_1 as select 'poison'",
      'alter role current_user set work_mem = 1',
      '',
      '/* select 1',
    ]
    for (const attempt of attempts) {
      await expect(mine.query(attempt), attempt).rejects.toMatchObject({
        name: 'QueryRefusedError',
        hint: expect.any(String),
      })
    }
    await expect(mine.query('select 1; select 2')).rejects.toThrow()
    await expect(mine.query('select 1\0')).rejects.toThrow(QueryRefusedError)
    expect((await mine.query('/* a */ -- b\n (select 1 as one)')).rows).toEqual([{ one: 1 }])
  })

  test('refuses columns that are withheld, and never answers with nothing', async () => {
    const mine = door.asUser(idOf(ada))
    for (const query of [
      'select password_hash from users',
      'select * from users',
      'select u.* from users u',
      'select to_json(u) from users u',
      'select token from cards',
      'select * from finance.scope_keys',
      'select * from auth_sessions',
      'select secret.password_hash from (select * from users) secret',
    ]) {
      await expect(mine.query(query), query).rejects.toThrow(QueryRefusedError)
    }
  })

  test('shows nothing of a value in an error', async () => {
    await place.database.db
      .updateTable('finance.users')
      .set({ first_name: 'Hunter2' })
      .where('id', '=', idOf(ada))
      .execute()
    const mine = door.asUser(idOf(ada))
    const messages: string[] = []
    for (const query of [
      'select first_name::int from users',
      'select first_name::date from users',
      `select to_tsquery(first_name || ' & & !') from users`,
      'select first_name::json from users',
    ]) {
      const error: unknown = await mine.query(query).catch((e: unknown) => e)
      expect(error).toBeInstanceOf(QueryFailedError)
      messages.push(JSON.stringify([String(error), { ...(error as object) }, (error as Error).cause]))
    }
    expect(messages.join().toLowerCase()).not.toContain('hunter')
  })

  test('says what is wrong with the query where that is safe, and where', async () => {
    const mine = door.asUser(idOf(ada))

    await expect(mine.query('select nothing from accounts')).rejects.toMatchObject({
      name: 'QueryFailedError',
      sqlState: '42703',
      position: 8,
      message: 'Column "nothing" does not exist.',
    })
    await expect(mine.query('select 1/0')).rejects.toMatchObject({ sqlState: '22012' })
  })

  test('runs our read functions and typed queries', async () => {
    const mine = door.asUser(idOf(ada))

    expect((await accounts.list(mine.db, idOf(ada))).rows).toHaveLength(1)
    expect((await accounts.list(mine.db, idOf(bob))).rows).toEqual([])
    expect((await transactions.list(mine.db, idOf(ada))).rows).toHaveLength(3)
    expect(await reports.netWorth(mine.db, idOf(ada))).toEqual(await reports.netWorth(place.database.db, idOf(ada)))
    const rows = await mine.db.selectFrom('finance.accounts').select(['id', 'balance', 'created_at']).execute()
    expect(rows).toEqual(
      await place.database.db
        .selectFrom('finance.accounts')
        .select(['id', 'balance', 'created_at'])
        .where('user_id', '=', idOf(ada))
        .execute(),
    )
    expect(await users.get(mine.db, idOf(ada))).toMatchObject({ id: idOf(ada) })
    await expect(mine.db.selectFrom('finance.auth_sessions').select('id').execute()).rejects.toThrow('does not allow')
    await expect(accounts.create(mine.db, { user_id: idOf(ada), account_type: 'checking', name: 'x' })).rejects.toThrow(
      QueryRefusedError,
    )
  })

  test('reads several statements of one moment in a transaction, which cannot write', async () => {
    const other = await createAccount(place.database.db)
    const seen = await analyst.db.transaction().execute(async (trx) => {
      const first = await trx.selectFrom('finance.transactions').select(sql<number>`count(*)`.as('n')).execute()
      await transactions.create(place.database.db, newTransaction(other))
      return [first, await trx.selectFrom('finance.transactions').select(sql<number>`count(*)`.as('n')).execute()]
    })
    expect(seen[0]).toEqual(seen[1])
    await expect(
      analyst.db.transaction().execute((trx) => sql`insert into finance.insights default values`.execute(trx as never)),
    ).rejects.toThrow(QueryRefusedError)
    const writing = analyst.db.transaction().setAccessMode('read write' as never)
    await expect(writing.execute(async () => 'ran')).rejects.toThrow('no transactions that write')
    // What failed or ended is over for the next statement of the same connection, too.
    await analyst.db.connection().execute(async (connection) => {
      const failed = connection.transaction().execute((trx) => sql`select 1 / 0`.execute(trx as never))
      await expect(failed).rejects.toMatchObject({ sqlState: '22012' })
      const started = sql<{ at: string }>`select transaction_timestamp()::text as at`
      const first = await connection.transaction().execute((trx) => started.execute(trx as never))
      const second = await started.execute(connection as never)
      expect(second.rows[0]?.at).not.toBe(first.rows[0]?.at)
    })
    await expect(sql`commit`.execute(analyst.db)).rejects.toThrow('begin with "commit"')
  })

  test('leaves nothing behind: no setting, no lock, no open transaction', async () => {
    const mine = place.agent({ guard: 'off', concurrency: 1 }).asUser(idOf(ada))
    await mine.query(
      `select set_config('search_path', 'public', false), set_config('finance_db.scope', 'x', false), set_config('timezone', 'Asia/Tokyo', false)`,
    )
    await mine.query('select pg_advisory_lock(42), pg_advisory_xact_lock(43)')
    await mine.query('select nextval($1)', { params: ['x'] }).catch(() => {})

    const { rows } = await mine.query(
      `select current_setting('search_path') as path, current_setting('timezone') as zone,
         (select count(*) from pg_locks l join pg_database d on d.oid = l.database
           where l.locktype = 'advisory' and d.datname = current_database()) as locks,
         (select count(*) from pg_stat_activity where usename = current_user and state like 'idle in%') as open,
         (select count(*) from pg_prepared_statements where name <> '') as prepared`,
    )
    expect(rows).toEqual([{ path: 'pg_catalog, "finance", pg_temp', zone: 'UTC', locks: 0, open: 0, prepared: 0 }])
  })

  test('cannot be made to see another user by text in the query', async () => {
    const mine = place.agent({ guard: 'off' }).asUser(idOf(ada))
    const forged = `v1.test.${idOf(bob)}.9999999999.${'0'.repeat(64)}`
    for (const scope of ['', forged, 'v1', 'x.y.z.1.2']) {
      const spoof = `with s as materialized (select set_config('finance_db.scope', '${scope}', true) as was)
        select s.was, t.* from s, finance.transactions t`
      const outcome = await mine.query(spoof).then(
        ({ rows }) => rows.map((row) => row.user_id),
        (error: unknown) => error,
      )
      if (Array.isArray(outcome)) expect(new Set(outcome)).toEqual(new Set([idOf(ada)]))
      else expect(outcome).toBeInstanceOf(ScopeError)
    }
  })
})

describe('the role of the door', () => {
  test('may not be able to write, own, create, bypass, be a member, or read what it should not', async () => {
    const { asOwner, agentRole } = place
    const cases: Array<[string, string, RegExp]> = [
      [
        `grant insert on finance.insights to ${agentRole}`,
        `revoke insert on finance.insights from ${agentRole}`,
        /may insert insights/,
      ],
      [
        `grant update (name) on finance.accounts to ${agentRole}`,
        `revoke update (name) on finance.accounts from ${agentRole}`,
        /may update accounts/,
      ],
      [
        `grant select (password_hash) on finance.users to ${agentRole}`,
        `revoke select (password_hash) on finance.users from ${agentRole}`,
        /password_hash/,
      ],
      [
        `grant pg_read_all_data to ${agentRole}`,
        `revoke pg_read_all_data from ${agentRole}`,
        /member of pg_read_all_data/,
      ],
      [`alter role ${agentRole} bypassrls`, `alter role ${agentRole} nobypassrls`, /bypasses row-level security/],
      [`alter role ${agentRole} createrole`, `alter role ${agentRole} nocreaterole`, /may make roles/],
      [
        `grant create on schema finance to ${agentRole}`,
        `revoke create on schema finance from ${agentRole}`,
        /may create objects/,
      ],
      [
        `create table public.notes (n int); grant select on public.notes to ${agentRole}`,
        'drop table public.notes',
        /notes/,
      ],
      [
        `alter table finance.chat_logs owner to ${agentRole}`,
        'alter table finance.chat_logs owner to current_user',
        /owns something/,
      ],
      [
        `drop policy "${agentRole}" on finance.insights`,
        `create policy "${agentRole}" on finance.insights as restrictive for all to ${agentRole} using (user_id = (select finance.scoped_user())) with check (user_id = (select finance.scoped_user()))`,
        /every row of insights/,
      ],
      ...['true', 'finance.scoped_user() is not null', 'user_id = (select finance.scoped_user()) or is_read'].map(
        (open): [string, string, RegExp] => [
          `alter policy "${agentRole}" on finance.insights using (${open})`,
          `alter policy "${agentRole}" on finance.insights using (user_id = (select finance.scoped_user()))`,
          /every row of insights/,
        ],
      ),
      [
        'alter table finance.insights disable row level security',
        'alter table finance.insights enable row level security',
        /every row of insights/,
      ],
    ]
    for (const [make, undo, problem] of cases) {
      await asOwner(make)
      const error: unknown = await place
        .agent()
        .asUser(idOf(ada))
        .query('select 1')
        .catch((e: unknown) => e)
      await asOwner(undo)
      expect(error, make).toBeInstanceOf(UnfitRoleError)
      expect(String(error)).toMatch(problem)
    }
    expect((await place.agent().asUser(idOf(ada)).query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  test('is refused when it is the owner of everything', async () => {
    await using door = createReadOnlyDb({ connectionString: place.database.url }, {})

    await expect(door.query('select 1')).rejects.toThrow(/superuser/)
  })
})
