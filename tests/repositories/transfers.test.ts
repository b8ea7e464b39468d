import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import {
  type Account,
  AccountInactiveError,
  accounts,
  ConflictError,
  type Db,
  InsufficientFundsError,
  InvalidInputError,
  MissingReferenceError,
  type NewTransfer,
  NotFoundError,
  RuleViolationError,
  reports,
  transaction,
  transactions,
  transfers,
} from '../../src/index.js'
import { createAccount } from '../people.js'
import { deadlocksIn } from '../server.js'
import { freshDatabase, pgliteDb, test } from '../support.js'

const balanceOf = async (db: Db, { user_id, id }: Account) => (await accounts.get(db, user_id, id)).balance

async function pair(db: Db, [from, to] = ['USD', 'USD'], opening = '100') {
  const source = await createAccount(db, { currency: from, opening_balance: opening })
  const target = await createAccount(db, { currency: to, user_id: source.user_id })
  const transfer = (overrides: Partial<NewTransfer> = {}): NewTransfer => ({
    user_id: source.user_id,
    from_account_id: source.id,
    to_account_id: target.id,
    amount: '40',
    idempotency_key: 'k',
    ...overrides,
  })
  return { source, target, transfer, user_id: source.user_id }
}

describe('transfers.create', () => {
  test('moves both sides and both balances at once', async ({ db }) => {
    const { source, target, transfer, user_id } = await pair(db)

    const made = await transfers.create(db, transfer({ amount: '40.25', date: '2026-03-02', memo: 'rainy days' }))

    expect(made).toEqual(await transfers.get(db, user_id, made.id))
    expect(made).toMatchObject({
      status: 'completed',
      from_amount: '40.2500',
      to_amount: '40.2500',
      rate: null,
      date: '2026-03-02',
      memo: 'rainy days',
    })
    const { rows } = await transactions.list(db, user_id)
    expect(
      rows
        .map(({ account_id, amount, transfer_id, date, category }) => [account_id, amount, transfer_id, date, category])
        .sort(),
    ).toEqual(
      [
        [source.id, '-40.2500', made.id, '2026-03-02', 'transfer'],
        [target.id, '40.2500', made.id, '2026-03-02', 'transfer'],
      ].sort(),
    )
    expect([await balanceOf(db, source), await balanceOf(db, target)]).toEqual(['59.7500', '40.2500'])
    expect(await reports.spendingByCategory(db, user_id, { from: '2026-01-01', to: '2026-12-31' })).toEqual([])
  })

  test('is one statement', async () => {
    await using fresh = await freshDatabase()
    const { transfer } = await pair(fresh.db)
    const { createFinanceDb } = await import('../../src/index.js')
    const texts: string[] = []
    const db = createFinanceDb({ connectionString: fresh.url, log: ({ sql }) => texts.push(sql) }, {})
    await transfers.create(db, transfer()).finally(() => db.destroy())

    expect(texts).toHaveLength(1)
  })

  test('leaves nothing behind when it is refused', async ({ db }) => {
    const { source, target, transfer, user_id } = await pair(db)

    await expect(transfers.create(db, transfer({ amount: '100.01' }))).rejects.toThrow(InsufficientFundsError)
    for (const [account, status] of [
      [source, 'frozen'],
      [source, 'closed'],
      [target, 'frozen'],
      [target, 'closed'],
    ] as const) {
      await accounts.update(db, user_id, account.id, { status })
      await expect(transfers.create(db, transfer())).rejects.toThrow(AccountInactiveError)
      await accounts.update(db, user_id, account.id, { status: 'active' })
    }

    expect((await transfers.list(db, user_id)).rows).toEqual([])
    expect((await transactions.list(db, user_id)).rows).toEqual([])
    expect(await transfers.create(db, transfer())).toMatchObject({ status: 'completed' })
  })

  test('is refused for what cannot be', async ({ db }) => {
    const { source, transfer } = await pair(db)
    const theirs = await createAccount(db)

    await expect(transfers.create(db, transfer({ to_account_id: theirs.id }))).rejects.toThrow(MissingReferenceError)
    await expect(transfers.create(db, transfer({ from_account_id: theirs.id }))).rejects.toThrow(MissingReferenceError)
    for (const wrong of [
      { to_account_id: source.id },
      { amount: '0' },
      { amount: '-5' },
      { rate: '1.1' },
      { rate: '0', rate_source: 'x' },
      { rate: '1', rate_source: 'x', to_amount: '5' },
      { memo: 'card 4111 1111 1111 1111' },
      { idempotency_key: '' },
    ]) {
      await expect(transfers.create(db, transfer(wrong)), JSON.stringify(wrong)).rejects.toThrow(InvalidInputError)
    }
    await expect(transfers.create(db, transfer({ rate: '1.1', rate_source: 'x' }))).rejects.toThrow(RuleViolationError)
    await expect(transfers.create(db, transfer({ to_amount: '39' }))).rejects.toThrow(RuleViolationError)
  })

  test('with a known key gives the first transfer, and refuses other contents', async ({ db }) => {
    const { source, transfer } = await pair(db)
    const first = await transfers.create(db, transfer())

    expect(await transfers.create(db, transfer({ amount: '40.0' }))).toEqual(first)
    for (const other of [{ amount: '41' }, { memo: 'x' }, { date: '2020-01-01' }]) {
      await expect(transfers.create(db, transfer(other)), JSON.stringify(other)).rejects.toThrow(ConflictError)
    }
    expect(await balanceOf(db, source)).toBe('60.0000')
  })

  test('with one key from many connections moves once', async () => {
    await using fresh = await freshDatabase()
    const { source, transfer } = await pair(fresh.db)

    const made = await Promise.all(Array.from({ length: 20 }, () => transfers.create(fresh.db, transfer())))

    expect(new Set(made.map(({ id }) => id)).size).toBe(1)
    expect(await balanceOf(fresh.db, source)).toBe('60.0000')
  })

  test('there and back at the same time never deadlocks', async () => {
    await using fresh = await freshDatabase()
    const { source, target, transfer } = await pair(fresh.db)
    await transfers.create(fresh.db, transfer({ amount: '50', idempotency_key: 'start' }))
    const back = { from_account_id: target.id, to_account_id: source.id }

    await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        transfers.create(fresh.db, transfer({ amount: '1', idempotency_key: `${i}`, ...(i % 2 === 0 && back) })),
      ),
    )

    expect([await balanceOf(fresh.db, source), await balanceOf(fresh.db, target)]).toEqual(['50.0000', '50.0000'])
    await fresh.db.destroy()
    expect(await deadlocksIn(fresh.url)).toBe(0)
  })

  test('is repeated when it lost to a transaction that locks in another order', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const { source, target, transfer, user_id } = await pair(db)
    // The transfer locks the account with the lower id first, this the other one.
    const [low, high] = [source, target].sort((a, b) => (a.id < b.id ? -1 : 1)) as [Account, Account]
    const post = (trx: Db, account: Account) =>
      transactions.post(trx, { user_id, account_id: account.id, date: '2026-03-01', merchant: 'x', amount: '1' })

    const [made] = await Promise.all([
      sleep(100).then(() => transfers.create(db, transfer())),
      transaction(
        db,
        async (trx) => {
          await post(trx, high)
          await sleep(300)
          await post(trx, low)
        },
        { retries: 10 },
      ),
    ])

    expect(made).toMatchObject({ status: 'completed' })
    expect([await balanceOf(db, source), await balanceOf(db, target)]).toEqual(['61.0000', '41.0000'])
    await db.destroy()
    expect(await deadlocksIn(fresh.url)).toBeGreaterThan(0)
  })
})

