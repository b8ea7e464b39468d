import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Kysely, type RawBuilder, sql } from 'kysely'
import { describe, expect } from 'vitest'
import { checkInvariants } from '../../src/cli/invariants.js'
import { createFinanceDb } from '../../src/database.js'
import { ConflictError, InvalidInputError, UnsupportedError } from '../../src/errors.js'
import { migrate } from '../../src/migrations/migrate.js'
import * as users from '../../src/repositories/users.js'
import type { Database } from '../../src/schema/database.js'
import { copyLine } from '../../src/seed/batch.js'
import { generate } from '../../src/seed/generate.js'
import { seed } from '../../src/seed/index.js'
import { createPlan } from '../../src/seed/options.js'
import { rowsOf } from '../../src/seed/tables.js'
import { freshDatabase, pgliteDb, test } from '../support.js'
import { allLabels, contentHash, countUsers } from './support.js'

const until = '2025-12-31'

describe('seed', () => {
  test('gives the same rows, ids included, to PostgreSQL and to PGlite, whatever the time zone', {
    timeout: 120_000,
  }, async () => {
    await using server = await freshDatabase()
    await using embedded = await pgliteDb()
    const zone = process.env.TZ

    await seed(server.db, { users: 6, until, days: 250 })
    process.env.TZ = 'Pacific/Auckland'
    await seed(embedded.db, { users: 6, until, days: 250 })
    if (zone === undefined) delete process.env.TZ
    else process.env.TZ = zone

    expect(await contentHash(embedded.db)).toBe(await contentHash(server.db))
  })

  test('makes what it made when this was written', async () => {
    const plan = createPlan({ users: 5, until })
    const made = createHash('sha256')
    let movements = 0
    for (let place = 1; place <= plan.users; place++) {
      for (const [table, fields] of rowsOf(plan, generate(plan, place))) {
        if (table === 'transactions') movements++
        made.update(`${table}\t${copyLine(fields)}`)
      }
    }
    const told = createHash('sha256').update(JSON.stringify(await allLabels({ users: 5, until })))

    // A change here is a change of everybody's sample data: a new generator, whose number goes up once this one is released.
    expect(movements).toBe(6090)
    expect(made.digest('hex').slice(0, 16)).toBe('c14f011383492179')
    expect(told.digest('hex').slice(0, 16)).toBe('ff4e16f9495a9f0b')
  })

  test('adds up: no invariant of the database is broken', async ({ db }) => {
    await seed(db, { users: 30, until, days: 400 })

    const invariants = await checkInvariants(db, 'finance', () => undefined)

    expect(invariants.filter(({ broken }) => broken > 0)).toEqual([])
  })

  test('does nothing the second time, and adds people when asked for more', { timeout: 120_000 }, async () => {
    await using steps = await freshDatabase()
    await using once = await freshDatabase()
    const first = await seed(steps.db, { users: 2, until, days: 120 })
    const before = await contentHash(steps.db)

    const again = await seed(steps.db, { users: 2, until, days: 120 })
    expect(again).toEqual({ userIds: first.userIds, created: 0, accounts: 0, transactions: 0 })
    expect(await contentHash(steps.db)).toBe(before)

    // In the middle of a circle of people who send each other money.
    const more = await seed(steps.db, { users: 7, until, days: 120 })
    expect(more.created).toBe(5)
    expect(more.userIds.slice(0, 2)).toEqual(first.userIds)
    await seed(once.db, { users: 7, until, days: 120 })
    expect(await contentHash(steps.db)).toBe(await contentHash(once.db))
  })

  test('ends with the same rows when it is killed in the middle and run again', { timeout: 120_000 }, async () => {
    await using undisturbed = await freshDatabase()
    await using killed = await freshDatabase()
    const options = { users: 12, until, days: 365, batchRows: 1 }

    const child = spawnSeed(killed.url, options)
    await progress(child, 3)
    await killed.db.transaction().execute(async (trx) => {
      // Holds the seed up between a person's accounts and the movements on them.
      await sql`lock table ${sql.table('finance.transactions')} in share mode`.execute(trx)
      await eventually(killed.db, sql`wait_event_type = 'Lock'`, (waiting) => waiting === 1)
      child.kill('SIGKILL')
      await once(child, 'exit')
    })
    await eventually(killed.db, sql`application_name = 'seeding-process'`, (left) => left === 0)

    const left = await countUsers(killed.db)
    expect(left).toBeGreaterThanOrEqual(3)
    expect(left).toBeLessThan(12)
    await seed(undisturbed.db, { ...options, users: left })
    expect(await contentHash(killed.db)).toBe(await contentHash(undisturbed.db))

    await seed(killed.db, options)
    await seed(undisturbed.db, options)
    expect(await contentHash(killed.db)).toBe(await contentHash(undisturbed.db))
  })

  test('stops at a signal with people who are whole, and goes on', { timeout: 120_000 }, async () => {
    await using stopped = await freshDatabase()
    await using undisturbed = await freshDatabase()
    const options = { users: 9, until, days: 100, batchRows: 1 }
    const controller = new AbortController()
    const onProgress = ({ users }: { users: number }) => users === 4 && controller.abort(new Error('enough'))

    await expect(seed(stopped.db, { ...options, signal: controller.signal, onProgress })).rejects.toThrow('enough')

    const left = await countUsers(stopped.db)
    expect(left).toBe(4)
    await seed(stopped.db, options)
    await seed(undisturbed.db, { ...options, batchRows: undefined })
    expect(await contentHash(stopped.db)).toBe(await contentHash(undisturbed.db))
  })

  test('stops at an error of onProgress, and leaves nothing running', async () => {
    await using server = await freshDatabase()
    const onProgress = () => {
      throw new Error('no more')
    }

    await expect(seed(server.db, { users: 6, until, days: 60, batchRows: 1, onProgress })).rejects.toThrow('no more')

    const left = await countUsers(server.db)
    await sleep(200)
    expect(await countUsers(server.db)).toBe(left)
  })

  test('lets two seeds run at once, of which one asks for more', { timeout: 120_000 }, async () => {
    await using server = await freshDatabase()
    await using undisturbed = await freshDatabase()
    const options = { users: 10, until, days: 90 }

    const [one, other] = await Promise.all([
      seed(server.db, { ...options, batchRows: 400 }),
      seed(server.db, { ...options, users: 6 }),
    ])

    expect(one.created + other.created).toBe(10)
    await seed(undisturbed.db, options)
    expect(await contentHash(server.db)).toBe(await contentHash(undisturbed.db))
  })

  test('begins with demo_user and refuses to mix two seeds', async ({ db }) => {
    const { userIds } = await seed(db, { users: 1, until, days: 40 })

    expect(await users.findByUsername(db, 'demo_user')).toMatchObject({
      id: userIds[0],
      email: 'demo_user@example.com',
    })
    await expect(seed(db, { users: 1, seed: 2, until, days: 40 })).rejects.toThrow(ConflictError)
    await expect(seed(db, { users: 1, until, days: 41 })).rejects.toThrow(ConflictError)
    expect(await countUsers(db)).toBe(1)
  })

  test('writes to another schema', async () => {
    await using server = await freshDatabase()
    const other = createFinanceDb({ connectionString: server.url, schema: 'money' }, {})
    try {
      await migrate(other, { vector: 'off' })

      const { transactions } = await seed(other, { users: 2, until, days: 30 })

      const { rows } = await sql<{ rows: number }>`select count(*)::int as rows from money.transactions`.execute(other)
      expect(rows[0]?.rows).toBe(transactions)
    } finally {
      await other.destroy()
    }
  })

  test('says what is wrong with its options', async ({ db }) => {
    await expect(seed(db, { until: '2025-02-30' })).rejects.toThrow(InvalidInputError)
    const noDay = await seed(db, { until: 'tomorrow' }).catch((error: unknown) => error)
    expect(noDay).toBeInstanceOf(InvalidInputError)
    expect(noDay).toMatchObject({ issues: [{ path: 'until' }] })
    await expect(seed(db, { until, users: 0 })).rejects.toThrow('users')
    await expect(seed(db, { until, personas: { savings_builder: 0 } })).rejects.toThrow('at least one persona')
    await expect(seed(db, { until: '1970-03-01', days: 100 })).rejects.toThrow('must not go back before 1970')
    await expect(seed(db, { until, batchRows: 0 })).rejects.toThrow('batchRows')
    await expect(seed(db, { until, generator: 1 })).rejects.toThrow(UnsupportedError)
    expect(await countUsers(db)).toBe(0)
  })
})

function spawnSeed(url: string, options: object): ChildProcess {
  const script = fileURLToPath(new URL('./seeding-process.ts', import.meta.url))
  return spawn(process.execPath, ['--import', 'tsx', script, url, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function progress({ stdout }: ChildProcess, users: number): Promise<void> {
  if (stdout === null) throw new Error('no output to read')
  const lines = createInterface({ input: stdout })
  await new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => Number(line) >= users && resolve())
    lines.on('close', () => reject(new Error('the seed ended too early')))
  })
}

/** Waits until so many other sessions of the database are as asked. */
async function eventually(
  db: Kysely<Database>,
  condition: RawBuilder<unknown>,
  enough: (sessions: number) => boolean,
): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const { rows } = await sql<{ sessions: number }>`select count(*)::int as sessions from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and ${condition}`.execute(db)
    if (enough(rows[0]?.sessions ?? 0)) return
    await sleep(50)
  }
  throw new Error('the sessions did not become as asked')
}
