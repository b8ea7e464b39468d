import type { Kysely } from 'kysely'
import { accounts, transactions, users } from '../../src/index.js'
import { accountTypes } from '../../src/schema/enums.js'
import type { Database, NewTransaction, Transaction } from '../../src/schema/index.js'
import { newUser } from '../people.js'
import { addDays, everyMonth } from './charges.js'
import { Random } from './feeds/random.js'

/** Believable in nothing: names, days and prices beside each bound of the rules, so that two ways to compute part there. */
const names = [
  ...['Streaming', 'Streaming Stockholm', 'GYM*{code}', 'SQ *Bakery {digits}', 'Landlord rent', 'Zelle Bob Stone'],
  ...[
    'Insurance 4411{digits}',
    '12 34 5678 {digits}',
    'City Power',
    'Acme Payroll',
    'Credit card payment',
    'ATM withdrawal',
  ],
  ...[
    'Interest',
    'Late fee',
    'Uber *Trip',
    'Kiosk',
    'Payment thank you',
    'Rebate House',
    'Club {day} WEB ID: 9048211773',
    'BUY VTSAX',
    'Dividend VTSAX',
  ],
]
const categories = [
  ...[
    'uncategorized',
    'uncategorized',
    'shopping',
    'subscriptions',
    'utilities',
    'rent',
    'salary',
    'transfer',
    'interest',
  ],
  ...['Credit Card Payment', 'fees', 'venmo', 'refund', 'streaming', 'insurance', 'income', 'INCOME_OTHER_INCOME'],
]
const descriptions = [
  ...['', '', '', 'DIRECT DEP', 'annual bonus', 'Gehalt März', 'payroll', 'löneutbetalning'],
  ...['Miete Whg 12', 'ZORGVERZEKERING premie 06', 'echéance prêt', 'mobile payment'],
]
const steps = [1, 6, 7, 8, 13, 14, 15, 16, 21, 28, 29, 30, 31, 35, 45, 61, 91, 182, 365]

/** How prices follow each other. */
const pricing: ReadonlyArray<(random: Random, price: number, i: number) => number> = [
  (_, price) => price,
  (_, price) => price,
  (_, price, i) => (i < 4 ? price : price * 1.2),
  (_, price, i) => (i < 3 ? price : price * 4),
  (_, price, i) => price * (1 + (i % 2)),
  (random, price) => price * random.between(0.8, 1.25),
  (random, price) => price * random.between(0.5, 2),
  (random, price) => price * 1.2 ** random.int(0, 4),
  (random, price) => price * (random.chance(0.15) ? 1.5 : 1),
]

type Account = Pick<Transaction, 'user_id' | 'account_id'>

/** A merchant's rows: some weeks or months apart, more or less. */
function* again(random: Random, mine: readonly Account[], until: string): Generator<NewTransaction> {
  const name = random.pick(names)
  const [account, other] = [random.pick(mine), random.pick(mine)]
  const category = random.pick(categories)
  const is_subscription = random.chance(0.2)
  const description = random.pick(descriptions)
  const [step, jitter] = [random.pick(steps), random.int(0, 3)]
  const price = random.chance(0.5) ? random.pick([1, 1.2, 5, 9.99, 10, 40, 600]) : random.int(100, 90_000) / 100
  const [follow, sign] = [random.pick(pricing), random.chance(0.25) ? 1 : -1]
  const digits = random.chance(0.5) ? random.digits(5) : undefined
  const count = random.int(1, 16)
  let day = addDays(until, -random.int(-20, 400))
  for (let i = count; i > 0; i--) {
    const said = name
      .replace('{code}', random.text(6, 'QWXZKJ'))
      .replace('{digits}', digits ?? random.digits(5))
      .replace('{day}', day.slice(5).replace('-', ''))
    yield {
      ...(random.chance(0.8) ? account : other),
      date: day,
      merchant: random.chance(0.02) ? '' : said,
      amount: (sign * follow(random, price, i)).toFixed(random.chance(0.1) ? 4 : 2),
      category,
      description,
      is_subscription: random.chance(0.1) ? !is_subscription : is_subscription,
      status: random.chance(0.03) ? 'pending' : 'posted',
    }
    if (random.chance(0.05)) continue
    day = addDays(day, -step * (random.chance(0.06) ? 2 : 1) + random.int(-jitter, jitter))
  }
}

/** A bill by the month that varies about as much as one may, in how many charges it takes, and is nearly always called one. */
function heating(random: Random, account: Account, until: string): NewTransaction[] {
  const [count, most, called] = [random.int(4, 9), random.pick([3.9, 4.2, 9.9, 11]), random.chance(0.7)]
  return everyMonth(addDays(until, -30 * count), count).map((day, i) => ({
    ...account,
    date: addDays(day, random.int(0, 2)),
    merchant: 'Hearth & Co',
    amount: (-20 * (i === 0 ? 1 : i === 1 ? most : random.between(1, most))).toFixed(2),
    category: called || random.chance(0.8) ? 'utilities' : 'shopping',
  }))
}

/** People with accounts of all types in three currencies, some rows of whom are reversed or matched. */
export async function makeUp(
  db: Kysely<Database>,
  { seed, count, until }: { seed: string; count: number; until: string },
) {
  const people = await users.createMany(
    db,
    Array.from({ length: count }, () => newUser()),
  )
  for (const [i, { id: user_id }] of people.entries()) {
    const random = new Random(`${seed} ${i}`)
    const opened = await accounts.createMany(
      db,
      Array.from({ length: random.int(0, 6) }, () => {
        const account_type = random.pick(['checking', 'credit_card', ...accountTypes] as const)
        return {
          user_id,
          account_type,
          name: account_type,
          currency: random.pick(['USD', 'USD', 'EUR', 'JPY']),
          opening_balance: String(random.int(-3000, 9000)),
          ...(account_type === 'credit_card' &&
            random.chance(0.8) && { credit_limit: String(random.int(0, 9) * 1000) }),
        }
      }),
    )
    if (opened.length === 0) continue
    const mine = opened.map(({ id }) => ({ user_id, account_id: id }))
    const rows = Array.from({ length: random.int(4, 30) }, () => [...again(random, mine, until)]).flat()
    rows.push(...heating(random, random.pick(mine), until))
    const booked = await transactions.createMany(
      db,
      rows.filter(({ amount }) => Number(amount) !== 0),
    )
    const posted = booked.filter(({ status }) => status === 'posted')
    for (const { id } of random.some(posted, random.int(0, 6))) {
      await transactions.reverse(db, user_id, id, { date: addDays(until, -random.int(-9, 60)), overdraw: true })
    }
    await match(db, random, user_id, posted)
  }
}

const reasons = { days_apart: 0, rate: null, expected_rate: null, rivals: 0, said: false, score: {} }

async function match(db: Kysely<Database>, random: Random, user_id: string, posted: readonly Transaction[]) {
  const sides = random.some(posted, 12).map(({ id }) => id)
  const pairs = sides.slice(0, 6).flatMap((from, i) => {
    const to = sides[i + 6]
    return to === undefined ? [] : { from_transaction_id: from, to_transaction_id: to }
  })
  if (pairs.length === 0) return
  await db
    .insertInto('finance.transfer_matches')
    .values(
      pairs.map((pair) => {
        const status = random.pick(['suggested', 'automatic', 'confirmed', 'rejected'] as const)
        const decided_at = status === 'confirmed' || status === 'rejected' ? new Date() : null
        return { user_id, ...pair, status, score: '0.9', reasons, decided_at }
      }),
    )
    .execute()
}
