import { type Kysely, sql } from 'kysely'
import { describe, expect } from 'vitest'
import * as reports from '../../src/repositories/reports.js'
import { containsCardNumber } from '../../src/schema/card-numbers.js'
import type { Database } from '../../src/schema/database.js'
import { seed } from '../../src/seed/index.js'
import { freshDatabase, test } from '../support.js'

const until = '2025-12-31'

async function one<Row>(db: Kysely<Database>, query: ReturnType<typeof sql<Row>>): Promise<Row> {
  const { rows } = await query.execute(db)
  return rows[0] as Row
}

describe('what is seeded', () => {
  test('is like the money of people: weekdays, seasons, debts, prices, fees', { timeout: 120_000 }, async () => {
    await using server = await freshDatabase()
    const { db } = server
    const { userIds } = await seed(db, { users: 40, until })

    const week = await one<Record<'saturday' | 'tuesday', number>>(
      db,
      sql`select
      count(*) filter (where extract(isodow from date) = 6)::int as saturday,
      count(*) filter (where extract(isodow from date) = 2)::int as tuesday
      from finance.transactions where category = 'groceries'`,
    )
    expect(week.saturday).toBeGreaterThan(2 * week.tuesday)

    const season = await one<Record<'december' | 'february' | 'january_power' | 'june_power', number>>(
      db,
      sql`select
      -sum(amount) filter (where category = 'shopping' and extract(month from date) = 12)::float as december,
      -sum(amount) filter (where category = 'shopping' and extract(month from date) = 2)::float as february,
      -avg(amount) filter (where merchant ilike 'city power%' and extract(month from date) = 1)::float as january_power,
      -avg(amount) filter (where merchant ilike 'city power%' and extract(month from date) = 6)::float as june_power
      from finance.transactions`,
    )
    expect(season.december).toBeGreaterThan(1.5 * season.february)
    expect(season.january_power).toBeGreaterThan(1.5 * season.june_power)

    const cards = await one<Record<'over' | 'interest' | 'late' | 'released' | 'reversals' | 'refunds', number>>(
      db,
      sql`select
      count(*) filter (where a.balance - a.held < -a.credit_limit)::int as over,
      count(*) filter (where t.category = 'interest' and t.amount < 0)::int as interest,
      count(*) filter (where t.description like 'LATE PAYMENT FEE%')::int as late,
      count(*) filter (where t.status = 'released')::int as released,
      count(*) filter (where t.reverses_id is not null)::int as reversals,
      count(*) filter (where t.description like 'REFUND%' and t.amount > 0)::int as refunds
      from finance.transactions t join finance.accounts a on (a.user_id, a.id) = (t.user_id, t.account_id)
      where a.account_type = 'credit_card'`,
    )
    expect(cards.over).toBe(0)
    expect(Math.min(cards.interest, cards.late, cards.released, cards.reversals, cards.refunds)).toBeGreaterThan(5)

    const pending = await one<{ rows: number; earliest: string }>(
      db,
      sql`select count(*)::int as rows, min(date)::text as earliest
      from finance.transactions where status = 'pending'`,
    )
    expect(pending.rows).toBeGreaterThan(10)
    expect(pending.earliest).toBe('2025-12-30')

    const states = await sql<{ status: string }>`select distinct status from finance.accounts order by 1`.execute(db)
    expect(states.rows.map(({ status }) => status)).toEqual(['active', 'closed', 'frozen'])
    const p2p = await sql<{ status: string }>`select distinct status from finance.p2p_transfers order by 1`.execute(db)
    expect(p2p.rows.map(({ status }) => status)).toEqual(expect.arrayContaining(['accepted', 'cancelled', 'declined']))

    const euros = await sql<{ exact: boolean }>`select to_amount + residue = from_amount * rate as exact
      from finance.transfers where rate is not null`.execute(db)
    expect(euros.rows.length).toBeGreaterThan(0)
    expect(euros.rows.every(({ exact }) => exact)).toBe(true)

    const holdings = await sql<{
      prices: number
      held: number
      dated: string
    }>`select count(distinct price)::int as prices,
      sum(quantity * price)::float as held, max(price_date)::text as dated from finance.investments group by symbol`.execute(
      db,
    )
    expect(holdings.rows.length).toBeGreaterThanOrEqual(2)
    for (const { prices, held, dated } of holdings.rows) {
      expect([prices, dated]).toEqual([1, until])
      expect(held).toBeGreaterThan(0)
    }

    for (const id of userIds) {
      const months = await reports.cashFlowByMonth(db, id, { from: '2024-01-02', to: until })
      const dollars = months.filter(({ currency }) => currency === 'USD')
      const ratio = total(dollars, 'spending') / total(dollars, 'income')
      expect(ratio).toBeGreaterThan(0.6)
      expect(ratio).toBeLessThan(1.1)
    }
  })

  test('could not be taken for someone: no card numbers, no addresses or phones that exist', async ({ db }) => {
    await seed(db, { users: 40, until, days: 200 })

    const { rows } = await sql<{
      text: string
    }>`select concat_ws(' ', merchant, description) as text from finance.transactions`.execute(db)
    expect(rows.filter(({ text }) => containsCardNumber(text) || /[\t\n\r\\]/.test(text))).toEqual([])
    const people = await sql<{ odd: number; namesakes: number }>`select
      count(*) filter (where email !~ '@example[.]com$' or phone_number !~ ' 555 01[0-9]{2}$')::int as odd,
      (count(*) - count(distinct (first_name, last_name)))::int as namesakes from finance.users`.execute(db)
    expect(people.rows[0]?.odd).toBe(0)
    expect(people.rows[0]?.namesakes).toBeGreaterThan(0)
  })
})

function total(months: readonly reports.MonthlyCashFlow[], column: 'income' | 'spending'): number {
  return months.reduce((sum, month) => sum + Number(month[column]), 0)
}
