import { once } from 'node:events'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { sql } from 'kysely'
import pg from 'pg'
import pgCopyStreams from 'pg-copy-streams'
import Cursor from 'pg-cursor'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { accounts, transaction, users } from '../../src/index.js'
import { seed } from '../../src/seed/index.js'
import { ensurePGliteImage, openPGliteImage } from '../../src/testing/databases/pglite-image.js'
import { openSandbox, type Sandbox, SandboxError } from '../../src/testing/index.js'
import { Line } from '../../src/testing/sandbox/line.js'
import { Place } from '../../src/testing/sandbox/problems.js'
import { onServer, sources } from './sources.js'

describe.each(sources)('a sandbox on %s', (where, open) => {
  let sandbox: Sandbox
  let pool: pg.Pool

  beforeEach(async ({ task }) => {
    sandbox = await (await open()).open({ name: task.name, stallMs: 300 })
    pool = sandbox.pool
  })
  // Tests that misuse it close it themselves and look at the error.
  afterEach(() => sandbox.close())

  const emails = async () =>
    (await pool.query('select email from finance.users order by email')).rows.map((r) => r.email)
  const add = (on: Pick<pg.ClientBase, 'query'>, email: string) =>
    on.query('insert into finance.users (email) values ($1)', [email])

  describe('for code that speaks to pg', () => {
    test('takes transactions by text, with savepoints', async () => {
      const client = await pool.connect()
      await client.query('BEGIN')
      await add(client, 'a@example.test')
      await client.query('SAVEPOINT one')
      await add(client, 'b@example.test')
      await client.query('ROLLBACK TO SAVEPOINT one')
      await client.query('COMMIT')
      await client.query('start transaction isolation level serializable')
      await add(client, 'c@example.test')
      await client.query('rollback')
      client.release()

      expect(await emails()).toEqual(['a@example.test'])
    })

    test('starts empty, whatever the test before it wrote', async () => {
      expect(await emails()).toEqual([])
    })

    test('takes scripts with transactions in them', async () => {
      const results = (await pool.query(`
        begin; -- not; a commit;
        insert into finance.users (email) values ('a;commit@example.test');
        commit;
        do $$ begin perform 1; end $$;
        begin; delete from finance.users; rollback;
        select 'x;y' as value`)) as unknown as pg.QueryResult[]

      expect(results.map(({ command }) => command)).toEqual([
        ...['BEGIN', 'INSERT', 'COMMIT', 'DO', 'BEGIN', 'DELETE', 'ROLLBACK', 'SELECT'],
      ])
      expect(results.at(-1)?.rows).toEqual([{ value: 'x;y' }])
      expect(await emails()).toEqual(['a;commit@example.test'])
    })

    test('finds the first word behind comments, which nest', async () => {
      const client = await pool.connect()
      await client.query('/* a /* b */ */ -- c\n begin')
      await add(client, 'b@example.test')
      await client.query('/* /* */ */ rollback')
      client.release()

      expect(await emails()).toEqual([])
    })

    test('takes callbacks', async () => {
      const answered = new Promise((resolve) => {
        pool.connect((error, client, release) => {
          client?.query('select $1::int as n', [1], (_, first) => {
            client.query('select 2 as n', (_, second) => {
              release()
              pool.query('select 3 as n', (_, third) => resolve([error, first.rows, second.rows, third.rows]))
            })
          })
        })
      })

      expect(await answered).toEqual([undefined, [{ n: 1 }], [{ n: 2 }], [{ n: 3 }]])
    })

    test('runs what one client was sent in that order, awaited or not', async () => {
      const client = await pool.connect()
      const sent = [client.query('begin'), add(client, 'a@example.test'), client.query('commit')]
      client.release()
      await Promise.all(sent)

      expect(await emails()).toEqual(['a@example.test'])
    })

    test('lets clients be checked out one inside the other', async () => {
      const outer = await pool.connect()
      const inner = await pool.connect()
      await add(inner, 'a@example.test')
      await add(outer, 'b@example.test')
      inner.release()
      outer.release()

      expect(await emails()).toEqual(['a@example.test', 'b@example.test'])
    })

    test('keeps prepared statements of one name apart', async () => {
      const run = (text: string, value: unknown) => pool.query({ name: 'same', text, values: [value] })

      expect((await run('select $1::int as n', 1)).rows).toEqual([{ n: 1 }])
      expect((await run('select $1::text as n', 'x')).rows).toEqual([{ n: 'x' }])
      expect((await run('select $1::int as n', 2)).rows).toEqual([{ n: 2 }])
      await expect(run('select $1::int as n', 'x')).rejects.toMatchObject({ code: '22P02' })
      expect((await run('select $1::int as n', 3)).rows).toEqual([{ n: 3 }])
      // Behind a pooler another client may come upon them.
      expect((await pool.query('select name from pg_prepared_statements')).rows).toEqual([])
    })

    test('reads by cursor and copies in and out', async () => {
      const client = await pool.connect()
      const cursor = client.query(new Cursor('select generate_series(1, 5) as n'))
      expect([await cursor.read(2), await cursor.read(2)]).toEqual([
        [{ n: 1 }, { n: 2 }],
        [{ n: 3 }, { n: 4 }],
      ])
      await cursor.close()
      const into = client.query(pgCopyStreams.from('copy finance.users (email) from stdin'))
      await pipeline(Readable.from(['a@example.test\nb@', 'example.test\n']), into)
      const from = client.query(pgCopyStreams.to('copy (select email from finance.users order by 1) to stdout'))
      const text = (await from.toArray()).join('')
      client.release()

      expect(into.rowCount).toBe(2)
      expect(text).toBe('a@example.test\nb@example.test\n')
    })

    test('goes on after a COPY that was refused', async () => {
      const client = await pool.connect()
      const into = client.query(pgCopyStreams.from('copy finance.users (email) from stdin'))
      const refused = once(into, 'error')
      into.write('same@example.test\nsame@example.test\n')
      into.end()
      expect((await refused)[0]).toMatchObject({ code: '23505' })
      client.release()

      await add(pool, 'a@example.test')
      expect(await emails()).toEqual(['a@example.test'])
    })

    test('answers as a server does outside of a transaction', async () => {
      await expect(pool.query('savepoint x')).rejects.toMatchObject({ code: '25P01' })
      expect((await pool.query('commit')).command).toBe('COMMIT')
      expect((await pool.query('set transaction isolation level serializable')).command).toBe('SET')
      await expect(pool.query('select $1::int', ['x'])).rejects.toBeInstanceOf(pg.DatabaseError)
      await expect(pool.query({ text: 'select $1', values: 'x' as never })).rejects.toThrow(/must be an array/)
      expect((await pool.query('select 1 as n')).rows).toEqual([{ n: 1 }])
    })

    test('takes settings of a transaction back when it commits', async () => {
      const setting = async () => (await pool.query("select current_setting('app.user', true) as v")).rows[0].v
      const client = await pool.connect()
      await client.query('begin')
      await client.query("select set_config('app.user', $1, true)", ['ada'])
      await client.query("set local work_mem = '3MB'")
      expect((await client.query("select current_setting('app.user') as v")).rows).toEqual([{ v: 'ada' }])
      await client.query('commit')
      client.release()

      expect((await setting()) ?? '').toBe('')
      expect((await pool.query('show work_mem')).rows).not.toEqual([{ work_mem: '3MB' }])
    })

    test('can end the pool that it was given, and the test goes on', async () => {
      const other = sandbox.createPool()
      await other.query('select 1')
      await other.end()

      await expect(other.query('select 1')).rejects.toThrow(/after calling end/)
      expect((await pool.query('select 1 as n')).rows).toEqual([{ n: 1 }])
    })
  })

  test('carries our own transactions, nested and retried, and the seeder', async () => {
    const ada = await transaction(
      sandbox.db,
      async (trx) => {
        const ada = await users.create(trx, { email: 'ada@example.test' })
        await transaction(trx, async (inner) => {
          await users.create(inner, { email: 'lost@example.test' })
          throw new Error('undo')
        }).catch(() => undefined)
        await accounts.create(trx, { user_id: ada.id, account_type: 'checking', name: 'A' })
        return ada
      },
      { actor: 'test', isolationLevel: 'serializable' },
    )
    const { transactions } = await seed(sandbox.db, { users: 1, seed: 3, until: '2026-03-31' })

    expect((await accounts.list(sandbox.db, ada.id)).rows).toHaveLength(1)
    expect(transactions).toBeGreaterThan(100)
    expect((await emails()).includes('lost@example.test')).toBe(false)
  }, 60_000)

  test('runs as another role, with its settings, and comes back', async () => {
    await pool.query(`
      create role sandbox_reader;
      create table notes (owner text, text text);
      insert into notes values ('ada', 'a'), ('bob', 'b');
      alter table notes enable row level security;
      create policy own on notes using (owner = current_setting('app.user', true));
      grant select on notes to sandbox_reader`)
    const ada = sandbox.as('sandbox_reader', { 'app.user': 'ada' })
    const bob = sandbox.as('sandbox_reader', { 'app.user': "bob's" })

    expect((await ada.pool.query('select text from notes')).rows).toEqual([{ text: 'a' }])
    expect((await bob.pool.query('select text from notes')).rows).toEqual([])
    await expect(ada.pool.query("insert into notes values ('ada', 'x')")).rejects.toMatchObject({ code: '42501' })
    const inside = await ada
      .kysely()
      .transaction()
      .execute((trx) => sql`select current_user as me`.execute(trx))
    expect(inside.rows).toEqual([{ me: 'sandbox_reader' }])
    expect((await pool.query('select text from notes order by 1')).rows).toHaveLength(2)
  })

  test('sets the role last, which may not be allowed to set the rest', async () => {
    await pool.query('create role sandbox_reader')
    const reader = sandbox.as(undefined, { role: 'sandbox_reader', session_replication_role: 'replica' })

    const { rows } = await reader.pool.query(
      `select current_user as me, current_setting('session_replication_role') as its`,
    )

    expect(rows).toEqual([{ me: 'sandbox_reader', its: 'replica' }])
  })

  test('says that there is no such role, and does not hang', async () => {
    await expect(sandbox.as('sandbox_nobody').pool.query('select 1')).rejects.toMatchObject({ code: '22023' })
  })

  test('leaves no advisory lock to the next one on its connection', async () => {
    await pool.query('select pg_advisory_lock(77)')
    await sandbox.close()

    await using next = await (await open()).open()

    const { rows } = await next.pool.query(`select l.pid from pg_locks l join pg_database d on d.oid = l.database
      where l.locktype = 'advisory' and l.objid = 77 and d.datname = current_database()`)
    expect(rows).toEqual([])
  })

  test('has a clock that moves SQL and JavaScript together', async () => {
    const times = async () => {
      const { rows } = await pool.query(`select now() as a, transaction_timestamp() as b, statement_timestamp() as c,
        clock_timestamp() as d`)
      return [...new Set(Object.values(rows[0]).map((time) => (time as Date).toISOString()))]
    }
    const real = Date.now()
    await sandbox.clock.set('2031-05-06T07:08:09Z')
    const ada = await users.create(sandbox.db, { email: 'ada@example.test' })
    sandbox.clock.advance({ days: 1, hours: 1 })
    const changed = await users.update(sandbox.db, ada.id, { first_name: 'Ada' })
    expect(await times()).toEqual(['2031-05-07T08:08:09.000Z'])
    expect([ada.created_at, changed.updated_at, new Date(), new Date(Date.now())]).toEqual([
      new Date('2031-05-06T07:08:09Z'),
      ...Array<Date>(3).fill(new Date('2031-05-07T08:08:09Z')),
    ])

    await sandbox.clock.reset()

    expect(Math.abs(Date.now() - real)).toBeLessThan(60_000)
    expect(Math.abs(Date.parse((await times())[0] ?? '') - real)).toBeLessThan(60_000)
  })

  describe('reports by the name of the test', () => {
    test('a statement that waits for its own transaction', async () => {
      const waiting = sandbox.db.transaction().execute(async () => void (await emails()))

      await expect(waiting).rejects.toThrow(
        /^a statement that waits .*: «select email from finance\.users.* has waited/,
      )
      await expect(waiting).rejects.toThrow(/begun at .*sandbox\.test\.ts/)
      await expect(sandbox.close()).rejects.toMatchObject({ problems: [{ kind: 'deadlock' }] })
    })

    // PGlite runs in this thread: a statement that has begun is done before anyone can look.
    test.runIf(where === 'PostgreSQL')('one that was not awaited', async () => {
      const forgotten = pool.query('select pg_sleep(0.05)')
      const queued = pool.query('select 1')
      queued.catch(() => undefined)

      await expect(sandbox.close()).rejects.toMatchObject({
        test: 'one that was not awaited',
        problems: [{ kind: 'forgotten-promise' }, { kind: 'forgotten-promise' }],
      })
      await expect(queued).rejects.toThrow(SandboxError)
      await forgotten
    })

    test('a transaction that is never ended', async () => {
      const trx = await sandbox.db.startTransaction().execute()
      await users.create(trx, { email: 'a@example.test' })

      await expect(sandbox.close()).rejects.toThrow(/begun at .*sandbox\.test\.ts.* was never ended/)
    })

    test('a client that is released inside of one, and goes on without it', async () => {
      const client = await pool.connect()
      await client.query('begin')
      await add(client, 'a@example.test')
      client.release()

      expect(await emails()).toEqual([])
      await expect(sandbox.close()).rejects.toMatchObject({ problems: [{ kind: 'leaked-transaction' }] })
    })

    test('a client that is never released', async () => {
      await pool.connect()

      await expect(sandbox.close()).rejects.toMatchObject({ problems: [{ kind: 'leaked-client' }] })
    })

    test('a constraint that would not hold at commit', async () => {
      await pool.query('create table a (id int primary key); create table b (a int references a initially deferred)')
      await pool.query('insert into b values (1)')

      await expect(sandbox.close()).rejects.toMatchObject({
        problems: [{ kind: 'deferred-constraint', cause: { code: '23503' } }],
      })
    })

    test('what ends the transaction that it is rolled back with', async () => {
      const client = await pool.connect()
      await client
        .query(new Cursor('commit'))
        .read(1)
        .catch(() => undefined)
      client.release()

      await expect(sandbox.close()).rejects.toMatchObject({ problems: [{ kind: 'ended-by-sql' }] })
      expect((await open()).dirty).toBe(true)
    })

    test('two-phase commit', async () => {
      await expect(pool.query("begin; prepare transaction 'x'")).rejects.toThrow(/two-phase/)
      await pool.query('select 1').catch(() => undefined)

      await expect(sandbox.close()).rejects.toThrow(SandboxError)
    })
  })
})

