import { setTimeout as sleep } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import { expect } from 'vitest'
import { migrate } from '../../src/migrations/index.js'
import * as accounts from '../../src/repositories/accounts.js'
import * as transactions from '../../src/repositories/transactions.js'
import * as users from '../../src/repositories/users.js'
import { retryIdempotent } from '../../src/retry.js'
import type { Database } from '../../src/schema/database.js'
import { transaction } from '../../src/transaction.js'

interface Payer {
  readonly user_id: string
  readonly account_id: string
}

export async function payers(db: Kysely<Database>, count: number): Promise<Payer[]> {
  await migrate(db, { vector: 'off' })
  const made: Payer[] = []
  for (let i = 0; i < count; i++) {
    const { id: user_id } = await users.create(db, { email: `payer${i}@example.org` })
    const { id: account_id } = await accounts.create(db, { user_id, account_type: 'checking', name: 'Main' })
    made.push({ user_id, account_id })
  }
  return made
}

const payment = (payer: Payer, key: string) =>
  ({ ...payer, date: '2026-03-01', merchant: 'Load', amount: '1.00', idempotency_key: key }) as const

/** What came of a run under load. Times in milliseconds. */
export interface LoadFigures {
  readonly acknowledged: readonly string[]
  readonly retries: number
  /** The longest time in which nobody got an answer. */
  readonly longestGapMs: number
}

/**
 * Everyone pays without pause, each payment with a key of its own: alone, or two in a transaction. What is repeated is
 * counted; any other error ends the run with it.
 */
export function startLoad(db: Kysely<Database>, everyone: readonly Payer[], withinMs = 30_000) {
  const acknowledged: string[] = []
  let [retries, longestGapMs, lastAt, running] = [0, 0, performance.now(), true]
  const retry = { withinMs, onRetry: () => void retries++ }

  const workers = everyone.map(async (payer, worker) => {
    for (let i = 0; running; i++) {
      const [one, two] = [`${worker}-${i}-a`, `${worker}-${i}-b`]
      if (i % 2 === 0) {
        await retryIdempotent(() => transactions.post(db, payment(payer, one)), retry)
        acknowledged.push(one)
      } else {
        await transaction(
          db,
          async (trx) => {
            await transactions.post(trx, payment(payer, one))
            await transactions.post(trx, payment(payer, two))
          },
          { idempotent: retry },
        )
        acknowledged.push(one, two)
      }
      const now = performance.now()
      longestGapMs = Math.max(longestGapMs, now - lastAt)
      lastAt = now
    }
  })
  const all = Promise.all(workers)
  all.catch(() => {})

  return {
    count: () => acknowledged.length,
    /** Resolves when so many more were acknowledged, which tells that the service is back. */
    async more(count: number) {
      const goal = acknowledged.length + count
      await Promise.race([
        all,
        (async () => {
          while (acknowledged.length < goal) await sleep(10)
        })(),
      ])
    },
    async stop(): Promise<LoadFigures> {
      running = false
      await all
      return { acknowledged, retries, longestGapMs: Math.round(longestGapMs) }
    },
  }
}

/** Every acknowledged payment is there, none is there twice, and the balances are what the payments make. */
export async function expectNothingLostOrDoubled(db: Kysely<Database>, { acknowledged }: LoadFigures): Promise<void> {
  const { rows } = await sql<{ key: string; times: number }>`
    select idempotency_key as key, count(*)::int4 as times from ${sql.table('finance.transactions')} group by 1
  `.execute(db)
  const times = new Map(rows.map((row) => [row.key, row.times]))
  expect(acknowledged.filter((key) => !times.has(key))).toEqual([])
  expect(rows.filter((row) => row.times !== 1)).toEqual([])

  const { rows: wrong } = await sql<{ id: string }>`
    select a.id from ${sql.table('finance.accounts')} a
    where a.balance <> a.opening_balance + (select coalesce(sum(t.amount), 0) from ${sql.table('finance.transactions')} t
      where t.user_id = a.user_id and t.account_id = a.id)
  `.execute(db)
  expect(wrong).toEqual([])
  expect(acknowledged.length).toBeGreaterThan(20)
}

/** Figures for docs/reliability.md: shown, and not asserted, since machines differ. */
export function tell(what: string, { acknowledged, retries, longestGapMs }: LoadFigures): void {
  if (process.env.FAULT_FIGURES) {
    console.log(`${what}: ${acknowledged.length} acknowledged, ${retries} retries, longest gap ${longestGapMs} ms`)
  }
}
