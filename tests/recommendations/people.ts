import type { Kysely } from 'kysely'
import { consents, type Db, personas, signals } from '../../src/index.js'
import type { Database } from '../../src/schema/index.js'
import { createAccount } from '../people.js'
import { accountWith, book, charged, everyMonth, type Row } from '../signals/charges.js'

export const as_of = '2026-06-30'

const pay = everyMonth('2026-01-28', 6).map((day): Row => [day, 'Acme', '3000.00', { category: 'salary' }])
const shops = everyMonth('2026-01-29', 6).map((day, i): Row => [day, `Shop ${'abcdef'[i]}`, '-2500.00'])

/** Someone with pay, and purchases that use most of it up. */
export async function plainPerson(db: Kysely<Database>, more: readonly Row[] = [], consenting = true): Promise<string> {
  const { user_id } = await accountWith(db, [...pay, ...shops, ...more])
  if (consenting) await consents.grant(db, { user_id })
  return user_id
}

/** `subscription_heavy`: three subscriptions of 20 a month. */
export async function subscriber(db: Kysely<Database>, consenting = true): Promise<string> {
  const services = ['Streamhouse', 'Tunewave', 'Gym'].flatMap((name) =>
    charged(name, '-20.00', ...everyMonth('2026-01-04', 6)),
  )
  return plainPerson(db, services, consenting)
}

/** `high_utilization`: a card that owes 800 of 1,000. */
export async function debtor(db: Kysely<Database>): Promise<string> {
  const user_id = await plainPerson(db)
  await createAccount(db, {
    user_id,
    name: 'Blue card',
    account_type: 'credit_card',
    credit_limit: '1000',
    opening_balance: '-800',
  })
  return user_id
}

/** `savings_builder`: 250 a month on top of 1,000. */
export async function saver(db: Kysely<Database>): Promise<string> {
  const user_id = await plainPerson(db)
  const savings = await createAccount(db, { user_id, account_type: 'savings', opening_balance: '1000' })
  await book(
    db,
    savings,
    everyMonth('2026-01-17', 6).map((day): Row => [day, 'Monthly savings', '250.00', { category: 'transfer' }]),
  )
  return user_id
}

/** `variable_income_budgeter`: paid every two months, and nearly all of it spent. */
export async function freelancer(db: Kysely<Database>): Promise<string> {
  const { user_id } = await accountWith(db, [
    ['2026-02-01', 'Client A', '3000.00'],
    ['2026-04-01', 'Client B', '5000.00'],
    ['2026-06-01', 'Client C', '3000.00'],
    ['2026-06-10', 'Shop', '-10500.00'],
  ])
  await consents.grant(db, { user_id })
  return user_id
}

export async function judge(db: Db): Promise<void> {
  await signals.compute(db, { as_of })
  await personas.assign(db, { as_of })
}