describe('a transfer between currencies', () => {
  test.for([
    ['USD', 'EUR', '100', '0.92345', '92.3400', '0.00500000000000'],
    ['USD', 'EUR', '100', '0.92355', '92.3600', '-0.00500000000000'],
    ['EUR', 'JPY', '10', '162.35', '1624.0000', '-0.50000000000000'],
    ['EUR', 'JPY', '10', '162.25', '1622.0000', '0.50000000000000'],
    ['USD', 'KWD', '1', '0.3071234567', '0.3070', '0.00012345670000'],
    ['USD', 'EUR', '0.03', '0.5', '0.0200', '-0.00500000000000'],
  ] as const)('%s to %s: %s at %s arrives as %s', async ([from, to, amount, rate, arrives, residue], { db }) => {
    const { transfer, target } = await pair(db, [from, to])

    const made = await transfers.create(db, transfer({ amount, rate, rate_source: 'ECB 2026-03-02' }))

    expect(made).toMatchObject({ to_amount: arrives, to_currency: to, residue, rate_source: 'ECB 2026-03-02' })
    expect(await balanceOf(db, target)).toBe(arrives)
    expect(await transfers.create(db, transfer({ amount, rate, rate_source: 'ECB 2026-03-02' }))).toEqual(made)
    await expect(
      transfers.create(db, transfer({ amount, rate: '0.4', rate_source: 'ECB 2026-03-02' })),
    ).rejects.toThrow(ConflictError)
  })

  test('takes what arrives from the bank, and the rate follows', async ({ db }) => {
    const { transfer } = await pair(db, ['USD', 'EUR'])

    const made = await transfers.create(db, transfer({ amount: '3', to_amount: '2.77', rate_source: 'bank' }))

    expect(made).toMatchObject({ to_amount: '2.7700', rate: '0.9233333333', residue: '-0.00000000010000' })
  })

  test('needs a rate and its source, and something to arrive', async ({ db }) => {
    const { transfer, user_id } = await pair(db, ['USD', 'JPY'])

    await expect(transfers.create(db, transfer())).rejects.toMatchObject({ constraint: 'transfers_rate_check' })
    await expect(transfers.create(db, transfer({ to_amount: '5' }))).rejects.toMatchObject({
      constraint: 'transfers_rate_check',
    })
    await expect(transfers.create(db, transfer({ rate: '1' }))).rejects.toThrow(InvalidInputError)
    await expect(
      transfers.create(db, transfer({ amount: '0.003', rate: '100', rate_source: 'x' })),
    ).rejects.toMatchObject({ constraint: 'transfers_to_amount_check' })
    expect((await transfers.list(db, user_id)).rows).toEqual([])
  })

  test('loses nothing: what arrives and the residue are the amount at the rate, and the residues add up', async ({
    db,
  }) => {
    const { transfer, user_id, source } = await pair(db, ['USD', 'EUR'], '1000000')
    for (let i = 1; i <= 30; i++) {
      await transfers.create(
        db,
        transfer({ amount: `${i}.${i + 10}`, rate: `0.9${i}7`, rate_source: 'x', idempotency_key: `${i}` }),
      )
    }

    const { rows } = await sql<{ exact: boolean; sum: string }>`
      select bool_and(to_amount + residue = from_amount * rate and abs(residue) <= 0.005) as exact, sum(residue) as sum
      from ${sql.table('finance.transfers')} where from_account_id = ${source.id}`.execute(db)

    expect(rows[0]?.exact).toBe(true)
    expect(await transfers.residues(db, user_id)).toEqual([{ currency: 'EUR', residue: rows[0]?.sum, transfers: 30 }])
  })
})

