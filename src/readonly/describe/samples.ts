import { internalCategories } from '../../repositories/spending.js'
import type { TableInfo } from './catalogue.js'

/** A question that people ask, and how it is answered here. */
export interface SampleQuestion {
  readonly question: string
  readonly sql: string
  /** The columns it reads, by table: it is shown to roles that may read all of them. */
  readonly reads: Readonly<Record<string, string>>
}

/** Posted, and not between own accounts. */
const external = `status = 'posted' and transfer_id is null and category not in (${internalCategories.map((c) => `'${c}'`).join(', ')})`

/** The most telling first. The tests run every one through the door, as an agent. */
export const sampleQuestions: readonly SampleQuestion[] = [
  {
    question: 'What was spent on what in the last full month?',
    sql: `select category, currency, -sum(amount) as spent from transactions where ${external} and amount < 0 and date >= date_trunc('month', current_date) - interval '1 month' and date < date_trunc('month', current_date) group by category, currency order by spent desc`,
    reads: { transactions: 'category currency amount status transfer_id date' },
  },
  {
    question: 'How much came in and went out each month, and what was left?',
    sql: `select date_trunc('month', date)::date as month, currency, sum(amount) filter (where amount > 0) as money_in, -sum(amount) filter (where amount < 0) as money_out, sum(amount) as net from transactions where ${external} group by month, currency order by month desc, currency limit 24`,
    reads: { transactions: 'date currency amount status transfer_id category' },
  },
  {
    question: 'What is on which account, and how much of it can be used?',
    sql: `select name, account_type, currency, balance, held, available from accounts where status = 'active' order by currency, balance desc`,
    reads: { accounts: 'name account_type currency balance held available status' },
  },
  {
    question: 'Which account did the ten largest payments of the latest 90 days go from?',
    sql: `select t.date, t.merchant, t.amount, t.currency, a.name as account from transactions t join accounts a on a.user_id = t.user_id and a.id = t.account_id where t.status = 'posted' and t.amount < 0 and t.date > (select max(date) from transactions) - 90 order by t.amount limit 10`,
    reads: {
      transactions: 'date merchant amount currency user_id account_id status',
      accounts: 'name user_id id',
    },
  },
  {
    question: 'How does each month of groceries compare with the one before?',
    sql: `with months as (select date_trunc('month', date)::date as month, currency, -sum(amount) as spent from transactions where status = 'posted' and category = 'groceries' group by 1, 2) select month, currency, spent, spent - lag(spent) over (partition by currency order by month) as more_than_before from months order by month desc, currency limit 12`,
    reads: { transactions: 'date currency amount status category' },
  },
  {
    question: 'Which merchants charge again and again?',
    sql: `select merchant, currency, count(*) as charges, round(avg(-amount), 2) as average, max(date) as latest from transactions where status = 'posted' and amount < 0 and is_subscription group by merchant, currency order by charges desc limit 20`,
    reads: { transactions: 'merchant currency amount date status is_subscription' },
  },
  {
    question: 'How much of the limit of each credit card is used?',
    sql: `select name, currency, -balance as owed, credit_limit, round(100 * -balance / nullif(credit_limit, 0), 1) as percent from accounts where account_type = 'credit_card' and credit_limit > 0 order by percent desc`,
    reads: { accounts: 'name currency balance credit_limit account_type' },
  },
  {
    question: 'What are the investments worth, and what did they gain?',
    sql: `select symbol, name, currency, round(quantity * price, 2) as value, round(quantity * price - cost_basis, 2) as gain, price_date from investments order by currency, value desc nulls last`,
    reads: { investments: 'symbol name currency quantity price cost_basis price_date' },
  },
  {
    question: 'What did each account hold at the end of each of the latest six months?',
    sql: `select a.name, a.currency, m.day::date as day, a.balance - coalesce(sum(t.amount), 0) as balance from accounts a cross join lateral (select date_trunc('month', current_date) - make_interval(months => i) - interval '1 day' as day from generate_series(0, 5) i) m left join transactions t on t.user_id = a.user_id and t.account_id = a.id and t.status = 'posted' and t.date > m.day group by a.user_id, a.id, a.name, a.currency, a.balance, m.day order by a.name, day`,
    reads: {
      accounts: 'name currency balance user_id id',
      transactions: 'user_id account_id status date amount',
    },
  },
]

/** Those of which every column is among the tables. */
export function answerable(tables: readonly TableInfo[]): SampleQuestion[] {
  const readable = new Set(tables.flatMap(({ name, columns }) => columns.map((column) => `${name}.${column.name}`)))
  return sampleQuestions.filter(({ reads }) =>
    Object.entries(reads).every(([table, columns]) => columns.split(' ').every((c) => readable.has(`${table}.${c}`))),
  )
}
