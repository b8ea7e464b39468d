import { type Kysely, sql } from 'kysely'
import { subscriptions } from '../../src/index.js'
import type { Database } from '../../src/schema/database.js'
import type { Label, PersonaLabel, RecurringLabel } from '../../src/seed/labels.js'
import { only } from '../seed/support.js'

/** How often a detector was right, and each time that it was not. */
export interface Score {
  /** Labelled and found. */
  readonly hits: number
  readonly labelled: number
  readonly found: number
  /** Found and right. It is not `hits` where one label is found in two parts. */
  readonly right: number
  /** Labelled and not found. */
  readonly missed: readonly Miss[]
  /** Found, and not labelled or labelled otherwise. */
  readonly wrong: readonly Miss[]
}

export interface Miss {
  readonly user_id: string
  readonly what: string
  /** As the seeder says. */
  readonly hard: readonly string[]
}

export const recall = ({ hits, labelled }: Score) => hits / labelled
export const precision = ({ right, found }: Score) => right / found

/** The mistakes by what makes them hard, for a report. */
export function summary(name: string, score: Score): string {
  const head = `${name}: ${score.labelled} labelled, recall ${recall(score).toFixed(4)}; ${score.found} found, precision ${precision(score).toFixed(4)}`
  const line = (kind: string) => (miss: Miss) =>
    `\n  ${kind}: ${miss.what}${miss.hard.length === 0 ? '' : ` (${miss.hard.join(', ')})`}`
  return head + score.missed.map(line('missed')).join('') + score.wrong.map(line('wrong')).join('')
}

export interface FoundStream {
  readonly label: RecurringLabel
  readonly streams: readonly subscriptions.Subscription[]
  /** Its last charge is not posted yet. */
  readonly pending: boolean
}

/**
 * A label is found when streams that are nine tenths its own charges hold nine tenths of them; a stream is right when it is
 * of one label, nine tenths of it. Charges before the 800 days that are looked at, and pending ones, are not asked for, nor
 * labels with fewer than three charges (two where yearly).
 */
export async function scoreSubscriptions(
  db: Kysely<Database>,
  labels: readonly Label[],
  asOf: string,
): Promise<{ score: Score; pairs: readonly FoundStream[] }> {
  const posted = await postedIds(db)
  const ofUser = new Map<string, RecurringLabel[]>()
  for (const label of only(labels, 'subscription', 'bill', 'standing_order')) {
    ofUser.set(label.user_id, [...(ofUser.get(label.user_id) ?? []), label])
  }
  const users = only(labels, 'user').map(({ user_id }) => user_id)
  const missed: Miss[] = []
  const wrong: Miss[] = []
  const pairs: FoundStream[] = []
  let [hits, labelled, found, right] = [0, 0, 0, 0]
  for (const user of users) {
    const streams = await subscriptions.detect(db, user, { as_of: asOf })
    const mine = ofUser.get(user) ?? []
    const labelOf = new Map(mine.flatMap((label) => label.transaction_ids.map((id) => [id, label])))
    const owners = new Map<RecurringLabel, subscriptions.Subscription[]>()
    found += streams.length
    for (const stream of streams) {
      const counts = new Map<RecurringLabel | undefined, number>()
      for (const { transaction_id } of stream.evidence) {
        const label = labelOf.get(transaction_id)
        counts.set(label, (counts.get(label) ?? 0) + 1)
      }
      const [owner, most] = [...counts].toSorted(([, a], [, b]) => b - a)[0] ?? [undefined, 0]
      if (owner !== undefined && most >= 0.9 * stream.occurrences) {
        right++
        owners.set(owner, [...(owners.get(owner) ?? []), stream])
      } else {
        const what = `${stream.merchant}, ${stream.cadence}, ${stream.occurrences} × ${stream.amount} until ${stream.last_date}`
        wrong.push({ user_id: user, what, hard: owner?.hard ?? [] })
      }
    }
    for (const label of mine) {
      const ids = label.transaction_ids.filter((id) => posted.has(id))
      if (ids.length < (label.cadence === 'yearly' ? 2 : 3)) continue
      labelled++
      const own = owners.get(label) ?? []
      const covered = own
        .flatMap(({ evidence }) => evidence)
        .filter(({ transaction_id }) => labelOf.get(transaction_id) === label)
      if (covered.length >= 0.9 * ids.length) {
        hits++
        pairs.push({ label, streams: own, pending: ids.at(-1) !== label.transaction_ids.at(-1) })
      } else {
        const amounts = label.amounts.map(({ amount }) => amount)
        missed.push({
          user_id: user,
          what: `${label.type} ${label.merchant}, ${label.cadence}, ${covered.length} of ${ids.length} charges, ${amounts.slice(0, 4).join(' ')}`,
          hard: label.hard ?? [],
        })
      }
    }
  }
  return { score: { hits, labelled, found, right, missed, wrong }, pairs }
}

