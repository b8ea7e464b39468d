import { describe, expect } from 'vitest'
import type { Account, Db, NewAccount, NewTransaction } from '../../src/index.js'
import { InvalidInputError, investments, NotFoundError, reports, transactions, transfers } from '../../src/index.js'
import { createAccount, createTransaction, createUser } from '../people.js'
import { test } from '../support.js'

const year = { from: '2026-01-01', to: '2026-12-31' }

async function household(db: Db): Promise<{ user_id: string; checking: Account }> {
  const { id: user_id } = await createUser(db)
  const checking = await createAccount(db, { user_id, opening_balance: '1000' })
  const euros = await createAccount(db, { user_id, currency: 'EUR' })
  const add = (amount: string, category: string, merchant: string, date: string, account = checking) =>
    createTransaction(db, account, { amount, category, merchant, date })
  await add('3000.10', 'salary', 'Acme', '2026-01-31')
  await add('-1200', 'rent', 'Landlord', '2026-01-02')
  await add('-40.05', 'groceries', 'Corner shop', '2026-01-03')
  await add('-0.05', 'groceries', 'Corner shop', '2026-03-03')
  await add('-7', 'groceries', 'Épicerie', '2026-03-04', euros)
  // not spending: own money, a card payment, a pending row, another year
  await add('-500', 'transfer', 'Savings', '2026-01-05')
  await add('-300', 'credit_card_payment', 'Card', '2026-01-06')
  await createTransaction(db, checking, { amount: '-99', status: 'pending', date: '2026-01-07' })
  await add('-77', 'groceries', 'Corner shop', '2025-12-31')
  return { user_id, checking }
}

