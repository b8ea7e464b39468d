import type { Kysely } from 'kysely'
import { accounts, transactions, users } from '../src/index.js'
import type { Database } from '../src/schema/index.js'

/** The last day with rows; signals are computed as of it. */
export const asOf = '2026-06-30'
/** How many days the rows of a person go back. */
const days = 365

const shops = Array.from(
  { length: 60 },
  (_, i) => `${['Market', 'Cafe', 'Fuel', 'Diner', 'Books', 'Pharmacy'][i % 6]} ${i}`,
)
const services = ['Streamhouse', 'Tunewave', 'Ironworks Gym', 'Cloudkeep', 'Daily Ledger', 'Lingua Pro', 'Arcade Pass']

/** The same number gives the same rows. */
export function createRandom(seed: number) {
  let state = seed
  return (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

export const dayText = (ago: number) => new Date(Date.parse(asOf) - ago * 86_400_000).toISOString().slice(0, 10)
export const cents = (amount: number) => (amount / 100).toFixed(2)

export interface BenchPeople {
  readonly users: readonly string[]
  /** Of each user: checking, savings, card. */
  readonly accounts: ReadonlyArray<readonly [string, string, string]>
}

/** People with pay, rent, bills, subscriptions, savings, a card that is paid off, and purchases: `rowsEach` rows each. */
export async function createBenchPeople(db: Kysely<Database>, count: number, rowsEach: number): Promise<BenchPeople> {
  const people = await users.createMany(
    db,
    Array.from({ length: count }, (_, i) => ({ email: `signals${i}@example.org` })),
  )
  const opened = await accounts.createMany(
    db,
    people.flatMap(({ id: user_id }) => [
      { user_id, account_type: 'checking' as const, name: 'Everyday', opening_balance: '3000' },
      { user_id, account_type: 'savings' as const, name: 'Rainy days', opening_balance: '5000' },
      { user_id, account_type: 'credit_card' as const, name: 'Card', opening_balance: '-500', credit_limit: '5000' },
    ]),
  )
  const made: BenchPeople = {
    users: people.map(({ id }) => id),
    accounts: people.map((_, i) => opened.slice(3 * i, 3 * i + 3).map(({ id }) => id) as [string, string, string]),
  }
  await transactions.import(db, rows(made, rowsEach), { source: 'bench' })
  return made
}

function* rows(people: BenchPeople, rowsEach: number): Generator<transactions.ImportRow> {
  for (const [person, user_id] of people.users.entries()) {
    const random = createRandom(person + 1)
    const [checking, savings, card] = people.accounts[person] as readonly [string, string, string]
    const mine: transactions.ImportRow[] = []
    const enter = (account_id: string, ago: number, merchant: string, amount: number, category: string) =>
      mine.push({ user_id, account_id, date: dayText(ago), merchant, amount: cents(amount), category, currency: 'USD' })

    for (let ago = 364; ago >= 0; ago--) {
      const date = Number(dayText(ago).slice(8))
      if (date === 1) enter(checking, ago, `Landlord ${person % 90}`, -120_000, 'rent')
      if (date === 14) enter(checking, ago, 'City Power', -6_000 - random(4_000), 'utilities')
      if (date === 18) enter(checking, ago, `NORTHLINE MOBILE REF ${100_000 + random(900_000)}`, -4_500, 'utilities')
      for (const [i, service] of services.slice(0, 2 + (person % 6)).entries()) {
        if (date === 3 + 3 * i) enter(card, ago, service, -(799 + 400 * i), 'subscriptions')
      }
      if (ago % 14 === person % 14) enter(checking, ago, `Employer ${person % 200}`, 180_000, 'salary')
      if (date === 17 && person % 2 === 0) {
        enter(checking, ago, 'Rainy days', -20_000, 'transfer')
        enter(savings, ago, 'Rainy days', 20_000, 'transfer')
      }
      if (date === 12) {
        const paid = 40_000 + random(20_000)
        enter(checking, ago, 'Card', -paid, 'credit_card_payment')
        enter(card, ago, 'Payment thank you', paid, 'credit_card_payment')
      }
    }
    while (mine.length < rowsEach) {
      const shop = shops[random(shops.length)] as string
      const name = random(4) === 0 ? `SQ *${shop} ${1_000 + random(9_000)}` : shop
      enter(random(3) === 0 ? checking : card, random(days), name, -(300 + random(9_000)), 'shopping')
    }
    yield* mine
  }
}
