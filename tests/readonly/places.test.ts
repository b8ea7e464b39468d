import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  accounts,
  provisionRoles,
  QueryRefusedError,
  ScopeError,
  type ScopeKey,
  UnfitRoleError,
} from '../../src/index.js'
import { createReadOnlyDb, currentLsn } from '../../src/readonly/index.js'
import { pgbouncerBinary, startPgBouncer } from '../migrations/pgbouncer.js'
import { createAccount, createUser } from '../people.js'
import { pgliteDb } from '../support.js'
import { type DoorDatabase, doorDatabase } from './support.js'

describe('on a server', () => {
  let place: DoorDatabase
  let userId: string
  beforeAll(async () => {
    place = await doorDatabase()
    userId = (await createUser(place.database.db)).id
  })
  afterAll(() => place[Symbol.asyncDispose]())

  test.skipIf(pgbouncerBinary === undefined)(
    'through PgBouncer in transaction mode, leaving its connections clean',
    async () => {
      await using pgbouncer = await startPgBouncer(pgbouncerBinary as string, place.agentUrl, 1)
      await using door = createReadOnlyDb(
        {
          connectionString: pgbouncer.through(place.agentUrl),
          scopeKey: place.scopeKey,
          guard: 'off',
          sslMode: 'disable',
          concurrency: 3,
        },
        {},
      )
      const mine = door.asUser(userId)
      const count = 'select count(*) as n, current_setting($1, true) as scope from users'
      await mine.query('select pg_advisory_lock(7)')

      for (let i = 0; i < 5; i++) {
        const answers = await Promise.all([1, 2, 3].map(() => mine.query(count, { params: ['finance_db.none'] })))
        for (const { rows } of answers) expect(rows).toMatchObject([{ n: 1 }])
      }
      const held = await mine.query(`select count(*) as n from pg_locks where locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database())`)
      expect(held.rows).toEqual([{ n: 0 }])
      await expect(mine.query('select pg_sleep(20)', { limits: { timeoutMs: 200 } })).rejects.toMatchObject({
        limit: 'time',
      })
      const stop = new AbortController()
      const aborted = mine.query('select pg_sleep(20)', { signal: stop.signal })
      setTimeout(() => stop.abort(new Error('enough')), 200)
      await expect(aborted).rejects.toThrow('enough')
      expect((await mine.query(count, { params: ['x.y'] })).rows).toMatchObject([{ n: 1 }])
    },
  )

  test('a primary is never behind, and knows where its log stands', async () => {
    const after = await currentLsn(place.database.db)
    expect(after).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/)
    const mine = place.agent({ maxStalenessMs: 0 }).asUser(userId)

    expect((await mine.query('select 1 as one', { after: 'FFFFFFFF/0' })).rows).toEqual([{ one: 1 }])
    await expect(mine.query('select 1', { after: 'x' })).rejects.toThrow('position')
  })

  test('explains a query without running it and without estimates', async () => {
    const sql = 'select name from accounts where user_id = $1'
    const mine = await place
      .agent()
      .asUser(userId)
      .explain(sql, { params: [userId] })
    const { costBelow, plan } = await place.analyst().explain(sql, { params: [userId] })

    // Its cost would tell one user about the rows of others.
    expect(mine).toEqual({ plan: expect.objectContaining({ node: expect.any(String) }) })
    expect(Math.log10(costBelow ?? Number.NaN) % 1).toBe(0)
    for (const one of [mine.plan, plan]) {
      expect(JSON.stringify(one)).toContain('"table":"accounts"')
      expect(JSON.stringify(one)).not.toMatch(/rows|cost/i)
    }
    await expect(place.agent().asUser(userId).explain('select pg_sleep(1)')).rejects.toThrow(QueryRefusedError)
  })

  test('with another schema', async () => {
    await place.asOwner('alter schema finance rename to money')
    try {
      const mine = place.analyst({ schema: 'money' })
      expect((await mine.query('select count(*) as n from money.users')).rows).toEqual([{ n: 1 }])
      expect((await mine.query('select count(*) as n from users')).rows).toEqual([{ n: 1 }])
      expect(await mine.db.selectFrom('finance.users').select('id').execute()).toEqual([{ id: userId }])
      await expect(mine.query('select * from finance.users')).rejects.toThrow(QueryRefusedError)
    } finally {
      await place.asOwner('alter schema money rename to finance')
    }
  })
})