describe('reports', () => {
  test('sums spending by category, each currency on its own', async ({ db }) => {
    const { user_id } = await household(db)

    expect(await reports.spendingByCategory(db, user_id, year)).toEqual([
      { category: 'groceries', currency: 'EUR', spent: '7.0000', transactions: 1 },
      { category: 'rent', currency: 'USD', spent: '1200.0000', transactions: 1 },
      { category: 'groceries', currency: 'USD', spent: '40.1000', transactions: 2 },
    ])
  })

  test.for([
    'CAPITAL ONE CRCARDPMT',
    'SYNCHRONY BANK CC PYMT',
    'CC PAYMENT 000123',
    'AMERICAN EXPRESS ACH PMT A1234',
    'DISCOVER DES:E-PAYMENT ID:1318 INDN:ADA',
    'CHASE CREDIT CRD DES:AUTOPAY ID:7741',
    'AMERICAN EXP 3773 DDR',
    'Barclaycard',
    'BP MBNA 0275',
    'PRLV SEPA AMERICAN EXPRESS CARTE FRANCE ECH/140426',
    'SYNCHRONY BANK PAYMENT',
    'Splátka karty',
    '口座振替 ラクテンカ－ド',
    'ONLINE BANKING PAYMENT - 1961 MAPLE MASTERCARD',
    'Rechnung Kreditkarte',
    'INCASSO CREDITCARD',
    'RELEVÉ DIFFÉRÉ CARTE 4599',
    'ADDEBITO CARTA DI CREDITO',
    'LIQUIDACIÓN TARJETA DE CRÉDITO 4599',
    'PAGAMENTO FATURA CARTÃO',
    'SPLÁTKA KREDITNÍ KARTY',
    'SPŁATA ZADŁUŻENIA KARTY',
    'BETALING KREDITTKORT',
    'カードご利用代金',
  ])('does not call paying off a card spending: %s', async (merchant, { db }) => {
    const account = await createAccount(db)
    await createTransaction(db, account, { merchant, amount: '-300', date: '2026-02-01' })

    expect(await reports.spendingByCategory(db, account.user_id, year)).toEqual([])
  })

  test.for([
    'CARD PAYMENT TO TESCO',
    'HARFORD CC PAYMENT',
    'AMERICAN EXPRESS TRAVEL',
    'Barclaycard Arena',
    'PAYMENT TO TESCO VISA',
    'PAGO CON TARJETA DE CREDITO ZARA',
    'PAGAMENTO COM CARTAO DE CREDITO',
    'PAIEMENT CARTE 1203 FNAC',
    'PAGAMENTO CARTA ESSELUNGA',
    'PŁATNOŚĆ KARTĄ ŻABKA',
    'POPLATEK KREDITNÍ KARTA',
    'Kreditkort årsavgift',
    'Kreditkarte Jahresgebühr',
    'ポイントカード',
  ])('calls a purchase spending, however near its words: %s', async (merchant, { db }) => {
    const account = await createAccount(db)
    await createTransaction(db, account, { merchant, amount: '-300', date: '2026-02-01' })

    expect(await reports.topMerchants(db, account.user_id, year)).toMatchObject([{ merchant, spent: '300.0000' }])
  })

  describe('where shares are kept', () => {
    const counts = async (
      db: Db,
      row: Partial<NewTransaction>,
      account_type: NewAccount['account_type'] = 'investment',
    ) => {
      const account = await createAccount(db, { account_type, opening_balance: '1000' })
      await createTransaction(db, account, { amount: '-300', category: 'uncategorized', date: '2026-02-01', ...row })
      const [month] = await reports.cashFlowByMonth(db, account.user_id, { from: '2026-02-01', to: '2026-02-28' })
      return month === undefined ? undefined : month.net
    }

    test.for<[merchant: string, amount: string, category?: string]>([
      ['BUY VTSAX', '-300'],
      ['Vanguard', '-300', 'Stocks'],
      ['Vanguard Dividend Growth', '-300'],
      ['REINVESTMENT DIVIDEND VTI', '-300', 'Investment'],
      ['SELL VANGUARD DIVIDEND APPRECIATION', '300', 'TRANSFER_IN_OTHER_TRANSFER_IN'],
      ['VTSAX', '300', 'Sell'],
      ['Wertpapierkauf Steuerfreie Anleihe', '-300', 'Other'],
      ['PRODEJ CP ÚROKOVÝ FOND', '300'],
      ['売却 投信', '300'],
    ])(
      'neither spends nor earns by a deal: %s of %s under %s',
      async ([merchant, amount, category = 'uncategorized'], { db }) => {
        expect(await counts(db, { merchant, amount, category })).toBeUndefined()
        expect(await counts(db, { merchant, amount, category }, 'checking')).toBe(`${amount}.0000`)
      },
    )

    test.for<[merchant: string, amount: string, category?: string]>([
      ['Advisory fee', '-300'],
      ['ÚROK Z ÚVĚRU', '-300'],
      ['KAPITALERTRAGSTEUER', '-300'],
      ['VTSAX', '-300', 'TRADE_COMMISSIONS'],
      ['Corner shop', '-300', 'groceries'],
      ['DIVIDEND VTSAX', '300'],
      ['VTSAX', '300', 'Investment income'],
      ['INTEREST CREDIT', '300'],
      ['AUSSCHÜTTUNG MSCI WORLD', '300', 'other'],
    ])(
      'counts what is charged and earned: %s of %s under %s',
      async ([merchant, amount, category = 'uncategorized'], { db }) => {
        expect(await counts(db, { merchant, amount, category })).toBe(`${amount}.0000`)
      },
    )

    test('takes back a deal as it takes back anything', async ({ db }) => {
      const account = await createAccount(db, { account_type: 'investment' })
      const bought = await createTransaction(db, account, {
        merchant: 'BUY VTSAX',
        category: 'uncategorized',
        amount: '-300',
      })
      await transactions.reverse(db, account.user_id, bought.id, { date: '2026-03-02' })

      expect(await reports.cashFlowByMonth(db, account.user_id, year)).toEqual([])
    })
  })

  test('ranks merchants and stops at the limit of each currency', async ({ db }) => {
    const { user_id } = await household(db)

    expect(await reports.topMerchants(db, user_id, year, { limit: 1 })).toEqual([
      { merchant: 'Épicerie', currency: 'EUR', spent: '7.0000', transactions: 1, last_date: '2026-03-04' },
      { merchant: 'Landlord', currency: 'USD', spent: '1200.0000', transactions: 1, last_date: '2026-01-02' },
    ])
    expect(await reports.topMerchants(db, user_id, year)).toContainEqual({
      merchant: 'Corner shop',
      currency: 'USD',
      spent: '40.1000',
      transactions: 2,
      last_date: '2026-03-03',
    })
  })

  test('counts the first and the last day of the range', async ({ db }) => {
    const { user_id } = await household(db)
    const days = { from: '2026-01-02', to: '2026-01-03' }

    expect((await reports.spendingByCategory(db, user_id, days)).map(({ spent }) => spent)).toEqual([
      '1200.0000',
      '40.0500',
    ])
    expect((await reports.topMerchants(db, user_id, days)).map(({ spent }) => spent)).toEqual(['1200.0000', '40.0500'])
    expect(await reports.cashFlowByMonth(db, user_id, days)).toMatchObject([
      { income: '0.0000', spending: '1240.0500' },
    ])
  })

  test('says when money last went to a merchant, not when some came back', async ({ db }) => {
    const { user_id, checking } = await household(db)
    await createTransaction(db, checking, { amount: '5', merchant: 'Corner shop', date: '2026-06-01' })

    expect(await reports.topMerchants(db, user_id, year)).toContainEqual({
      merchant: 'Corner shop',
      currency: 'USD',
      spent: '40.1000',
      transactions: 2,
      last_date: '2026-03-03',
    })
  })

  test('shows every month of the range, also the empty ones', async ({ db }) => {
    const { user_id } = await household(db)

    const flow = await reports.cashFlowByMonth(db, user_id, { from: '2026-01-15', to: '2026-03-10' })

    expect(flow.filter(({ currency }) => currency === 'USD')).toEqual([
      { month: '2026-01', currency: 'USD', income: '3000.1000', spending: '0.0000', net: '3000.1000' },
      { month: '2026-02', currency: 'USD', income: '0.0000', spending: '0.0000', net: '0.0000' },
      { month: '2026-03', currency: 'USD', income: '0.0000', spending: '0.0500', net: '-0.0500' },
    ])
    expect(flow.filter(({ currency }) => currency === 'EUR').map(({ spending }) => spending)).toEqual([
      '0.0000',
      '0.0000',
      '7.0000',
    ])
  })

  test('counts a reversal against what it takes back', async ({ db }) => {
    const { user_id, checking } = await household(db)
    const wrong = await createTransaction(db, checking, { amount: '-250', category: 'travel', date: '2026-05-01' })
    await db
      .insertInto('finance.transactions')
      .values({
        user_id,
        account_id: checking.id,
        currency: 'USD',
        date: '2026-05-02',
        merchant: wrong.merchant,
        category: 'travel',
        amount: '250',
        reverses_id: wrong.id,
      })
      .execute()

    const categories = (await reports.spendingByCategory(db, user_id, year)).map(({ category }) => category)
    const may = await reports.cashFlowByMonth(db, user_id, { from: '2026-05-01', to: '2026-05-31' })

    expect(categories).not.toContain('travel')
    expect(may).toEqual([{ month: '2026-05', currency: 'USD', income: '0.0000', spending: '0.0000', net: '0.0000' }])
  })

  test('follows a balance day by day and ends at the balance of today', async ({ db }) => {
    const { user_id, checking } = await household(db)

    const days = await reports.balanceHistory(db, user_id, checking.id, { from: '2026-01-01', to: '2026-01-04' })
    const all = await reports.balanceHistory(db, user_id, checking.id, { from: '2025-12-30', to: '2026-12-31' })

    expect(days).toEqual([
      { day: '2026-01-01', balance: '923.0000' },
      { day: '2026-01-02', balance: '-277.0000' },
      { day: '2026-01-03', balance: '-317.0500' },
      { day: '2026-01-04', balance: '-317.0500' },
    ])
    expect(all[0]).toEqual({ day: '2025-12-30', balance: '1000.0000' })
    const { balance } = await db
      .selectFrom('finance.accounts')
      .select('balance')
      .where('id', '=', checking.id)
      .executeTakeFirstOrThrow()
    expect(all.at(-1)?.balance).toBe(balance)
    expect(all).toHaveLength(367)
  })

  test('begins a balance with all that was posted before, and nothing of the first day', async ({ db }) => {
    const { user_id, checking } = await household(db)
    await createTransaction(db, checking, { amount: '-99', status: 'pending', date: '2025-12-30' })

    const days = await reports.balanceHistory(db, user_id, checking.id, { from: '2026-01-03', to: '2026-01-03' })

    expect(days).toEqual([{ day: '2026-01-03', balance: '-317.0500' }])
  })

  test('does not count a transfer that was given another category, nor a row of zero', async ({ db }) => {
    const { user_id, checking } = await household(db)
    const savings = await createAccount(db, { user_id, account_type: 'savings' })
    const { id } = await transfers.create(db, {
      user_id,
      from_account_id: checking.id,
      to_account_id: savings.id,
      amount: '60',
      date: '2026-01-08',
      idempotency_key: 'k',
    })
    await db
      .updateTable('finance.transactions')
      .set({ category: 'groceries' })
      .where('user_id', '=', user_id)
      .where('transfer_id', '=', id)
      .execute()
    await createTransaction(db, checking, { amount: '0', category: 'groceries', date: '2026-01-08' })

    expect(await reports.spendingByCategory(db, user_id, year)).toContainEqual({
      category: 'groceries',
      currency: 'USD',
      spent: '40.1000',
      transactions: 2,
    })
  })

  test('weighs assets, debts and holdings in each currency', async ({ db }) => {
    const { id: user_id } = await createUser(db)
    const broker = await createAccount(db, { user_id, account_type: 'investment', opening_balance: '100' })
    await createAccount(db, { user_id, account_type: 'credit_card', opening_balance: '-250.25' })
    await createAccount(db, { user_id, currency: 'JPY', opening_balance: '5000' })
    await db
      .insertInto('finance.investments')
      .values({
        user_id,
        account_id: broker.id,
        symbol: 'BTC',
        name: 'Bitcoin',
        asset_class: 'cryptocurrency',
        quantity: '0.0000000003',
        cost_basis: '1',
        price: '1000000000000.5',
        price_date: '2026-01-01',
        currency: 'USD',
      })
      .execute()

    expect(await reports.netWorth(db, user_id)).toEqual([
      { currency: 'JPY', assets: '5000.0000', debts: '0.0000', net: '5000.0000' },
      { currency: 'USD', assets: '400.0000', debts: '250.2500', net: '149.7500' },
    ])
  })

  test('shows nobody else', async ({ db }) => {
    const { user_id, checking } = await household(db)
    const { id: stranger } = await createUser(db)
    await investments.create(db, {
      user_id,
      account_id: checking.id,
      symbol: 'VTI',
      name: 'A fund',
      asset_class: 'etf',
      quantity: '1',
      cost_basis: '1',
      price: '1',
      price_date: '2026-01-01',
      currency: 'USD',
    })

    expect(await reports.spendingByCategory(db, stranger, year)).toEqual([])
    expect(await reports.cashFlowByMonth(db, stranger, year)).toEqual([])
    expect(await reports.netWorth(db, stranger)).toEqual([])
    await expect(reports.balanceHistory(db, stranger, checking.id, year)).rejects.toThrow(NotFoundError)
  })

  test('refuses a range that ends before it starts', async ({ db }) => {
    const { id } = await createUser(db)

    await expect(reports.netWorth(db, id)).resolves.toEqual([])
    await expect(reports.topMerchants(db, id, { from: '2026-02-01', to: '2026-01-01' })).rejects.toThrow(
      InvalidInputError,
    )
    await expect(reports.cashFlowByMonth(db, id, { from: 'x', to: '2026-01-01' })).rejects.toThrow(InvalidInputError)
  })
})