/** Pairs of rows that are no transfer by their `transfer_id`. A row whose other side is missing from the feed has none. */
export async function scoreTransfers(db: Kysely<Database>, labels: readonly Label[]): Promise<Score> {
  const { rows } = await sql<{ user_id: string; pair: string; score: string; status: string }>`
    select user_id, from_transaction_id || ' ' || to_transaction_id as pair, score, status
    from ${sql.table('finance.transfer_matches')} where status = 'automatic'`.execute(db)
  const posted = await postedIds(db)
  const wanted = new Map(
    only(labels, 'transfer')
      .filter(({ linked, from_transaction_id: f, to_transaction_id: t }) => !linked && posted.has(f) && posted.has(t))
      .map((label) => [`${label.from_transaction_id} ${label.to_transaction_id}`, label]),
  )
  const got = new Set(rows.map(({ pair }) => pair))
  const missed = [...wanted].flatMap(([pair, { user_id, kind, hard }]) =>
    got.has(pair) ? [] : [{ user_id, what: `${kind} ${pair}`, hard: hard ?? [] }],
  )
  const wrong = rows.flatMap(({ user_id, pair, score }) =>
    wanted.has(pair) ? [] : [{ user_id, what: `${pair} at ${score}`, hard: [] }],
  )
  const right = rows.length - wrong.length
  return { hits: wanted.size - missed.length, labelled: wanted.size, found: rows.length, right, missed, wrong }
}

/** Days with pay in the windows, by what `income_stability` counts and sums, against the labelled rows. */
export async function scorePay(db: Kysely<Database>, labels: readonly Label[], asOf: string): Promise<Score> {
  const { rows: signals } = await sql<{ user_id: string; time_window: string; payments: number; total: string }>`
    select user_id, time_window, (signal_value->>'payments')::int as payments, signal_value->>'total' as total
    from ${sql.table('finance.computed_features')} where signal_type = 'income_stability'`.execute(db)
  const ids = only(labels, 'payroll').flatMap(({ transaction_ids }) => transaction_ids)
  const { rows: paid } = await sql<{ user_id: string; time_window: string; payments: number; total: string }>`
    select t.user_id, w.w || 'd' as time_window, count(distinct t.date)::int as payments, sum(t.amount)::text as total
    from ${sql.table('finance.transactions')} t
    cross join (values (30), (90), (180)) as w (w)
    where t.id = any(${ids}::uuid[]) and t.status = 'posted' and t.date > ${asOf}::date - w.w and t.date <= ${asOf}::date
    group by 1, 2`.execute(db)
  const truth = new Map(paid.map((row) => [`${row.user_id} ${row.time_window}`, row]))
  const hardOf = new Map<string, string[]>()
  for (const { user_id, hard = [] } of only(labels, 'payroll')) {
    hardOf.set(user_id, [...new Set([...(hardOf.get(user_id) ?? []), ...hard])])
  }
  const missed: Miss[] = []
  const wrong: Miss[] = []
  let [hits, labelled, found] = [0, 0, 0]
  for (const { user_id, time_window, payments, total } of signals) {
    const right = truth.get(`${user_id} ${time_window}`) ?? { payments: 0, total: '0.0000' }
    labelled += right.payments
    found += payments
    hits += Math.min(payments, right.payments)
    if (payments === right.payments && Number(total) === Number(right.total)) continue
    const miss = {
      user_id,
      what: `${time_window}: ${payments} of ${total}, truly ${right.payments} of ${right.total}`,
      hard: hardOf.get(user_id) ?? [],
    }
    if (payments < right.payments) missed.push(miss)
    else wrong.push(miss)
  }
  return { hits, labelled, found, right: hits, missed, wrong }
}

export async function scorePersonas(db: Kysely<Database>, labels: readonly Label[]): Promise<Score> {
  const { rows } = await sql<{ user_id: string; time_window: string; persona: string; reasons: unknown }>`
    select distinct on (user_id, time_window) user_id, time_window, persona, reasons
    from ${sql.table('finance.persona_assignments')} order by user_id, time_window, assigned_at desc, id desc`.execute(
    db,
  )
  const got = new Map(rows.map((row) => [`${row.user_id} ${row.time_window}`, row]))
  const told = only(labels, 'persona')
  const missed = told.flatMap((label) => {
    const assigned = got.get(`${label.user_id} ${label.window}`)
    return assigned?.persona === label.persona
      ? []
      : [{ user_id: label.user_id, what: misjudged(label, assigned), hard: label.hard ?? [] }]
  })
  const hits = told.length - missed.length
  return { hits, labelled: told.length, found: rows.length, right: hits, missed, wrong: [] }
}

function misjudged(label: PersonaLabel, assigned: { persona: string; reasons: unknown } | undefined): string {
  return `${label.window}: ${assigned?.persona}, truly ${label.persona}; ${JSON.stringify(label.facts)}; ${JSON.stringify(assigned?.reasons)}`
}

async function postedIds(db: Kysely<Database>): Promise<Set<string>> {
  const rows = await db.selectFrom('finance.transactions').select('id').where('status', '=', 'posted').execute()
  return new Set(rows.map(({ id }) => id))
}
