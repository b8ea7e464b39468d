import { type Kysely, sql } from 'kysely'
import type { transactions } from '../src/index.js'
import type { Database } from '../src/schema/index.js'

const merchants = ['Corner shop', 'Bakery', 'Railways', 'Power & Light', 'Landlord', 'Cinema', 'Pharmacy', 'Bookshop']
const categories = ['groceries', 'transport', 'utilities', 'housing', 'leisure', 'health']

function uuid(kind: number, n: number): string {
  return `${kind.toString(16).padStart(8, '0')}-0000-7000-8000-${n.toString(16).padStart(12, '0')}`
}

export const userId = (n: number) => uuid(1, n)
export const accountId = (user: number, n: number) => uuid(2, user * 16 + n)

export async function createPeople(db: Kysely<Database>, people: number, accountsEach: number): Promise<void> {
  await sql`insert into ${sql.table('finance.users')} (id, email)
    select * from unnest(${Array.from({ length: people }, (_, i) => userId(i))}::uuid[], ${Array.from({ length: people }, (_, i) => `bench${i}@example.org`)}::text[])`.execute(
    db,
  )
  const owned = Array.from({ length: people * accountsEach }, (_, i) => {
    const [person, n] = [Math.floor(i / accountsEach), i % accountsEach]
    return [userId(person), accountId(person, n)] as const
  })
  await sql`insert into ${sql.table('finance.accounts')} (user_id, id, account_type, name)
    select user_id, id, 'checking', 'Everyday'
    from unnest(${owned.map(([user]) => user)}::uuid[], ${owned.map(([, id]) => id)}::uuid[]) as t (user_id, id)`.execute(
    db,
  )
}

/** A day's rows come together and go across all people, as in the feed of a bank. The same number gives the same rows. */
export function* benchRows(count: number, people: number, accountsEach: number): Generator<transactions.ImportRow> {
  const posted_at = new Date('2026-01-01T00:00:00Z')
  let seed = 42
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((seed / 2 ** 32) * below)
  }
  for (let i = 0; i < count; i++) {
    const person = random(people)
    const day = new Date(Date.UTC(2023, 0, 1 + Math.floor((i * 1000) / count))).toISOString().slice(0, 10)
    const merchant = merchants[random(merchants.length)] as string
    yield {
      user_id: userId(person),
      account_id: accountId(person, random(accountsEach)),
      date: day,
      merchant,
      amount: `${random(5) === 0 ? '' : '-'}${random(900)}.${String(random(100)).padStart(2, '0')}`,
      currency: 'USD',
      category: categories[random(categories.length)] as string,
      description: `${merchant} ${i} card payment`,
      posted_at,
      external_id: `bank-${i}`,
    }
  }
}
