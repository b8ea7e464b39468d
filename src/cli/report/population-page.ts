import { count } from '../format.js'
import { fewest } from './few.js'
import { type Html, html } from './html.js'
import { cashFlow, categories } from './money-parts.js'
import { chart, none, percent, section, table, tiles, words } from './parts.js'
import type { PopulationReport, Shares } from './population-data.js'

/** The body of the page about everybody. */
export function populationPage(report: PopulationReport): Html[] {
  const { people, accounts, window, signalsOf } = report
  const days = `the last ${Number.parseInt(window, 10)} days${signalsOf === undefined ? '' : ` to ${signalsOf}`}`
  const who = { title: 'People', figure: true, cell: ({ people }: { people: number }) => count(people) }
  return [
    html`<p class="lead">Figures of fewer than ${fewest} people are left out.${signalsOf !== undefined && signalsOf !== report.range.to && html` Personas, use of credit and savings are as computed last, for most people as of ${signalsOf}.`}</p>
`,
    section('People and accounts', [
      people === undefined
        ? none(`There are fewer than ${fewest} people.`)
        : tiles([
            ['People', count(people)],
            ...accounts.map(
              ({ type, accounts: number, people: owners }) =>
                [words(type), count(number), `of ${count(owners)} people`] as const,
            ),
          ]),
    ]),
    section('Personas', shares(`People with each persona, by ${days}`, 'Persona', report.personas, 1, words)),
    section(
      'Use of credit',
      shares(`People by the fullest of their cards, by ${days}`, 'Part of the limit', report.utilization, 2),
    ),
    section('Savings', shares(`People by how long their savings last, by ${days}`, 'Savings last', report.savings, 3)),
    section('Cash flow', cashFlow(report.cashFlow, [who])),
    section('Categories', categories(report.categories, [who])),
  ]
}

function shares(
  title: string,
  of: string,
  { shown, others }: Shares,
  colour: number,
  write = (name: string) => name,
): Html[] {
  if (shown.length === 0)
    return [none('Too few people have these signals: signals.compute and personas.assign find them.')]
  const rows = shown.map(({ name, people }) => ({ name: write(name), people }))
  if (others > 0) rows.push({ name: 'Others, in small groups', people: others })
  const total = rows.reduce((sum, { people }) => sum + people, 0)
  return [
    chart(`Bars: ${title.toLowerCase()}`, {
      kind: 'bar',
      horizontal: true,
      labels: rows.map(({ name }) => name),
      series: [{ name: 'People', values: rows.map(({ people }) => people), colour }],
    }),
    table({
      caption: title,
      columns: [
        { title: of, cell: ({ name }) => name },
        { title: 'People', figure: true, cell: ({ people }) => count(people) },
        { title: 'Share', figure: true, cell: ({ people }) => percent(people / total) },
      ],
      rows,
    }),
  ]
}
