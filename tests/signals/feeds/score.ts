import { type Kysely, sql } from 'kysely'
import { subscriptions } from '../../../src/index.js'
import type { Database } from '../../../src/schema/index.js'
import type { FeedPerson } from './index.js'

/** Of one kind: how many there are, how many were found, and what was not. */
export interface Tally {
  labelled: number
  hits: number
  readonly missed: string[]
}

export interface Scored {
  readonly kinds: ReadonlyMap<string, Tally>
  readonly found: number
  /** What was found and is none, with what made it. */
  readonly wrong: ReadonlyArray<{ readonly why: string; readonly what: string }>
}

export const recallOf = ({ kinds }: Scored) => {
  const all = [...kinds.values()]
  return all.reduce((n, { hits }) => n + hits, 0) / all.reduce((n, { labelled }) => n + labelled, 0)
}
export const precisionOf = ({ found, wrong }: Scored) => 1 - wrong.length / found

export function table(name: string, scored: Scored): string {
  const lines = [...scored.kinds]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, { hits, labelled }]) => `  ${kind}: ${hits} of ${labelled} (${(hits / labelled).toFixed(3)})`)
  const wrong = new Map<string, number>()
  for (const { why } of scored.wrong) wrong.set(why, (wrong.get(why) ?? 0) + 1)
  const falses = [...wrong].map(([why, count]) => `  wrong: ${why}, ${count}`)
  return [
    `${name}: recall ${recallOf(scored).toFixed(4)}, precision ${precisionOf(scored).toFixed(4)} of ${scored.found}`,
    ...lines,
    ...falses,
  ].join('\n')
}

const tally = (kinds: Map<string, Tally>, kind: string, hit: boolean, what: string) => {
  const of = kinds.get(kind) ?? { labelled: 0, hits: 0, missed: [] }
  kinds.set(kind, of)
  of.labelled++
  if (hit) of.hits++
  else of.missed.push(what)
}

/**
 * A stream is found when what is nine tenths its own holds nine tenths of its charges, and what was found is right when nine
 * tenths of it are of one stream. Streams of fewer than three charges (two where yearly) are not asked for.
 */
export async function scoreStreams(db: Kysely<Database>, people: readonly FeedPerson[], asOf: string): Promise<Scored> {
  const kinds = new Map<string, Tally>()
  const wrong: Array<{ why: string; what: string }> = []
  let found = 0
  for (const { user_id, person, keys } of people) {
    const rowOf = new Map(person.rows.map((row) => [row.key, row]))
    const streamOf = new Map(person.streams.flatMap((stream, i) => stream.charges.map((key) => [key, i] as const)))
    const held = new Map<number, number>()
    for (const got of await subscriptions.detect(db, user_id, { as_of: asOf })) {
      const counts = new Map<number, number>()
      const whys = new Map<string, number>()
      let either = 0
      for (const { transaction_id } of got.evidence) {
        const key = keys.get(transaction_id) as string
        const stream = streamOf.get(key)
        if (stream !== undefined) counts.set(stream, (counts.get(stream) ?? 0) + 1)
        else if (person.either.has(key)) either++
        const why = rowOf.get(key)?.why ?? ''
        whys.set(why, (whys.get(why) ?? 0) + 1)
      }
      const [owner, most] = [...counts].toSorted(([, a], [, b]) => b - a)[0] ?? [-1, 0]
      found++
      if (most >= 0.9 * (got.occurrences - either)) held.set(owner, (held.get(owner) ?? 0) + most)
      else {
        const why = [...whys].toSorted(([, a], [, b]) => b - a).map(([why]) => why)
        wrong.push({
          why: why.slice(0, 2).join(' and '),
          what: `${person.country} ${person.number}: ${got.merchant_key} | ${got.cadence} ${got.kind}, ${got.evidence
            .map(({ date, amount, merchant }) => `${date} ${Number(amount)} ${merchant}`)
            .slice(-6)
            .join('; ')}`,
        })
      }
    }
    person.streams.forEach(({ kind, cadence, name, charges }, i) => {
      if (charges.length < (cadence === 'yearly' ? 2 : 3)) return
      const rows = charges.map((key) => rowOf.get(key))
      tally(
        kinds,
        kind,
        (held.get(i) ?? 0) >= 0.9 * charges.length,
        `${person.country} ${person.number} ${person.fields}: ${name} | ${held.get(i) ?? 0} of ${charges.length} | ${rows
          .map((row) => `${row?.date} ${row?.amount}`)
          .slice(0, 14)
          .join(' ')} | ${rows[0]?.merchant} | ${rows[1]?.merchant}`,
      )
    })
  }
  return { kinds, found, wrong }
}

