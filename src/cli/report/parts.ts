import { type Html, html } from './html.js'

/** What the page draws: numbers for the eye. The exact figures stand in the table below, as text. */
export interface Chart {
  readonly kind: 'bar' | 'line'
  /** Bars from left to right, one a label. */
  readonly horizontal?: boolean
  readonly labels: readonly string[]
  /** The currency of all its values; without one they are people. */
  readonly currency?: string
  readonly series: ReadonlyArray<{
    readonly name: string
    readonly values: readonly (number | null)[]
    /** A line across the bars. */
    readonly line?: boolean
    /** Of the palette, from 1. */
    readonly colour: number
  }>
}

export interface Column<Row> {
  readonly title: string | Html
  readonly cell: (row: Row) => string | Html
  /** Figures stand on the right. */
  readonly figure?: boolean
}

export interface Table<Row> {
  readonly caption: string
  /** The first one names the row. */
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
}

export function table<Row>({ caption, columns, rows }: Table<Row>): Html {
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table>
<caption>${caption}</caption>
<thead><tr>${columns.map(({ title, figure }) => html`<th scope="col"${figure === true && html` class="figure"`}>${title}</th>`)}</tr></thead>
<tbody>${rows.map(
    (row) => html`<tr>${columns.map(({ cell, figure }, i) =>
      i === 0
        ? html`<th scope="row">${cell(row)}</th>`
        : html`<td${figure === true && html` class="figure"`}>${cell(row)}</td>`,
    )}</tr>
`,
  )}</tbody></table></div>`
}

/** @param name What the chart shows, for those who do not see it. The browser's script draws it from the attribute. */
export function chart(name: string, drawn: Chart): Html {
  const height = drawn.horizontal ? `bars-${Math.min(12, Math.max(3, drawn.labels.length))}` : 'upright'
  return html`<figure class="chart ${height}"><canvas role="img" aria-label="${name}" data-chart="${JSON.stringify(drawn)}"></canvas></figure>
`
}

export function section(title: string, content: readonly (Html | false)[]): Html {
  const id = title.toLowerCase().replaceAll(/[^a-z]+/g, '-')
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
${content}</section>
`
}

/** The rows of each currency, that with the most uses first: no chart and no table mixes two. */
export function byCurrency<Row extends { readonly currency: string }>(
  rows: readonly Row[],
  uses: (row: Row) => number = () => 1,
): ReadonlyArray<readonly [currency: string, rows: readonly Row[]]> {
  const currencies = [...new Set(rows.map(({ currency }) => currency))]
  const total = (group: readonly Row[]) => group.reduce((sum, row) => sum + uses(row), 0)
  return currencies
    .map((of) => [of, rows.filter(({ currency }) => currency === of)] as const)
    .sort(([, a], [, b]) => total(b) - total(a))
}

export const none = (text: string): Html => html`<p class="none">${text}</p>`

export function tiles(pairs: ReadonlyArray<readonly [label: string, value: string, note?: string]>): Html {
  return html`<dl class="tiles">${pairs.map(
    ([label, value, note]) =>
      html`<div><dt>${label}</dt><dd>${value}${note !== undefined && html`<small>${note}</small>`}</dd></div>`,
  )}</dl>`
}

/** `high_utilization` as `High utilization`. */
export function words(name: string): string {
  const text = name.replaceAll('_', ' ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** 0.256 as `25.6 %`. */
export function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(1)} %`
}
