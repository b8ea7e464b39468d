import { describe, expect } from 'vitest'
import { createAccount } from '../people.js'
import { test } from '../support.js'
import { checksOf, insertRaw } from './check-constraints.js'

type Row = Record<string, string | null>

const converted = { to_currency: 'EUR', rate: '0.5', rate_source: 'x' }
const accepted = {
  status: 'accepted',
  to_account_id: '01890000-0000-7000-8000-00000000000a',
  to_amount: '10',
  to_currency: 'USD',
}
const notPositive = ['0', '-0.0001', 'NaN']
const beyondDays = ['infinity', '-infinity', '0001-12-31 BC', '10000-01-01']

/** What breaks each check of the tables that hold money, and no other that Postgres looks at before it. */
const broken: Readonly<Record<string, Readonly<Record<string, readonly Row[]>>>> = {
  accounts: {
    accounts_account_number_last4_check: [{ account_number_last4: '12345' }, { account_number_last4: '' }],
    accounts_account_type_check: [{ account_type: 'purse' }],
    accounts_credit_limit_check: [{ credit_limit: '-0.0001' }, { credit_limit: 'NaN' }],
    accounts_currency_check: [{ currency: 'usd' }, { currency: 'US' }],
    accounts_minimum_balance_check: [{ minimum_balance: '0.0001' }, { minimum_balance: 'NaN' }],
    accounts_name_check: [{ name: '' }],
    accounts_opening_balance_check: [{ opening_balance: 'NaN' }],
    accounts_status_check: [{ status: 'lost' }],
  },
  transactions: {
    transactions_amount_check: [{ amount: 'NaN' }],
    transactions_category_check: [{ category: '' }],
    transactions_date_check: beyondDays.map((date) => ({ date })),
    transactions_external_id_check: [{ external_id: '' }],
    transactions_posted_at_check: [{ posted_at: null }, { status: 'pending' }, { status: 'released' }],
    transactions_status_check: [{ status: 'lost', posted_at: null }],
  },
  transfers: {
    transfers_date_check: beyondDays.map((date) => ({ date })),
    transfers_from_amount_check: notPositive.map((amount) => ({ from_amount: amount, to_amount: amount })),
    transfers_rate_check: [
      { to_amount: '9.9999' },
      { to_amount: '10.0001' },
      { to_currency: 'EUR' },
      { ...converted, rate_source: null },
      { ...converted, rate: null },
      { ...converted, to_currency: 'USD' },
      ...notPositive.map((rate) => ({ ...converted, rate })),
    ],
    transfers_status_check: [{ status: 'lost' }],
    transfers_to_account_id_check: [{ to_account_id: accepted.to_account_id, from_account_id: accepted.to_account_id }],
    transfers_to_amount_check: notPositive.map((to_amount) => ({ ...converted, to_amount })),
  },
  p2p_transfers: {
    p2p_transfers_accepted_check: [
      { ...accepted, status: 'pending' },
      { ...accepted, status: 'declined' },
      { ...accepted, to_account_id: null },
      { ...accepted, to_amount: null },
      { ...accepted, to_currency: null },
    ],
    p2p_transfers_amount_check: notPositive.map((amount) => ({ amount })),
    p2p_transfers_rate_check: [
      { ...accepted, to_amount: '9.9999' },
      { ...accepted, to_amount: '10.0001' },
      { ...accepted, to_currency: 'EUR' },
      { ...accepted, ...converted, rate_source: null },
      { ...accepted, ...converted, rate: null },
      { ...accepted, rate: '1', rate_source: 'x' },
      ...notPositive.map((rate) => ({ ...accepted, ...converted, rate })),
    ],
    p2p_transfers_recipient_id_check: [{ recipient_id: 'the sender' }],
    p2p_transfers_status_check: [{ status: 'lost' }],
    p2p_transfers_to_amount_check: notPositive.map((to_amount) => ({ ...accepted, ...converted, to_amount })),
  },
}

describe('whoever writes, the database refuses what breaks', () => {
  test.for(
    Object.entries(broken).flatMap(([table, checks]) =>
      Object.entries(checks).flatMap(([check, rows]) => rows.map((row) => ({ table, check, row }))),
    ),
  )('$check: $row', async ({ table, check, row }, { db }) => {
    const { user_id, id } = await createAccount(db)
    const { user_id: friend, id: other } = await createAccount(db)
    const from = { user_id, from_account_id: id, idempotency_key: 'k' }
    const right: Readonly<Record<string, Row>> = {
      accounts: { user_id, account_type: 'checking', name: 'x' },
      transactions: {
        user_id,
        account_id: id,
        date: '2026-03-01',
        merchant: 'x',
        amount: '1',
        currency: 'USD',
        posted_at: 'now',
      },
      transfers: {
        ...from,
        to_account_id: other,
        from_amount: '10',
        from_currency: 'USD',
        to_amount: '10',
        to_currency: 'USD',
        date: '2026-03-01',
      },
      p2p_transfers: { ...from, recipient_id: friend, amount: '10', currency: 'USD' },
    }
    const values = { ...right[table], ...row, ...(row.recipient_id !== undefined && { recipient_id: user_id }) }

    await expect(insertRaw(db, table, values)).rejects.toMatchObject({ constraint: check })
  })

  test('every check of these tables', async ({ db }) => {
    expect(await checksOf(db, Object.keys(broken))).toEqual(Object.values(broken).flatMap(Object.keys).sort())
  })
})