describe('a sandbox', () => {
  test('checks deferred constraints at each commit when asked to', async () => {
    await using sandbox = await (await onServer()).open({ deferred: 'commit' })
    await sandbox.pool.query(
      'create table a (id int primary key); create table b (a int references a initially deferred)',
    )
    const run = (text: string) => sandbox.pool.query(`begin; ${text}; commit`)

    await expect(run('insert into b values (1)')).rejects.toMatchObject({ code: '23503' })
    await run('insert into b values (1); insert into a values (1)')

    expect((await sandbox.pool.query('select * from b')).rows).toEqual([{ a: 1 }])
  })

  test('on a PGlite goes by no statement that an earlier one has prepared', async () => {
    const pglite = await openPGliteImage(await ensurePGliteImage({}))
    for (const n of [1, 2]) {
      await using sandbox = await openSandbox({ pglite })
      const { rows } = await sandbox.pool.query({ name: 'same', text: 'select $1::int as n', values: [n] })
      expect(rows).toEqual([{ n }])
    }
    await pglite.close()
  })

  test('refuses and reports a statement after the end', async () => {
    const sandboxes = await onServer()
    const sandbox = await sandboxes.open({ name: 'the test before' })
    await sandbox.close()

    const late = sandbox.pool.query('select 1')

    await expect(late).rejects.toThrow(/^the test before: «select 1» came after the end/)
  })

  test('lets those of concurrent tests see nothing of each other', async () => {
    const sandboxes = await onServer()
    await using one = await sandboxes.open()
    await using two = await sandboxes.open()
    await users.create(one.db, { email: 'one@example.test' })

    expect((await users.list(two.db)).rows).toEqual([])
  })
})

test('a turn that is ended twice ends no other', async () => {
  const line = new Line(60_000, () => new Error('stalled'))
  const first = await line.take('first', new Place('first'))
  const [second, third] = ['second', 'third'].map((what) => line.take(what, new Place(what)))

  first.done()
  first.done()

  expect(await second).toBe(line.holder)
  expect(line.waiting).toMatchObject([{ what: 'third' }])

  line.holder?.done()
  expect(await third).toBe(line.holder)
})
