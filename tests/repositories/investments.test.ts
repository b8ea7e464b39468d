import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect, test as plain } from 'vitest'
import type { Account, Db, Investment, NewInvestment, SymbolPrice } from '../../src/index.js'
import {
  ConflictError,
  createFinanceDb,
  InvalidInputError,
  investments,
  MissingReferenceError,
  migrate,
  NotFoundError,
  reports,
  transaction,
} from '../../src/index.js'
import { emptyPGlite } from '../empty-pglite.js'
import { createAccount, createUser } from '../people.js'
import { waitingIn } from '../server.js'
import { freshDatabase, test } from '../support.js'

const made = { count: 0 }

function newInvestment(account: Account, overrides: Partial<NewInvestment> = {}): NewInvestment {
  return {
    user_id: account.user_id,
    account_id: account.id,
    symbol: `SYM${++made.count}`,
    name: 'A fund',
    asset_class: 'etf',
    quantity: '10',
    cost_basis: '100',
    price: '12.5',
    price_date: '2026-03-01',
    currency: 'USD',
    ...overrides,
  }
}

const createBroker = (db: Db, overrides = {}) => createAccount(db, { account_type: 'investment', ...overrides })

async function createInvestment(db: Db, overrides: Partial<NewInvestment> = {}): Promise<Investment> {
  return investments.create(db, newInvestment(await createBroker(db), overrides))
}

const price = (overrides: Partial<SymbolPrice> = {}): SymbolPrice => ({
  symbol: 'VTI',
  currency: 'USD',
  price: '300',
  price_date: '2026-03-02',
  ...overrides,
})

/** In ten-thousandths. */
const units = (money: string) => {
  const [whole = '', fraction = ''] = money.split('.')
  return BigInt(whole + fraction.padEnd(4, '0'))
}