describe('on PGlite', () => {
  test('reads, refuses to write, and keeps secrets closed with the guard', async () => {
    await using local = await pgliteDb()
    const user = await createUser(local.db)
    await createAccount(local.db, { user_id: user.id, name: 'Everyday' })
    await using door = createReadOnlyDb({ pglite: local.pglite }, {})

    expect(await door.query('select name, balance, $1::int as n from accounts', { params: [3] })).toMatchObject({
      columns: [
        { name: 'name', type: 'text' },
        { name: 'balance', type: 'numeric' },
        { name: 'n', type: 'integer' },
      ],
      rows: [{ name: 'Everyday', n: 3 }],
    })
    expect((await accounts.list(door.db, user.id)).rows).toHaveLength(1)
    for (const query of [
      'select password_hash from users',
      'select * from users',
      'select * from auth_sessions',
      'select 1; select 2',
    ]) {
      await expect(door.query(query), query).rejects.toThrow(QueryRefusedError)
    }
    await expect(door.asUser(user.id).query('select 1')).rejects.toThrow(ScopeError)
    await using unguarded = createReadOnlyDb({ pglite: local.pglite, guard: 'off' }, {})
    await expect(unguarded.query('with x as (delete from accounts returning 1) select * from x')).rejects.toThrow(
      QueryRefusedError,
    )
    await expect(unguarded.query('select 1; select 2')).rejects.toThrow()
    expect((await local.db.selectFrom('finance.accounts').select('id').execute()).length).toBe(1)
  })

  test('runs as a provisioned role, and looks at it', async () => {
    await using local = await pgliteDb()
    const scopeKey: ScopeKey = { id: 'k1', secret: randomBytes(32) }
    const roles = { agent: { name: 'one_reader' }, analyst: { name: 'all_reader' } }
    expect(await provisionRoles(local.db, { roles, scopeKeys: [scopeKey] })).toMatchObject({ refused: [] })
    expect(await provisionRoles(local.db, { roles, scopeKeys: [scopeKey] })).toMatchObject({ done: [], refused: [] })
    const [mine, other] = [await createAccount(local.db), await createAccount(local.db)]
    await using agent = createReadOnlyDb({ pglite: local.pglite, role: 'one_reader', scopeKey, guard: 'off' }, {})
    await using analyst = createReadOnlyDb({ pglite: local.pglite, role: 'all_reader', guard: 'off' }, {})

    for (const { user_id, id } of [mine, other]) {
      expect((await agent.asUser(user_id).query('select id from accounts')).rows).toEqual([{ id }])
    }
    expect((await accounts.list(agent.asUser(mine.user_id).db, other.user_id)).rows).toEqual([])
    expect((await analyst.query('select count(*) as n from accounts')).rows).toEqual([{ n: 2 }])
    await expect(agent.query('select id from accounts')).rejects.toMatchObject({ reason: 'missing' })
    await expect(analyst.asUser(mine.user_id).query('select 1')).rejects.toMatchObject({ reason: 'pretence' })
    for (const door of [agent.asUser(mine.user_id), analyst]) {
      await expect(door.query('select password_hash from users')).rejects.toThrow(QueryRefusedError)
    }

    await local.pglite.exec('grant insert on finance.insights to one_reader')
    await expect(agent.asUser(mine.user_id).query('select 1')).rejects.toThrow(/may insert insights/)
    await provisionRoles(local.db, { roles })
    expect((await agent.asUser(mine.user_id).query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await local.pglite.exec('alter policy one_reader on finance.accounts using (true)')
    await expect(agent.asUser(mine.user_id).query('select 1')).rejects.toThrow(UnfitRoleError)
  })
})
