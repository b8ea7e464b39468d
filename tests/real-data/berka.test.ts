import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { type Kysely, sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { csvTransactions } from '../../src/import/index.js'
import { accounts, transactions } from '../../src/index.js'
import type { Database } from '../../src/schema/index.js'
import { createUser } from '../people.js'
import { freshDatabase, pgliteDb } from '../support.js'
import { readCsv, realData } from './data.js'

const berka = realData('berka')
const title = `the Berka bank, 1993 to March 1994${berka.absent ? ` (skipped: there is no ${berka.path})` : ''}`

/** The last day of the file is cut. */
const lastDay = '1994-03-30'

const openers = {
  PostgreSQL: freshDatabase,
  PGlite: pgliteDb,
}

describe.skipIf(berka.absent)(title, () => {
  test.each(['PostgreSQL', 'PGlite'] as const)(
    'ends with the balance of every account, and the sums of every month, on %s',
    { timeout: 120_000 },
    async (server) => {
      await using opened = await openers[server]()
      const { db } = opened
      const truth = await readCsv(join(berka.path, 'truth/dev_final_balances.csv'))
      const bank = await openAccounts(db, truth)

      const first = await transactions.import(db, rowsOf(bank), { source: 'berka' })
      const second = await transactions.import(db, rowsOf(bank), { source: 'berka' })

      expect(first).toEqual({ inserted: 46_997, skipped: 0, updated: 0 })
      expect(second).toEqual({ inserted: 0, skipped: 46_997, updated: 0 })
      expect(await balances(db)).toEqual(
        new Map(truth.map((row) => [row.account_id, `${row.computed_balance as string}00`])),
      )
      expect(await monthlySums(db)).toEqual(await expectedMonthlySums())
    },
  )
})

interface Bank {
  readonly user_id: string
  /** Our id by the bank's number of the account. */
  readonly ids: Readonly<Record<string, string>>
}

async function openAccounts(db: Kysely<Database>, truth: ReadonlyArray<Record<string, string>>): Promise<Bank> {
  const { id: user_id } = await createUser(db)
  const opened = await accounts.createMany(
    db,
    truth.map(({ account_id }) => ({
      user_id,
      account_type: 'checking' as const,
      name: `Account ${account_id}`,
      currency: 'CZK',
      external_id: account_id as string,
    })),
  )
  return { user_id, ids: Object.fromEntries(opened.map(({ external_id, id }) => [external_id, id])) }
}

async function* rowsOf({ user_id, ids }: Bank): AsyncGenerator<transactions.ImportRow> {
  const file = createReadStream(join(berka.path, 'orig/trans_1993-01_1994-03.asc'))
  const rows = csvTransactions(file, {
    user_id,
    account_id: { column: 'account_id', accounts: ids },
    delimiter: ';',
    mapping: {
      date: { column: 'date', format: 'YYMMDD' },
      amount: { column: 'amount', direction: { column: 'type', credit: ['PRIJEM'], debit: ['VYDAJ', 'VYBER'] } },
      merchant: ['bank', 'account'],
      description: ['type', 'operation'],
      category: 'k_symbol',
      external_id: 'trans_id',
    },
  })
  for await (const row of rows) if (row.date <= lastDay) yield row
}

async function balances(db: Kysely<Database>) {
  const rows = await db.selectFrom('finance.accounts').select(['external_id', 'balance']).execute()
  return new Map(rows.map(({ external_id, balance }) => [external_id, balance]))
}

/** By month, then type, operation and k_symbol as the file has them: how many rows, and the sum without its sign. */
async function monthlySums(db: Kysely<Database>) {
  const { rows } = await sql<{ key: string; rows: number; sum: string }>`
    select to_char(date, 'YYYY-MM') || '|' || description || '|' || replace(category, 'uncategorized', '') as key,
      count(*)::int as rows, abs(sum(amount))::numeric(19,2)::text as sum
    from finance.transactions group by 1
  `.execute(db)
  return new Map(rows.map(({ key, rows, sum }) => [key, { rows, sum }]))
}

/** The same of the truth, where a `k_symbol` of one blank and an empty one are two: texts are trimmed here. */
async function expectedMonthlySums() {
  const sums = new Map<string, { rows: number; cents: bigint }>()
  for (const row of await readCsv(join(berka.path, 'truth/dev_monthly_by_type.csv'))) {
    const description = [row.type, row.operation].filter(Boolean).join(' ')
    const key = `${row.month}|${description}|${row.k_symbol?.trim()}`
    const before = sums.get(key) ?? { rows: 0, cents: 0n }
    sums.set(key, {
      rows: before.rows + Number(row.rows),
      cents: before.cents + BigInt((row.sum_amount as string).replace('.', '')),
    })
  }
  return new Map(
    [...sums].map(([key, { rows, cents }]) => [
      key,
      { rows, sum: String(cents).padStart(3, '0').replace(/(..)$/, '.$1') },
    ]),
  )
}
