import type {
  CategorySpending,
  DayBalance,
  MerchantSpending,
  MonthlyCashFlow,
  NetWorth,
} from '../repositories/reports.js'
import type { Account, Transaction } from '../schema/rows.js'
import { area, bar } from './charts.js'
import { change, count, money, shorten } from './format.js'
import type { Output } from './output.js'

/** Someone's money as tables and small charts, at most 100 columns wide. */

export function printAccounts({ table }: Output, rows: readonly Account[]): void {
  table(
    [
      { title: 'account' },
      { title: 'type' },
      { title: 'opened with', align: 'right' },
      { title: 'balance', align: 'right' },
    ],
    rows.map(({ name, account_type, opening_balance, balance, currency }) => [
      shorten(name, 30),
      account_type,
      money(opening_balance, currency),
      money(balance, currency),
    ]),
  )
}

export function printNetWorth({ table }: Output, rows: readonly NetWorth[]): void {
  const right = (title: string) => ({ title, align: 'right' as const })
  table(
    [{ title: 'currency' }, right('has'), right('owes'), right('net')],
    rows.map(({ currency, assets, debts, net }) => [
      currency,
      money(assets, currency),
      money(debts, currency),
      money(net, currency),
    ]),
  )
}

/** One line a month in which something moved; both bars of a currency have one scale. */
export function printCashFlow(out: Output, rows: readonly MonthlyCashFlow[]): void {
  const moved = rows.filter(({ income, spending }) => Number(income) !== 0 || Number(spending) !== 0)
  for (const [currency, months] of byCurrency(out, moved, () => 1)) {
    const max = Math.max(...months.flatMap(({ income, spending }) => [Number(income), Number(spending)]))
    out.table(
      [
        { title: currency },
        { title: 'in', align: 'right' },
        { title: '' },
        { title: 'out', align: 'right' },
        { title: '' },
        { title: 'kept', align: 'right' },
      ],
      months.map(({ month, income, spending, net }) => [
        month,
        money(income, currency),
        bar(Number(income), max, 18).padEnd(18),
        money(spending, currency),
        bar(Number(spending), max, 18).padEnd(18),
        change(net, currency),
      ]),
    )
  }
}

export function printCategories(out: Output, rows: readonly CategorySpending[]): void {
  for (const [currency, categories] of byCurrency(out, rows, ({ transactions }) => transactions)) {
    const max = Math.max(...categories.map(({ spent }) => Number(spent)))
    out.table(
      [{ title: 'category' }, { title: 'spent', align: 'right' }, { title: 'times', align: 'right' }, { title: '' }],
      categories.map(({ category, spent, transactions }) => [
        shorten(category, 24),
        money(spent, currency),
        count(transactions),
        bar(Number(spent), max, 40),
      ]),
    )
  }
}

export function printMerchants(out: Output, rows: readonly MerchantSpending[]): void {
  for (const [currency, merchants] of byCurrency(out, rows, ({ transactions }) => transactions)) {
    out.table(
      [
        { title: 'merchant' },
        { title: 'spent', align: 'right' },
        { title: 'times', align: 'right' },
        { title: 'last' },
      ],
      merchants.map(({ merchant, spent, transactions, last_date }) => [
        shorten(merchant, 32),
        money(spent, currency),
        count(transactions),
        last_date,
      ]),
    )
  }
}

/**
 * The rows of each currency, that with the most uses first, with an empty line between. Figures of two currencies are not
 * compared by size.
 */
function* byCurrency<Row extends { readonly currency: string }>(
  out: Output,
  rows: readonly Row[],
  uses: (row: Row) => number,
) {
  const currencies = [...new Set(rows.map(({ currency }) => currency))]
  const groups = currencies.map((of) => [of, rows.filter(({ currency }) => currency === of)] as const)
  const total = (group: readonly Row[]) => group.reduce((sum, row) => sum + uses(row), 0)
  groups.sort(([, a], [, b]) => total(b) - total(a))
  for (const [index, group] of groups.entries()) {
    if (index > 0) out.line()
    yield group
  }
}

export function printBalanceHistory(out: Output, days: readonly DayBalance[], currency: string): void {
  const [first, last] = [days[0], days.at(-1)]
  if (first === undefined || last === undefined) return
  const chart = area(
    days.map(({ balance }) => Number(balance)),
    {
      width: 80,
      height: 7,
      label: (value) => money(value.toFixed(0), currency).replace(/\.00$/, ''),
      ends: [first.day, last.day],
    },
  )
  for (const line of chart) out.line(`  ${line}`)
}

export function printTransactions(out: Output, rows: readonly Transaction[]): void {
  out.table(
    [
      { title: 'date' },
      { title: 'merchant' },
      { title: 'category' },
      { title: 'amount', align: 'right' },
      { title: 'status' },
    ],
    rows.map(({ date, merchant, category, amount, currency, status }) => [
      date,
      shorten(merchant, 32),
      shorten(category, 22),
      money(amount, currency),
      status,
    ]),
  )
}