describe('rounding', () => {
  test('knows the decimals of every currency that this Node knows', async ({ db }) => {
    // CLDR, and so Node, counts what is in circulation; ISO 4217 says 2 of these.
    const byCirculation = 'AFN ALL COP HUF IDR IQD IRR KPW LAK LBP MGA MMK PKR SLL SOS SYP YER'.split(' ')
    const codes = Intl.supportedValuesOf('currency').filter((code) => !byCirculation.includes(code))
    const { rows } = await sql<{ code: string; digits: number }>`
      select code, ${sql.table('finance.minor_units')}(code) as digits from unnest(${codes}::text[]) code`.execute(db)
    const differing = rows.filter(({ code, digits }) => {
      const { maximumFractionDigits } = new Intl.NumberFormat('en', {
        style: 'currency',
        currency: code,
      }).resolvedOptions()
      return maximumFractionDigits !== digits
    })

    expect(rows.length).toBeGreaterThan(100)
    expect(differing).toEqual([])
    const special = await sql<{ digits: string }>`
      select string_agg(code || ${sql.table('finance.minor_units')}(code), ' ') as digits
      from unnest('{JPY,KWD,CLF,IQD,XAF,EUR}'::text[]) code`.execute(db)
    expect(special.rows[0]?.digits).toBe('JPY0 KWD3 CLF4 IQD3 XAF0 EUR2')
  })

  test('takes a half to the even neighbour, and anything else to the nearest', async ({ db }) => {
    await fc.assert(
      fc.asyncProperty(
        fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n }),
        fc.integer({ min: 0, max: 4 }),
        async (tenthousandths, digits) => {
          const scale = 10n ** BigInt(4 - digits)
          const [floor, rest] = divide(tenthousandths, scale)
          const up = 2n * rest > scale || (2n * rest === scale && floor % 2n !== 0n)
          const expected = (floor + (up ? 1n : 0n)) * scale

          const { rows } = await sql<{ rounded: string }>`
            select (${sql.table('finance.round_half_even')}(${String(tenthousandths)}::numeric / 10000, ${digits}) * 10000)::numeric(38,0)::text
              as rounded`.execute(db)

          expect(rows[0]?.rounded).toBe(String(expected))
        },
      ),
      { numRuns: 200 },
    )
  })

  /** Floor division: the rest is never below zero. */
  function divide(a: bigint, b: bigint): [floor: bigint, rest: bigint] {
    const rest = ((a % b) + b) % b
    return [(a - rest) / b, rest]
  }
})