/** Moves between own accounts against the automatic matches. */
export async function scoreMoves(db: Kysely<Database>, people: readonly FeedPerson[]): Promise<Scored> {
  const { rows } = await sql<{ user_id: string; from_id: string; to_id: string; score: string }>`
    select user_id, from_transaction_id as from_id, to_transaction_id as to_id, score
    from ${sql.table('finance.transfer_matches')} where status = 'automatic'`.execute(db)
  const kinds = new Map<string, Tally>()
  const wrong: Array<{ why: string; what: string }> = []
  for (const { user_id, person, keys } of people) {
    const rowOf = new Map(person.rows.map((row) => [row.key, row]))
    const text = (key: string) => {
      const { account, date, amount, merchant, description, why } = rowOf.get(key) ?? {}
      return `[${why}] ${account} ${date} ${amount} ${merchant} ${description}`
    }
    // Nobody can tell three equal moves of a week apart: any of their sides go together.
    const alike = (key: string) => {
      const { account, amount, why } = rowOf.get(key) as (typeof person.rows)[number]
      return why === 'several alike' ? `${account} ${amount}` : key
    }
    const named = (from: string, to: string) => `${alike(from)} ${alike(to)}`
    const wanted = new Set(person.moves.map(({ from, to }) => named(from, to)))
    const right = new Set<string>()
    for (const { from_id, to_id, score } of rows.filter((row) => row.user_id === user_id)) {
      const [from, to] = [keys.get(from_id) as string, keys.get(to_id) as string]
      if (wanted.has(named(from, to))) right.add(from).add(to)
      else {
        wrong.push({
          why: [...new Set([rowOf.get(from)?.why, rowOf.get(to)?.why])].join(' and '),
          what: `${person.country} ${person.number} ${score}: ${text(from)} -> ${text(to)}`,
        })
      }
    }
    for (const { kind, from, to } of person.moves) {
      tally(
        kinds,
        kind,
        right.has(from) && right.has(to),
        `${person.country} ${person.number}: ${text(from)} -> ${text(to)}`,
      )
    }
  }
  return { kinds, found: rows.length, wrong }
}

/** Whether the pay of each window is what it is, by kind: days and total. What is too much is wrong. */
export async function scorePayOf(db: Kysely<Database>, people: readonly FeedPerson[], asOf: string): Promise<Scored> {
  const { rows } = await sql<{ user_id: string; time_window: string; payments: number; total: string }>`
    select user_id, time_window, (signal_value->>'payments')::int as payments, signal_value->>'total' as total
    from ${sql.table('finance.computed_features')} where signal_type = 'income_stability'`.execute(db)
  const kinds = new Map<string, Tally>()
  const wrong: Array<{ why: string; what: string }> = []
  for (const { user_id, person, payKind } of people) {
    for (const { time_window, payments, total } of rows.filter((row) => row.user_id === user_id)) {
      const from = new Date(Date.parse(asOf) - Number.parseInt(time_window, 10) * 86_400_000).toISOString().slice(0, 10)
      const paid = person.rows.filter(({ key, date }) => person.pay.includes(key) && date > from && date <= asOf)
      const [days, sum] = [
        new Set(paid.map(({ date }) => date)).size,
        paid.reduce((n, { amount }) => n + Number(amount), 0),
      ]
      const right = days === payments && Math.abs(sum - Number(total)) < 0.005
      const what = `${person.country} ${person.number} ${person.fields} ${person.categories} ${time_window}: ${payments} of ${total}, truly ${days} of ${sum.toFixed(2)}: ${paid[0]?.merchant}`
      tally(kinds, payKind, right, what)
      if (payments > days) wrong.push({ why: payKind, what })
    }
  }
  return { kinds, found: rows.length, wrong }
}