describe('investments', () => {
  test('keep every digit of coins and prices', async ({ db }) => {
    const exact = { quantity: '-123456789012345678.0123456789', price: '999999999999999999.9999999999' }
    const holding = await createInvestment(db, exact)

    const { holdings } = await investments.valuation(db, holding.user_id)
    expect(holdings[0]?.value).toBe('-123456789012345678012345678887654321.0988')
    expect(holding).toMatchObject({ ...exact, cost_basis: '100.0000', price_date: '2026-03-01' })
    expect(await investments.get(db, holding.user_id, holding.id)).toEqual(holding)
  })

  test.for([
    { quantity: 1 },
    { quantity: '1e3' },
    { quantity: '1.00000000001' },
    { quantity: '1234567890123456789' },
    { price: '-1' },
    { cost_basis: '-1' },
    { price_date: '2026-02-30' },
    { currency: 'usd' },
    { symbol: '' },
    { asset_class: 'stocks' },
  ])('refuse %o', async (wrong, { db }) => {
    await expect(createInvestment(db, wrong as Partial<NewInvestment>)).rejects.toThrow(InvalidInputError)
  })

  test('are one a symbol and account', async ({ db }) => {
    const account = await createBroker(db)
    const other = await createBroker(db, { user_id: account.user_id })
    await investments.create(db, newInvestment(account, { symbol: 'VTI' }))

    await expect(investments.create(db, newInvestment(account, { symbol: 'VTI' }))).rejects.toThrow(ConflictError)
    await expect(
      investments.createMany(db, [newInvestment(account), newInvestment(account, { symbol: 'VTI' })]),
    ).rejects.toThrow(ConflictError)
    await investments.create(db, newInvestment(other, { symbol: 'VTI' }))

    expect((await investments.list(db, account.user_id)).rows).toHaveLength(2)
  })

  test('belong to an account of their user, and open through no other', async ({ db }) => {
    const holding = await createInvestment(db)
    const { id: stranger } = await createUser(db)

    const foreign = { ...newInvestment(await createBroker(db)), user_id: stranger }
    await expect(investments.create(db, foreign)).rejects.toThrow(MissingReferenceError)
    await expect(investments.get(db, stranger, holding.id)).rejects.toThrow(NotFoundError)
    await expect(investments.update(db, stranger, holding.id, { quantity: '1' })).rejects.toThrow(NotFoundError)
    await expect(investments.remove(db, stranger, holding.id)).rejects.toThrow(NotFoundError)
    expect(await investments.find(db, stranger, holding.id)).toBeUndefined()
    expect(await investments.valuation(db, stranger)).toEqual({ holdings: [], by_currency: [] })
    expect(await investments.allocation(db, stranger)).toEqual([])
  })

  test('list in the order they were added, filtered and page by page', async ({ db }) => {
    const account = await createBroker(db)
    const [first, second, third] = await investments.createMany(db, [
      newInvestment(account, { symbol: 'VTI' }),
      newInvestment(account, { asset_class: 'cryptocurrency' }),
      newInvestment(account, { currency: 'EUR' }),
    ])
    await createInvestment(db)
    const { user_id } = account

    const page = await investments.list(db, user_id, {}, { limit: 2 })
    const rest = await investments.list(db, user_id, {}, { limit: 2, after: page.next ?? undefined })

    expect([...page.rows, ...rest.rows]).toEqual([first, second, third])
    expect(rest.next).toBeNull()
    expect((await investments.list(db, user_id, { symbol: 'VTI' })).rows).toEqual([first])
    expect((await investments.list(db, user_id, { asset_class: 'cryptocurrency' })).rows).toEqual([second])
    expect((await investments.list(db, user_id, { currency: 'EUR' })).rows).toEqual([third])
    expect((await investments.list(db, user_id, { account_id: user_id })).rows).toEqual([])
  })

  test('change, with a price only together with its day, and go', async ({ db }) => {
    const { user_id, id } = await createInvestment(db)

    expect(await investments.update(db, user_id, id, { quantity: '7', cost_basis: '70' })).toMatchObject({
      quantity: '7.0000000000',
      cost_basis: '70.0000',
      price: '12.5000000000',
    })
    expect(await investments.update(db, user_id, id, { price: '1', price_date: '2020-01-01' })).toMatchObject({
      price_date: '2020-01-01',
    })
    await expect(investments.update(db, user_id, id, { price: '1' })).rejects.toThrow(InvalidInputError)
    await investments.remove(db, user_id, id)
    await expect(investments.remove(db, user_id, id)).rejects.toThrow(NotFoundError)
  })
})