describe('transfers.reverse', () => {
  test('takes both sides back, once, and gives the same reversal again', async ({ db }) => {
    const { source, target, transfer, user_id } = await pair(db, ['USD', 'EUR'])
    const made = await transfers.create(db, transfer({ amount: '30', rate: '0.9333', rate_source: 'x' }))

    const reversal = await transfers.reverse(db, user_id, made.id, { memo: 'wrong account' })

    expect(reversal).toMatchObject({
      reverses_id: made.id,
      from_account_id: target.id,
      from_amount: made.to_amount,
      to_amount: made.from_amount,
      memo: 'wrong account',
    })
    expect([await balanceOf(db, source), await balanceOf(db, target)]).toEqual(['100.0000', '0.0000'])
    const sides = (await transactions.list(db, user_id)).rows.filter(({ transfer_id }) => transfer_id === reversal.id)
    expect(sides.map(({ reverses_id }) => reverses_id !== null)).toEqual([true, true])
    expect(await transfers.reverse(db, user_id, made.id)).toEqual(reversal)
    await expect(transfers.reverse(db, user_id, made.id, { idempotency_key: 'other' })).rejects.toMatchObject({
      constraint: 'transfers_reverses_id_key',
    })
  })

  test('needs the money to be there, or to be told that it may overdraw', async ({ db }) => {
    const { target, transfer, user_id } = await pair(db)
    const made = await transfers.create(db, transfer())
    await transactions.post(db, { user_id, account_id: target.id, date: '2026-03-02', merchant: 'x', amount: '-1' })

    await expect(transfers.reverse(db, user_id, made.id)).rejects.toThrow(InsufficientFundsError)
    await transfers.reverse(db, user_id, made.id, { overdraw: true })

    expect(await balanceOf(db, target)).toBe('-1.0000')
  })

  test('finds only completed transfers of the same user', async ({ db }) => {
    const { source, target, transfer, user_id } = await pair(db)
    const { id } = await transfers.create(db, transfer())
    const stranger = await createAccount(db)
    const byHand = await db
      .insertInto('finance.transfers')
      .values({
        user_id,
        from_account_id: source.id,
        from_amount: '1',
        from_currency: source.currency,
        to_account_id: target.id,
        to_amount: '1',
        to_currency: target.currency,
        date: '2026-03-02',
        status: 'pending',
        idempotency_key: 'by hand',
      })
      .returning('id')
      .executeTakeFirstOrThrow()

    await expect(transfers.reverse(db, stranger.user_id, id)).rejects.toThrow(NotFoundError)
    await expect(transfers.reverse(db, user_id, byHand.id)).rejects.toThrow(NotFoundError)
  })
})

test('a transfer is neither changed nor deleted, but its memo may', async ({ db }) => {
  const { transfer } = await pair(db)
  await transfers.create(db, transfer())

  await expect(db.updateTable('finance.transfers').set({ status: 'failed' }).execute()).rejects.toMatchObject({
    constraint: 'transfers_final',
  })
  await expect(db.deleteFrom('finance.transfers').execute()).rejects.toMatchObject({ constraint: 'transfers_kept' })
  await db.updateTable('finance.transfers').set({ memo: '' }).execute()
})

test('transfers.list gives newest first, page by page, by account, day and status', async ({ db }) => {
  const { transfer, user_id, target } = await pair(db)
  const third = await createAccount(db, { user_id })
  const made = []
  for (const [i, date] of ['2026-03-01', '2026-03-03', '2026-03-02'].entries()) {
    const to_account_id = i === 2 ? third.id : target.id
    made.unshift(await transfers.create(db, transfer({ amount: '1', date, to_account_id, idempotency_key: `${i}` })))
  }

  const first = await transfers.list(db, user_id, {}, { limit: 2 })
  const rest = await transfers.list(db, user_id, {}, { limit: 2, after: first.next as string })

  expect([...first.rows, ...rest.rows]).toEqual(made)
  expect((await transfers.list(db, user_id, { account_id: target.id })).rows).toEqual(made.slice(1))
  expect((await transfers.list(db, user_id, { from: '2026-03-02', to: '2026-03-02' })).rows).toEqual([made[0]])
  expect((await transfers.list(db, user_id, { status: 'failed' })).rows).toEqual([])
  expect(await transfers.find(db, (await createAccount(db)).user_id, made[0]?.id as string)).toBeUndefined()
})

test('transfers work on PGlite', async () => {
  await using embedded = await pgliteDb()
  const { db } = embedded
  const { source, target, transfer } = await pair(db, ['USD', 'EUR'])

  const made = await transfers.create(db, transfer({ rate: '0.91235', rate_source: 'x' }))
  expect([await balanceOf(db, source), await balanceOf(db, target)]).toEqual(['60.0000', '36.4900'])
  expect(await transfers.create(db, transfer({ rate: '0.91235', rate_source: 'x' }))).toEqual(made)
})
