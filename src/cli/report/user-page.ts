import type { PersonaCondition, PersonaReasons } from '../../schema/json.js'
import type { PersonaAssignment } from '../../schema/rows.js'
import type { Subscription } from '../../signals/subscriptions.js'
import { money } from '../format.js'
import { monthEnds } from './days.js'
import { type Html, html } from './html.js'
import { cashFlow, categories } from './money-parts.js'
import { byCurrency, chart, none, percent, section, table, tiles, words } from './parts.js'
import { signalParts } from './signal-parts.js'
import type { AccountCourse, UserReport } from './user-data.js'

/** The body of a person's page. */
export function userPage(report: UserReport): Html[] {
  return [
    report.netWorth.length > 0 &&
      section('Today', [
        ...report.netWorth.map(({ currency, assets, debts, net }) =>
          tiles([
            [`Net worth, ${currency}`, money(net, currency), 'with investments'],
            ['Has', money(assets, currency)],
            ['Owes', money(debts, currency)],
          ]),
        ),
      ]),
    section('Cash flow', [...cashFlow(report.cashFlow)]),
    section('Categories', [...categories(report.categories)]),
    section('Balances', balances(report)),
    section('Subscriptions and bills', subscriptions(report.subscriptions)),
    section('Persona', [...personas(report.personas), ...staleness(report)]),
    section('Signals', signalParts(report.signals, report.accounts)),
  ].filter((part) => part !== false)
}

function balances({ accounts, range }: UserReport): Html[] {
  if (accounts.length === 0) return [none('No accounts.')]
  const ends = monthEnds(range)
  return byCurrency(accounts).map(([currency, courses]) => {
    const drawn = courses.slice(0, 8)
    return html`<h3>${currency}</h3>
${chart(`Lines of the balance of each account by day, in ${currency}`, {
  kind: 'line',
  currency,
  labels: drawn[0]?.days.map(({ day }) => day) ?? [],
  series: drawn.map(({ name, days }, i) => ({
    name,
    values: days.map(({ balance }) => Number(balance)),
    colour: i + 1,
  })),
})}${drawn.length < courses.length && html`<p>The chart has the first ${drawn.length} accounts, the table all.</p>`}
${table<string>({
  caption: `Balances at the end of each month, ${currency}`,
  columns: [
    { title: 'Day', cell: day },
    ...courses.map((course) => {
      const balances = new Map(course.days.map(({ day, balance }) => [day, balance]))
      return {
        title: accountTitle(course),
        figure: true,
        cell: (end: string) => money(balances.get(end) ?? '0', currency),
      }
    }),
  ],
  rows: ends,
})}`
  })
}

function accountTitle({ name, account_type, status }: AccountCourse): Html {
  const kind = words(account_type).toLowerCase()
  return html`${name}<small>${status === 'active' ? kind : `${kind}, ${status}`}</small>`
}

function subscriptions(found: readonly Subscription[]): Html[] {
  if (found.length === 0) return [none('Nothing that is charged again and again.')]
  const active = found.filter((subscription) => subscription.active)
  const ended = found.filter((subscription) => !subscription.active)
  const charts = byCurrency(active).map(([currency, all]) => {
    const first = all.slice(0, 12)
    return chart(`Bars of what subscriptions and bills cost a month, the dearest first, in ${currency}`, {
      kind: 'bar',
      horizontal: true,
      currency,
      labels: first.map(({ merchant }) => merchant),
      series: (['subscription', 'bill'] as const).map((of, i) => ({
        name: of === 'bill' ? 'Bills, a month' : 'Subscriptions, a month',
        values: first.map(({ kind, monthly_amount }) => (kind === of ? Number(monthly_amount) : null)),
        colour: i + 1,
      })),
    })
  })
  return [
    ...charts,
    active.length === 0 ? none('None is active.') : subscriptionTable('Active', active),
    ...(ended.length === 0 ? [] : [subscriptionTable('Ended', ended)]),
  ]
}

function subscriptionTable(caption: string, rows: readonly Subscription[]): Html {
  return table<Subscription>({
    caption,
    columns: [
      {
        title: 'Merchant',
        cell: ({ merchant, kind, cadence }) => html`${merchant}<small>${words(cadence)} ${kind}</small>`,
      },
      { title: 'Amount', figure: true, cell: ({ amount, currency }) => money(amount, currency) },
      { title: 'A month', figure: true, cell: ({ monthly_amount, currency }) => money(monthly_amount, currency) },
      { title: 'Last', cell: ({ last_date }) => day(last_date) },
      { title: 'Next', cell: ({ next_date, active }) => (active ? day(next_date) : '–') },
      {
        title: 'Price changes',
        cell: ({ price_changes, currency }) =>
          price_changes.length === 0
            ? '–'
            : html`${price_changes.map(
                ({ date, from, to }) =>
                  html`<div>${day(date)}: ${money(from, currency)} → ${money(to, currency)}</div>`,
              )}`,
      },
      {
        title: 'Why',
        cell: ({ reasons, confidence }) =>
          html`<div class="why">${reasons.join(' ')} Confidence: ${percent(confidence)}.</div>`,
      },
    ],
    rows,
  })
}

const day = (text: string): Html => html`<time datetime="${text}">${text}</time>`

function personas(assignments: readonly PersonaAssignment[]): Html[] {
  if (assignments.length === 0) return [none('None yet: signals.compute and personas.assign find one.')]
  return assignments.map(
    ({ time_window, persona, assigned_at, reasons }, i) => html`<details${i === 0 && html` open`}>
<summary>${words(persona)}<small>by the last ${Number.parseInt(time_window, 10)} days${reasons?.as_of != null && html` to ${day(reasons.as_of)}`}, in force since ${day(assigned_at.toISOString().slice(0, 10))}</small></summary>
${reasons == null ? none('No reasons were kept.') : ruleTable(time_window, reasons)}</details>
`,
  )
}

/** Personas and signals are read as they were stored, and may be of another day than the rest of the page. */
function staleness({ signals, range }: UserReport): Html[] {
  const stale = signals.some(({ signal_value: { as_of } }) => as_of !== undefined && as_of !== range.to)
  const told = 'The persona and the signals are as computed last, and not as of the last day of this page:'
  return stale ? [none(`${told} signals.compute and personas.assign bring them to ${range.to}.`)] : []
}

function ruleTable(window: string, { rules }: PersonaReasons): Html {
  return table({
    caption: `The rules that were tried, in order, by ${Number.parseInt(window, 10)} days`,
    columns: [
      { title: 'Rule', cell: ({ rule, persona }) => html`${words(persona)}<small>${rule}</small>` },
      {
        title: 'The numbers',
        cell: ({ conditions }) => (conditions.length === 0 ? '–' : html`<ul>${conditions.map(conditionItem)}</ul>`),
      },
      { title: 'Matched', cell: ({ matched }) => (matched ? html`<b>yes</b>` : 'no') },
    ],
    rows: rules,
  })
}

function conditionItem({ signal, field, operator, value, actual, matched }: PersonaCondition): Html {
  const asked = `${operator.replace('>=', '≥').replace('<=', '≤')} ${shown(value)}`
  return html`<li>${words(signal)}, ${field.replaceAll('_', ' ')}: <b>${shown(actual)}</b> (asked: ${asked}; ${matched ? 'met' : 'not met'})</li>`
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'unknown'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