describe('prices', () => {
  test('reach the holdings of everybody in that symbol and currency', async ({ db }) => {
    const mine = await createInvestment(db, { symbol: 'VTI' })
    const theirs = await createInvestment(db, { symbol: 'VTI' })
    const euros = await createInvestment(db, { symbol: 'VTI', currency: 'EUR' })
    const other = await createInvestment(db, { symbol: 'BND' })

    expect(await investments.setPrice(db, price({ price: '300.0000000001' }))).toBe(2)

    for (const { user_id, id } of [mine, theirs]) {
      expect(await investments.get(db, user_id, id)).toMatchObject({
        price: '300.0000000001',
        price_date: '2026-03-02',
      })
    }
    for (const same of [euros, other]) expect(await investments.get(db, same.user_id, same.id)).toEqual(same)
  })

  test('never replace that of a later day, and the last of a day counts', async ({ db }) => {
    const { user_id, id } = await createInvestment(db, { symbol: 'VTI', price: '10', price_date: '2026-03-02' })
    const now = async () => (await investments.get(db, user_id, id)).price

    expect(await investments.setPrice(db, price({ price: '9', price_date: '2026-03-01' }))).toBe(0)
    expect(await now()).toBe('10.0000000000')
    expect(await investments.setPrice(db, price({ price: '10.0' }))).toBe(0)
    expect(await investments.setPrice(db, price({ price: '11' }))).toBe(1)
    expect(await now()).toBe('11.0000000000')
    expect(await investments.setPrice(db, price({ price: '12', price_date: '2026-03-03' }))).toBe(1)
    expect(await now()).toBe('12.0000000000')
  })

  test('are set many at once, each symbol in its currencies', async ({ db }) => {
    const dollars = await createInvestment(db, { symbol: 'VTI' })
    const euros = await createInvestment(db, { symbol: 'VTI', currency: 'EUR' })
    const prices = [price(), price({ price: '270', currency: 'EUR' }), price({ symbol: 'NONE' })]

    expect(await investments.setPrices(db, [])).toBe(0)
    expect(await investments.setPrices(db, prices)).toBe(2)
    expect(await investments.get(db, dollars.user_id, dollars.id)).toMatchObject({ price: '300.0000000000' })
    expect(await investments.get(db, euros.user_id, euros.id)).toMatchObject({ price: '270.0000000000' })
    await expect(investments.setPrices(db, [price(), price({ price: '1' })])).rejects.toThrow(InvalidInputError)
    await expect(investments.setPrice(db, price({ price: '-1' }))).rejects.toThrow(InvalidInputError)
  })

  plain('of an older day give way to one that was waited for', { timeout: 60_000 }, async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const { user_id, id } = await createInvestment(db, { symbol: 'VTI' })

    const older = await transaction(db, async (trx) => {
      await investments.setPrice(trx, price({ price: '5', price_date: '2026-03-05' }))
      const set = investments.setPrice(db, price({ price: '3', price_date: '2026-03-03' }))
      await expect.poll(() => waitingIn(db), { timeout: 10_000 }).toBe(1)
      return { set }
    })

    expect(await older.set).toBe(0)
    expect(await investments.get(db, user_id, id)).toMatchObject({ price: '5.0000000000', price_date: '2026-03-05' })
  })

  plain('end at the newest day when two feeds race, without deadlocks', { timeout: 60_000 }, async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const symbols = ['AAA', 'BBB', 'CCC', 'DDD']
    for (let i = 0; i < 5; i++) {
      const account = await createBroker(db)
      await investments.createMany(
        db,
        symbols.map((symbol) => newInvestment(account, { symbol })),
      )
    }
    const feed = (days: number[], order: readonly string[]) =>
      days.map((day) =>
        investments.setPrices(
          db,
          order.map((symbol) => price({ symbol, price: `${day}`, price_date: `2026-04-${day}` })),
        ),
      )

    await Promise.all([
      ...feed([30, 12, 25, 11, 29, 14, 21], symbols),
      ...feed([13, 28, 10, 27, 22, 26, 24], symbols.toReversed()),
    ])

    const rows = await db.selectFrom('finance.investments').select(['price']).execute()
    expect(rows).toHaveLength(20)
    expect(new Set(rows.map((row) => row.price))).toEqual(new Set(['30.0000000000']))
  })
})

