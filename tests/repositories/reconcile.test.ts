import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import {
  type Account,
  accounts,
  type Db,
  InvalidInputError,
  NotFoundError,
  type Statement,
  type StatementRow,
  transactions,
} from '../../src/index.js'
import { createAccount, createTransaction } from '../people.js'
import { freshDatabase, test } from '../support.js'

const reconcile = (db: Db, { user_id, id }: Account, statement?: Statement) =>
  accounts.reconcile(db, user_id, id, statement)

async function march(db: Db) {
  const account = await createAccount(db, { opening_balance: '100' })
  await createTransaction(db, account, { date: '2026-02-27', amount: '-1' })
  for (const [date, amount, external_id] of [
    ['2026-03-01', '-10', 'a'],
    ['2026-03-02', '-20', 'b'],
    ['2026-03-02', '-5', null],
    ['2026-03-02', '-5', null],
    ['2026-03-03', '50.25', 'c'],
  ] as const) {
    await createTransaction(db, account, { date, amount, external_id })
  }
  const rows: StatementRow[] = [
    { date: '2026-03-01', amount: '-10.00', external_id: 'a', balance: '89.00' },
    { date: '2026-03-02', amount: '-20.00', external_id: 'b', balance: '69.00' },
    { date: '2026-03-02', amount: '-5.00', balance: '64.00' },
    { date: '2026-03-02', amount: '-5.00', balance: '59.00' },
    { date: '2026-03-03', amount: '50.25', external_id: 'c', balance: '109.25' },
  ]
  return { account, rows }
}

