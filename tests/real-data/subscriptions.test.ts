import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import type { Kysely } from 'kysely'
import { describe, expect, test } from 'vitest'
import { csvTransactions } from '../../src/import/index.js'
import { accounts, subscriptions, transactions, users } from '../../src/index.js'
import type { Database } from '../../src/schema/index.js'
import { createUser, newUser } from '../people.js'
import { freshDatabase } from '../support.js'
import { readCsv, realData } from './data.js'

const berka = realData('berka')
const personal = realData('categorised')
const unless = ({ absent, path }: { absent: boolean; path: string }) =>
  absent ? ` (skipped: there is no ${path})` : ''

/** The last day of the file is cut. */
const lastDay = '1994-03-30'

describe.skipIf(berka.absent)(`standing orders of the Berka bank${unless(berka)}`, () => {
  test('are found, and little else among what goes to an account', { timeout: 120_000 }, async () => {
    await using opened = await freshDatabase()
    const { db } = opened
    const labels = (await readCsv(join(berka.path, 'truth/dev_recurring_from_orders.csv'))).filter(
      ({ occurrences }) => Number(occurrences) >= 3,
    )
    const people = await importBank(db)

    const found = new Set<string>()
    for (const [account, user] of people) {
      for (const { merchant, amount } of await subscriptions.detect(db, user, { as_of: lastDay })) {
        found.add(`${account} ${merchant} ${Number(amount)}`)
      }
    }

    const orders = new Set(labels.map((l) => `${l.account_id} ${l.bank_to} ${l.account_to} ${Number(l.amount)}`))
    const hits = [...found].filter((order) => orders.has(order)).length
    console.log(`Berka: ${orders.size} orders, ${found.size} found, ${hits} of them orders.`)
    expect(orders.size).toBe(922)
    expect(hits / orders.size).toBeGreaterThanOrEqual(0.95)
    expect(hits / found.size).toBeGreaterThanOrEqual(0.9)
  })
})

describe.skipIf(personal.absent)(`bills of one person, 2018 and 2019${unless(personal)}`, () => {
  test('are found all, and no card payment', async () => {
    await using opened = await freshDatabase()
    const { db } = opened
    const user_id = await importPerson(db)

    const found = await subscriptions.detect(db, user_id, { as_of: '2019-09-30' })

    const monthly = found.filter(({ cadence }) => cadence === 'monthly').map(({ merchant }) => merchant)
    // every merchant of the file that is charged in each of 12 months or more on about the same day
    expect(monthly).toEqual(
      expect.arrayContaining([
        'Mortgage Payment',
        'Gas Company',
        'Spotify',
        'Phone Company',
        'City Water Charges',
        'Power Company',
        'Internet Service Provider',
        'State Farm',
        'Netflix',
      ]),
    )
    expect(found.map(({ merchant }) => merchant)).not.toContain('Credit Card Payment')
    expect(found.length).toBeLessThanOrEqual(10)
    expect(found.find(({ merchant }) => merchant === 'Netflix')).toMatchObject({
      amount: '13.9000',
      price_changes: [{ from: '11.7600', to: '13.9000' }],
    })
  })
})

/** Every account belongs to a person of its own; our user by the bank's number of the account. */
async function importBank(db: Kysely<Database>): Promise<Map<string, string>> {
  const truth = await readCsv(join(berka.path, 'truth/dev_final_balances.csv'))
  const owners = await users.createMany(
    db,
    truth.map(() => newUser()),
  )
  const people = new Map(truth.map(({ account_id }, i) => [account_id as string, owners[i]?.id as string]))
  const opened = await accounts.createMany(
    db,
    [...people].map(([external_id, user_id]) => ({
      user_id,
      account_type: 'checking' as const,
      name: 'Account',
      currency: 'CZK',
      external_id,
    })),
  )
  const ownerOf = new Map(opened.map(({ id, user_id }) => [id, user_id]))
  const lines = csvTransactions(createReadStream(join(berka.path, 'orig/trans_1993-01_1994-03.asc')), {
    user_id: owners[0]?.id as string, // until the owner of the row's account is looked up
    account_id: {
      column: 'account_id',
      accounts: Object.fromEntries(opened.map(({ external_id, id }) => [external_id as string, id])),
    },
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
  async function* rows(): AsyncGenerator<transactions.ImportRow> {
    for await (const row of lines) {
      if (row.date <= lastDay) yield { ...row, user_id: ownerOf.get(row.account_id) as string }
    }
  }
  await transactions.import(db, rows())
  return people
}

async function importPerson(db: Kysely<Database>): Promise<string> {
  const { id: user_id } = await createUser(db)
  const names = ['Platinum Card', 'Silver Card', 'Checking']
  const opened = await accounts.createMany(
    db,
    names.map((name) => ({ user_id, account_type: name === 'Checking' ? ('checking' as const) : 'credit_card', name })),
  )
  const rows = await readCsv(join(personal.path, 'davidson-personal/personal_transactions.csv'))
  await transactions.import(
    db,
    rows.map((row) => {
      const [month, date, year] = (row.Date as string).split(/[-/]/)
      return {
        user_id,
        account_id: opened[names.indexOf(row['Account Name'] as string)]?.id as string,
        date: `${year}-${month}-${date}`,
        merchant: row.Description as string,
        amount: `${row['Transaction Type'] === 'debit' ? '-' : ''}${row.Amount}`,
        category: row.Category as string,
      }
    }),
  )
  return user_id
}
