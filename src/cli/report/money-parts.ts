import type { MonthlyCashFlow } from '../../repositories/reports.js'
import { change, count, money } from '../format.js'
import { type Html, html } from './html.js'
import { byCurrency, type Column, chart, none, table, words } from './parts.js'

/** What comes in and goes out by month; both pages have it. */
export function cashFlow<Row extends MonthlyCashFlow>(rows: readonly Row[], more: readonly Column<Row>[] = []): Html[] {
  if (rows.length === 0) return [none('No transactions in these days.')]
  return byCurrency(rows, moved).map(([currency, months]) => {
    const numbers = (of: (row: Row) => string) => months.map((row) => Number(of(row)))
    return html`<h3>${currency}</h3>
${chart(`Bars of income and spending by month, with a line of what was kept, in ${currency}`, {
  kind: 'bar',
  currency,
  labels: months.map(({ month }) => month),
  series: [
    { name: 'Income', values: numbers(({ income }) => income), colour: 1 },
    { name: 'Spending', values: numbers(({ spending }) => spending), colour: 2 },
    { name: 'Kept', values: numbers(({ net }) => net), line: true, colour: 3 },
  ],
})}${table({
  caption: `Cash flow by month, ${currency}`,
  columns: [
    { title: 'Month', cell: ({ month }) => month },
    { title: 'Income', figure: true, cell: ({ income }) => money(income, currency) },
    { title: 'Spending', figure: true, cell: ({ spending }) => money(spending, currency) },
    { title: 'Kept', figure: true, cell: ({ net }) => change(net, currency) },
    ...more,
  ],
  rows: months,
})}`
  })
}

/** Whether anything moved in the month. */
function moved({ income, spending }: MonthlyCashFlow): number {
  return Number(income) !== 0 || Number(spending) !== 0 ? 1 : 0
}

interface Category {
  readonly category: string
  readonly currency: string
  readonly spent: string
  readonly transactions: number
}

/** Where money goes, the most first: the chart has the first twelve, the table all. */
export function categories<Row extends Category>(rows: readonly Row[], more: readonly Column<Row>[] = []): Html[] {
  if (rows.length === 0) return [none('No spending in these days.')]
  return byCurrency(rows, ({ transactions }) => transactions).map(([currency, all]) => {
    const first = all.slice(0, 12)
    return html`<h3>${currency}</h3>
${chart(`Bars of spending by category, the most first, in ${currency}`, {
  kind: 'bar',
  horizontal: true,
  currency,
  labels: first.map(({ category }) => words(category)),
  series: [{ name: 'Spent', values: first.map(({ spent }) => Number(spent)), colour: 2 }],
})}${table({
  caption: `Spending by category, ${currency}`,
  columns: [
    { title: 'Category', cell: ({ category }) => words(category) },
    { title: 'Spent', figure: true, cell: ({ spent }) => money(spent, currency) },
    { title: 'Transactions', figure: true, cell: ({ transactions }) => count(transactions) },
    ...more,
  ],
  rows: all,
})}`
  })
}