describe('accounts.reconcile', () => {
  test('proves that the balance is the opening balance and the posted rows', async ({ db }) => {
    const { account } = await march(db)

    expect(await reconcile(db, account)).toEqual({
      reconciled: true,
      currency: 'USD',
      balance: '109.2500',
      opening_balance: '100.0000',
      posted: '9.2500',
      transactions: 6,
      difference: '0.0000',
      first_difference: null,
    })
  })

  test('shows a balance that somebody forged past the rules of the database', async () => {
    await using fresh = await freshDatabase()
    const { account } = await march(fresh.db)
    await fresh.db.transaction().execute(async (trx) => {
      await sql`set local session_replication_role = replica`.execute(trx)
      await sql`update ${sql.table('finance.accounts')} set balance = balance + 0.0001 where id = ${account.id}`.execute(
        trx,
      )
    })

    expect(await reconcile(fresh.db, account)).toMatchObject({ reconciled: false, difference: '0.0001' })
  })

  test('agrees with the statement of the bank, whichever way it is sorted', async ({ db }) => {
    const { account, rows } = await march(db)
    const whole = { opening_balance: '99', closing_balance: '109.25' }

    expect(await reconcile(db, account, { rows, ...whole })).toMatchObject({ reconciled: true, first_difference: null })
    expect(await reconcile(db, account, { rows: rows.toReversed(), ...whole })).toMatchObject({ reconciled: true })
    expect(
      await reconcile(db, account, { rows: [], from: '2026-03-04', to: '2026-03-31', closing_balance: '109.25' }),
    ).toMatchObject({ reconciled: true })
  })

  test.for([
    [
      'a row that is not there',
      (r: StatementRow[]) => r.splice(2, 0, { date: '2026-03-02', amount: '-7' }),
      { kind: 'missing', row: 3 },
    ],
    [
      'the third of two equal rows',
      (r: StatementRow[]) => r.splice(4, 0, { date: '2026-03-02', amount: '-5' }),
      { kind: 'missing', row: 5 },
    ],
    ['an id that is not there', (r: StatementRow[]) => Object.assign(r[2] as object, { external_id: 'z' }), undefined],
    [
      'another amount',
      (r: StatementRow[]) => Object.assign(r[1] as object, { amount: '-20.01' }),
      { kind: 'amount', row: 2, transaction: { external_id: 'b' } },
    ],
    [
      'another day',
      (r: StatementRow[]) => Object.assign(r[4] as object, { date: '2026-03-04' }),
      { kind: 'date', row: 5, transaction: { date: '2026-03-03' } },
    ],
    [
      'a row that the statement has not',
      (r: StatementRow[]) => r.splice(1, 1),
      { kind: 'unexpected', transaction: { external_id: 'b', amount: '-20.0000' } },
    ],
    [
      'another balance after a row',
      (r: StatementRow[]) => Object.assign(r[2] as object, { balance: '64.01' }),
      { kind: 'balance', row: 3, expected: '64.0000', found: '64.01' },
    ],
    [
      'two differences: the first',
      (r: StatementRow[]) => [
        Object.assign(r[4] as object, { amount: '1' }),
        Object.assign(r[0] as object, { amount: '2' }),
      ],
      { kind: 'amount', row: 1 },
    ],
  ] as const)('names the first row that differs: %s', async ([, change, difference], { db }) => {
    const { account, rows } = await march(db)
    change(rows)

    const { reconciled, first_difference } = await reconcile(db, account, { rows })

    expect(reconciled).toBe(difference === undefined)
    if (difference === undefined) expect(first_difference).toBeNull()
    else expect(first_difference).toMatchObject(difference)
  })

  test('names a balance before or after that differs', async ({ db }) => {
    const { account, rows } = await march(db)
    const bare = rows.map(({ balance: _, ...row }) => row)

    expect((await reconcile(db, account, { rows: bare, opening_balance: '100' })).first_difference).toEqual({
      kind: 'opening_balance',
      expected: '99.0000',
      found: '100',
    })
    expect((await reconcile(db, account, { rows: bare, closing_balance: '0' })).first_difference).toMatchObject({
      kind: 'closing_balance',
      expected: '109.2500',
    })
  })

  test('does not take a row for one that the bank knows by another id', async ({ db }) => {
    const account = await createAccount(db)
    await createTransaction(db, account, { date: '2026-03-01', amount: '5', external_id: 'ours' })

    const { first_difference } = await reconcile(db, account, {
      rows: [{ date: '2026-03-01', amount: '5', external_id: 'theirs' }],
    })

    expect(first_difference).toMatchObject({ kind: 'missing', row: 1 })
  })

  test('finds the rows of a statement that has no ids, each of two equal ones by its own', async ({ db }) => {
    const { account, rows } = await march(db)
    const bare = rows.map(({ external_id: _, ...row }) => row)
    await createTransaction(db, account, { date: '2026-03-04', amount: '-8', external_id: 'd' })
    await createTransaction(db, account, { date: '2026-03-04', amount: '-8' })
    const equal = [
      { date: '2026-03-04', amount: '-8', external_id: 'd' },
      { date: '2026-03-04', amount: '-8' },
    ]

    expect((await reconcile(db, account, { rows: bare, to: '2026-03-03' })).first_difference).toBeNull()
    expect((await reconcile(db, account, { rows: equal })).first_difference).toBeNull()
  })

  test('keeps the order of a statement of one day', async ({ db }) => {
    const account = await createAccount(db)
    await createTransaction(db, account, { date: '2026-03-01', amount: '5' })
    await createTransaction(db, account, { date: '2026-03-01', amount: '-2' })

    const { first_difference } = await reconcile(db, account, {
      rows: [
        { date: '2026-03-01', amount: '5', balance: '5' },
        { date: '2026-03-01', amount: '-2', balance: '3' },
      ],
    })

    expect(first_difference).toBeNull()
  })

  test('names of several rows that the statement has not the first by day, whenever it was recorded', async ({
    db,
  }) => {
    const account = await createAccount(db)
    await createTransaction(db, account, { date: '2026-03-05', amount: '-1' })
    await createTransaction(db, account, { date: '2026-03-02', amount: '-2' })

    const { first_difference } = await reconcile(db, account, { rows: [], from: '2026-03-01', to: '2026-03-31' })

    expect(first_difference).toMatchObject({ kind: 'unexpected', transaction: { date: '2026-03-02' } })
  })

  test('finds a row by its id on a day that the statement does not reach', async ({ db }) => {
    const { account, rows } = await march(db)

    const { first_difference } = await reconcile(db, account, {
      rows: [{ ...rows[4], date: '2026-03-10', amount: '50.25' } as StatementRow],
    })

    expect(first_difference).toMatchObject({ kind: 'date', row: 1, transaction: { date: '2026-03-03' } })
  })

  test('takes only what is posted, of one user', async ({ db }) => {
    const { account, rows } = await march(db)
    const stranger = await createAccount(db)
    await createTransaction(db, account, { date: '2026-03-02', status: 'pending' })

    expect(await reconcile(db, account, { rows })).toMatchObject({ reconciled: true })
    await expect(accounts.reconcile(db, stranger.user_id, account.id)).rejects.toThrow(NotFoundError)
    await expect(reconcile(db, account, { rows: [] })).rejects.toThrow(InvalidInputError)
    await expect(reconcile(db, account, { rows: [{ date: '2026-02-30', amount: '1' }] })).rejects.toThrow(
      InvalidInputError,
    )
  })

  test('finds any one change of any statement', async () => {
    await using fresh = await freshDatabase()
    const amount = fc
      .integer({ min: -3, max: 3 })
      .filter((n) => n !== 0)
      .map((n) => `${n}.00`)
    const date = fc.integer({ min: 1, max: 4 }).map((day) => `2026-03-0${day}`)
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ date, amount }), { minLength: 1, maxLength: 12 }),
        fc.nat(),
        fc.constantFrom('same', 'drop', 'double', 'amount' as const),
        async (movements, at, change) => {
          const account = await createAccount(fresh.db)
          await transactions.createMany(
            fresh.db,
            movements.map((row) => ({ ...row, user_id: account.user_id, account_id: account.id, merchant: 'x' })),
          )
          const rows = movements.toSorted((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0))
          const i = at % rows.length
          const changed = rows[i] as StatementRow
          if (change === 'drop') rows.splice(i, 1)
          if (change === 'double') rows.splice(i, 0, changed)
          if (change === 'amount') rows[i] = { ...changed, amount: '9.99' }

          const { first_difference } = await reconcile(fresh.db, account, {
            rows,
            from: '2026-03-01',
            to: '2026-03-31',
          })

          if (change === 'same') expect(first_difference).toBeNull()
          else if (change === 'drop')
            expect(first_difference).toMatchObject({ kind: 'unexpected', transaction: { date: changed.date } })
          else
            expect(first_difference).toMatchObject({
              kind: change === 'amount' ? expect.stringMatching(/missing|unexpected/) : 'missing',
            })
        },
      ),
      { numRuns: 60 },
    )
  })
})
