import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { PGlite } from '@electric-sql/pglite'
import { faker } from '@faker-js/faker'
import { type Kysely, type RawBuilder, sql } from 'kysely'
import { describe, expect } from 'vitest'
import { createFinanceDb } from '../../src/database.js'
import { ConflictError, InvalidInputError } from '../../src/errors.js'
import { migrate } from '../../src/migrations/migrate.js'
import * as reports from '../../src/repositories/reports.js'
import * as users from '../../src/repositories/users.js'
import type { Database } from '../../src/schema/database.js'
import { dayNumber } from '../../src/seed/calendar.js'
import { createHousehold } from '../../src/seed/household.js'
import { seed } from '../../src/seed/index.js'
import { createPrng } from '../../src/seed/prng.js'
import { profiles } from '../../src/seed/profiles.js'
import { freshDatabase, test } from '../support.js'
import { contentHash, movementCounts } from './support.js'

const until = '2025-12-31'

describe('seed', () => {
  test('gives the same rows, ids included, to PostgreSQL and to PGlite, whatever zone and faker do', {
    timeout: 60_000,
  }, async () => {
    await using server = await freshDatabase()
    const embedded = createFinanceDb({ pglite: () => PGlite.create() }, {})
    await migrate(embedded, { vector: 'off' })
    const zone = process.env.TZ

    await seed(server.db, { users: 3, until, days: 200 })
    process.env.TZ = 'Pacific/Auckland'
    faker.seed(7)
    faker.person.firstName()
    await seed(embedded, { users: 3, until, days: 200 })
    if (zone === undefined) delete process.env.TZ
    else process.env.TZ = zone

    expect(await contentHash(embedded)).toBe(await contentHash(server.db))
    await embedded.destroy()
  })

  test('makes the movements that it made when this was written', () => {
    const span = { first: dayNumber('2024-01-02'), last: dayNumber(until) }
    const person = { user: { id: '0', email: 'a@b' }, employer: 'Employer', landlord: 'Landlord' }

    const { transactions } = createHousehold(person, profiles[0], createPrng('golden'), span)

    const lines = transactions.map(({ id, date, amount, merchant, status }) => [id, date, amount, merchant, status])
    expect(transactions).toHaveLength(1205)
    // A change here is a change of everybody's sample data: make it on purpose.
    expect(createHash('sha256').update(JSON.stringify(lines)).digest('hex').slice(0, 16)).toBe('d1048967073da0b0')
  })

  test('does nothing the second time, and adds people when asked for more', async ({ db }) => {
    const first = await seed(db, { users: 2, until, days: 60 })
    const before = await contentHash(db)

    const again = await seed(db, { users: 2, until, days: 60 })
    expect(again).toEqual({ userIds: first.userIds, created: 0, accounts: 0, transactions: 0 })
    expect(await contentHash(db)).toBe(before)

    const more = await seed(db, { users: 3, until, days: 60 })
    expect(more).toMatchObject({ created: 1, accounts: 3 })
    expect(more.userIds.slice(0, 2)).toEqual(first.userIds)
  })

  test('ends with the same rows when it is killed in the middle and run again', { timeout: 60_000 }, async () => {
    await using undisturbed = await freshDatabase()
    await using killed = await freshDatabase()
    const options = { users: 12, until, days: 365 }
    await seed(undisturbed.db, options)
    const whole = await movementCounts(undisturbed.db)

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

    const left = await movementCounts(killed.db)
    expect(left.size).toBeGreaterThanOrEqual(3)
    expect(left.size).toBeLessThan(12)
    for (const [id, movements] of left) expect(movements).toBe(whole.get(id))

    await seed(killed.db, options)
    expect(await contentHash(killed.db)).toBe(await contentHash(undisturbed.db))
  })

  test('lets two seeds run at once', async () => {
    await using server = await freshDatabase()
    const options = { users: 6, until, days: 90 }

    const [one, other] = await Promise.all([seed(server.db, options), seed(server.db, options)])

    expect(one.created + other.created).toBe(6)
    expect((await movementCounts(server.db)).size).toBe(6)
  })

  test('begins with demo_user and refuses to mix two seeds', async ({ db }) => {
    const { userIds } = await seed(db, { users: 1, until, days: 40 })

    expect((await users.findByUsername(db, 'demo_user'))?.id).toBe(userIds[0])
    await expect(seed(db, { users: 1, seed: 2, until, days: 40 })).rejects.toThrow(ConflictError)
    expect((await movementCounts(db)).size).toBe(1)
  })

  test('moves money between own accounts on both sides, so that it is neither income nor spending', async ({ db }) => {
    const { userIds } = await seed(db, { users: 5, until, days: 365 })

    const { rows } = await sql<{ category: string; movements: number; sum: string }>`
      select category, count(*)::int as movements, sum(amount)::text as sum from finance.transactions
      where category in (${sql.join(reports.internalCategories)}) group by category order by category`.execute(db)

    expect(rows.map(({ category }) => category)).toEqual(['credit_card_payment', 'transfer'])
    for (const { movements, sum } of rows) {
      expect(movements).toBeGreaterThan(20)
      expect(sum).toBe('0.0000')
    }
    for (const id of userIds) {
      const months = await reports.cashFlowByMonth(db, id, { from: '2025-02-01', to: until })
      const dollars = months.filter(({ currency }) => currency === 'USD')
      const ratio = total(dollars, 'spending') / total(dollars, 'income')
      expect(ratio).toBeGreaterThan(0.6)
      expect(ratio).toBeLessThan(1.1)
    }
  })

  test('leaves the last purchases by card pending, has refunds, and keeps cards within their limit', async ({ db }) => {
    await seed(db, { users: 5, until, days: 365 })

    const { rows } = await sql<{ pending: number; earliest: string; refunds: number; over: number }>`select
      count(*) filter (where t.status = 'pending')::int as pending,
      min(t.date) filter (where t.status = 'pending')::text as earliest,
      count(*) filter (where t.description = 'Refund' and t.amount > 0)::int as refunds,
      count(*) filter (where a.balance < -a.credit_limit)::int as over
      from finance.transactions t join finance.accounts a on (a.user_id, a.id) = (t.user_id, t.account_id)`.execute(db)

    expect(rows[0]?.pending).toBeGreaterThan(0)
    expect(rows[0]?.earliest).toBe('2025-12-30')
    expect(rows[0]?.refunds).toBeGreaterThan(0)
    expect(rows[0]?.over).toBe(0)
  })

  test('says what is wrong with its options', async ({ db }) => {
    await expect(seed(db, { until: '2025-02-30' })).rejects.toThrow(InvalidInputError)
    await expect(seed(db, { until, users: 0 })).rejects.toThrow('users')
    await expect(seed(db, { until: '1970-03-01', days: 100 })).rejects.toThrow('must not go back before 1970')
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

function total(months: readonly reports.MonthlyCashFlow[], column: 'income' | 'spending'): number {
  return months.reduce((sum, month) => sum + Number(month[column]), 0)
}