describe('the valuation', () => {
  test('gives a day that the zone of the session never had', async ({ db }) => {
    const price_date = '2011-12-30'
    const { user_id } = await createInvestment(db, { price_date })

    const { holdings, by_currency } = await transaction(db, async (trx) => {
      await sql`set local timezone to 'Pacific/Apia'`.execute(trx)
      return investments.valuation(trx, user_id)
    })

    expect(holdings).toMatchObject([{ price_date }])
    expect(by_currency).toMatchObject([{ oldest_price_date: price_date }])
  })

  test('gives value, cost and gain of each holding, and by currency', async ({ db }) => {
    const account = await createBroker(db)
    const { user_id } = account
    await investments.createMany(db, [
      newInvestment(account, { symbol: 'LONG', quantity: '10', cost_basis: '100', price: '12.5' }),
      newInvestment(account, {
        symbol: 'SHORT',
        quantity: '-4',
        cost_basis: '80',
        price: '15',
        price_date: '2026-02-27',
      }),
      newInvestment(account, { symbol: 'GIFT', quantity: '1', cost_basis: '0', price: '5' }),
      newInvestment(account, { symbol: 'EURO', quantity: '3', cost_basis: '9', price: '2', currency: 'EUR' }),
    ])

    const { holdings, by_currency } = await investments.valuation(db, user_id, { as_of: '2026-03-03' })

    const seen = holdings.map(({ symbol, value, cost, gain, gain_ratio, price_age_days }) => [
      symbol,
      value,
      cost,
      gain,
      gain_ratio,
      price_age_days,
    ])
    expect(seen).toEqual([
      ['EURO', '6.0000', '9.0000', '-3.0000', '-0.333333', 2],
      ['LONG', '125.0000', '100.0000', '25.0000', '0.250000', 2],
      ['GIFT', '5.0000', '0.0000', '5.0000', null, 2],
      // Sold for 80, now worth 60: buying back would leave 20.
      ['SHORT', '-60.0000', '-80.0000', '20.0000', '0.250000', 4],
    ])
    expect(by_currency).toEqual([
      {
        currency: 'EUR',
        holdings: 1,
        value: '6.0000',
        cost: '9.0000',
        gain: '-3.0000',
        gain_ratio: '-0.333333',
        oldest_price_date: '2026-03-01',
      },
      {
        currency: 'USD',
        holdings: 3,
        value: '70.0000',
        cost: '20.0000',
        gain: '50.0000',
        gain_ratio: '0.277778',
        oldest_price_date: '2026-02-27',
      },
    ])
    expect((await investments.valuation(db, user_id)).holdings[0]?.price_age_days).toBeNull()
    expect((await investments.valuation(db, user_id, { account_id: user_id })).holdings).toEqual([])
    expect(Object.keys(holdings[0] ?? {}).filter((name) => name.startsWith('total_'))).toEqual([])
  })

  test('rounds each holding half away from zero, adds up, and agrees with the net worth', async ({ db }) => {
    const account = await createBroker(db)
    await investments.createMany(db, [
      newInvestment(account, { quantity: '0.00005', price: '1' }),
      newInvestment(account, { quantity: '0.00005', price: '1' }),
      newInvestment(account, { quantity: '0.00005', price: '1' }),
      newInvestment(account, { quantity: '-0.00025', price: '1' }),
      newInvestment(account, { quantity: '0.00004', price: '1' }),
    ])

    const { holdings, by_currency } = await investments.valuation(db, account.user_id)

    expect(holdings.map(({ value }) => value)).toEqual(['0.0001', '0.0001', '0.0001', '0.0000', '-0.0003'])
    expect(by_currency[0]).toMatchObject({ value: '0.0000', holdings: 5 })
    expect(await reports.netWorth(db, account.user_id)).toMatchObject([{ net: '0.0000' }])
  })

  test('and the allocation hold for any holdings', { timeout: 60_000 }, async ({ db }) => {
    const decimal = (whole: number, digits: number) =>
      fc.tuple(fc.nat(whole), fc.nat(10 ** digits - 1)).map(([a, b]) => `${a}.${String(b).padStart(digits, '0')}`)
    const holding = fc.record({
      asset_class: fc.constantFrom('equity', 'etf', 'cash', 'commodity', 'other', 'real_estate', 'derivative'),
      currency: fc.constantFrom('USD', 'EUR'),
      quantity: fc.tuple(fc.constantFrom('', '', '-'), decimal(100, 8)).map(([sign, number]) => sign + number),
      cost_basis: fc.oneof(fc.constant('0'), decimal(1000, 4)),
      price: fc.oneof(fc.constant('0'), decimal(1000, 9)),
    } as const)

    await fc.assert(
      fc.asyncProperty(fc.array(holding, { minLength: 1, maxLength: 12 }), async (given) => {
        const account = await createBroker(db)
        await investments.createMany(
          db,
          given.map((overrides) => newInvestment(account, overrides as Partial<NewInvestment>)),
        )

        const { holdings, by_currency } = await investments.valuation(db, account.user_id)
        const shares = await investments.allocation(db, account.user_id)

        expect(by_currency.map(({ currency }) => currency)).toEqual([...new Set(given.map((g) => g.currency))].sort())
        for (const total of by_currency) {
          const mine = holdings.filter(({ currency }) => currency === total.currency)
          const sum = (of: 'value' | 'cost' | 'gain') => mine.reduce((all, one) => all + units(one[of]), 0n)
          for (const of of ['value', 'cost', 'gain'] as const) expect(sum(of)).toBe(units(total[of]))
          expect(sum('gain')).toBe(sum('value') - sum('cost'))

          const parts = shares.filter(({ currency }) => currency === total.currency)
          const exposure = parts.reduce((all, part) => all + units(part.exposure), 0n)
          expect(parts.reduce((all, part) => all + units(part.value), 0n)).toBe(sum('value'))
          if (exposure === 0n) {
            expect(parts.every(({ ratio }) => ratio === null)).toBe(true)
            continue
          }
          const millionths = parts.map(({ ratio }) => BigInt((ratio as string).replace('.', '')))
          expect(millionths.reduce((all, part) => all + part, 0n)).toBe(1_000_000n)
          // None is further from its true share than the millionth that may have been given to it.
          for (const [i, part] of parts.entries()) {
            const off = (millionths[i] as bigint) * exposure - units(part.exposure) * 1_000_000n
            expect(off < exposure && off > -exposure).toBe(true)
          }
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe('the allocation', () => {
  test('gives the millionths that are missing to those that lost most', async ({ db }) => {
    const account = await createBroker(db)
    await investments.createMany(
      db,
      (['equity', 'etf', 'cash'] as const).map((asset_class) => newInvestment(account, { asset_class })),
    )

    const shares = await investments.allocation(db, account.user_id)

    expect(shares.map(({ asset_class, ratio }) => [asset_class, ratio])).toEqual([
      ['cash', '0.333334'],
      ['equity', '0.333333'],
      ['etf', '0.333333'],
    ])
  })

  test('counts short positions by their size', async ({ db }) => {
    const account = await createBroker(db)
    await investments.createMany(db, [
      newInvestment(account, { asset_class: 'equity', quantity: '3', price: '100' }),
      newInvestment(account, { asset_class: 'equity', quantity: '-3', price: '100' }),
      newInvestment(account, { asset_class: 'cash', quantity: '200', price: '1' }),
      newInvestment(account, { asset_class: 'other', quantity: '0', price: '1', currency: 'EUR' }),
    ])

    expect(await investments.allocation(db, account.user_id)).toEqual([
      { currency: 'EUR', asset_class: 'other', holdings: 1, value: '0.0000', exposure: '0.0000', ratio: null },
      { currency: 'USD', asset_class: 'equity', holdings: 2, value: '0.0000', exposure: '600.0000', ratio: '0.750000' },
      { currency: 'USD', asset_class: 'cash', holdings: 1, value: '200.0000', exposure: '200.0000', ratio: '0.250000' },
    ])
  })
})

plain('all of it works on PGlite, in a schema of another name', { timeout: 60_000 }, async () => {
  const pglite = await emptyPGlite()
  const db = createFinanceDb({ pglite, schema: 'money' }, {})
  await migrate(db, { vector: 'off' })
  const { user_id } = await createInvestment(db, { symbol: 'VTI' })

  expect(await investments.setPrice(db, price({ price: '20' }))).toBe(1)
  const { holdings, by_currency } = await investments.valuation(db, user_id, { as_of: '2026-03-05' })
  expect(holdings).toMatchObject([{ value: '200.0000', gain: '100.0000', gain_ratio: '1.000000', price_age_days: 3 }])
  expect(by_currency).toMatchObject([{ holdings: 1, value: '200.0000' }])
  expect(await investments.allocation(db, user_id)).toMatchObject([{ ratio: '1.000000', exposure: '200.0000' }])
  await db.destroy()
  await pglite.close()
})
