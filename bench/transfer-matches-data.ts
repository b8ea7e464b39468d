import type { Kysely } from 'kysely'
import { accounts, transactions, users } from '../src/index.js'
import type { Database } from '../src/schema/index.js'
import { asOf, cents, createRandom, dayText } from './signals-data.js'

type Enter = (account: number, ago: number, text: string, amount: number) => void

/** A person whose rows are hard to pair. */
export interface Shape {
  readonly name: string
  /** The currency of each account. */
  readonly currencies: readonly string[]
  /** Enters the rows: by which account, how many days before {@link asOf}, and how many cents. */
  readonly rows: (enter: Enter, random: (below: number) => number) => void
}

const dollars = (count: number) => Array.from({ length: count }, () => 'USD')

/** 50.00 around the accounts of one person, `aDay` times a day, and a shop that charges and refunds as much. */
const equalSums = (days: number, aDay: number): Shape['rows'] =>
  function enterThem(enter) {
    for (let ago = days - 1; ago >= 0; ago--) {
      for (let i = 0; i < aDay; i++) {
        enter(i % 4, ago, 'Transfer', -5_000)
        enter((i + 1) % 4, ago, 'Transfer', 5_000)
        enter(i % 4, ago, 'Corner shop', i % 5 === 4 ? 5_000 : -5_000)
      }
    }
  }

/** What a person may have who is no program. */
export const lives: readonly Shape[] = [
  {
    name: '20,000 rows of ten years',
    currencies: dollars(3),
    rows(enter, random) {
      for (let ago = 3_649; ago >= 0; ago--) {
        if (ago % 7 === 0) {
          const sum = 10_000 + random(40_000)
          enter(0, ago, 'Transfer to savings', -sum)
          enter(1, ago - Math.min(ago, random(3)), 'Transfer from checking', sum)
        }
        for (let i = 0; i < 5; i++) enter(i % 2 === 0 ? 0 : 2, ago, `Market ${random(60)}`, -(300 + random(9_000)))
        if (ago % 14 === 0) enter(0, ago, 'Employer', 180_000)
      }
    },
  },
  {
    name: '50.00 between 4 accounts and at a shop, 30 days',
    currencies: dollars(4),
    rows: equalSums(30, 4),
  },
  {
    name: 'three currencies, 30 rows a day for a year',
    currencies: ['USD', 'EUR', 'CZK'],
    rows(enter, random) {
      for (let ago = 364; ago >= 0; ago--) {
        for (let i = 0; i < 30; i++) {
          const cents = 2_000 + random(60_000)
          enter(i % 3, ago, random(6) === 0 ? 'Transfer' : `Market ${random(60)}`, random(3) === 0 ? cents : -cents)
        }
      }
    },
  },
]

/** What somebody may send who wants it to take long, or a program that writes rows. */
export const attacks: readonly Shape[] = [
  { name: '600 equal sums in 5 days', currencies: dollars(4), rows: equalSums(5, 40) },
  { name: '20,000 equal sums in 30 days', currencies: dollars(4), rows: equalSums(30, 222) },
  {
    name: '20,000 equal sums on one day, one account',
    currencies: dollars(2),
    rows(enter) {
      for (let i = 0; i < 20_000; i++) enter(0, 0, 'Transfer', i % 2 === 0 ? 5_000 : -5_000)
    },
  },
  {
    name: '20,000 equal sums on one day, two accounts',
    currencies: dollars(2),
    rows(enter) {
      for (let i = 0; i < 20_000; i++) enter(i % 2, 0, 'Transfer', i % 2 === 0 ? 5_000 : -5_000)
    },
  },
  {
    name: '20,000 sums within a tenth in 60 days, both sides say transfer',
    currencies: dollars(2),
    rows(enter, random) {
      for (let i = 0; i < 20_000; i++) {
        const sum = 9_500 + random(500)
        enter(i % 2, i % 60, `Transfer ${i}`, i % 2 === 0 ? sum : -sum)
      }
    },
  },
  {
    name: '20,000 sums that fit the rate in 60 days',
    currencies: ['USD', 'EUR'],
    rows(enter, random) {
      for (let i = 0; i < 20_000; i++) {
        const sum = 9_800 + random(400)
        enter(i % 2, i % 60, `Transfer ${i}`, i % 2 === 0 ? sum : -sum)
      }
    },
  },
  {
    name: '120 equal sums in each of 80 weeks, texts of 2,000 letters',
    currencies: dollars(2),
    rows(enter) {
      const text = 'Transfer of Ada Berg 4711 '.repeat(80)
      for (let week = 0; week < 80; week++) {
        for (let i = 0; i < 240; i++) enter(i % 2, week * 16, `${text}${i}`, i % 2 === 0 ? 5_000 + week : -5_000 - week)
      }
    },
  },
]

/** One euro is a dollar, and 25 crowns. */
export const rates = [
  { from_currency: 'EUR', to_currency: 'USD', rate: '1' },
  { from_currency: 'EUR', to_currency: 'CZK', rate: '25' },
  { from_currency: 'USD', to_currency: 'CZK', rate: '25' },
]

/** Gives the id of the person, and how many rows there are. */
export async function createShape(db: Kysely<Database>, { name, currencies, rows }: Shape) {
  const { id: user_id } = await users.create(db, { email: `${name.replaceAll(/[^a-z\d]+/g, '-')}@example.org` })
  const opened = await accounts.createMany(
    db,
    currencies.map((currency, i) => ({
      user_id,
      account_type: i === 1 ? 'savings' : 'checking',
      name: `A${i}`,
      currency,
    })),
  )
  const made: transactions.ImportRow[] = []
  rows((account, ago, text, amount) => {
    const currency = currencies[account] as string
    const account_id = opened[account]?.id as string
    made.push({
      user_id,
      account_id,
      date: dayText(ago),
      merchant: text.slice(0, 200),
      description: text,
      amount: cents(amount),
      category: 'uncategorized',
      currency,
    })
  }, createRandom(7))
  await transactions.import(db, made, { source: 'bench' })
  return { user_id, count: made.length }
}

export { asOf }
