import { sql } from 'kysely'
import { z } from 'zod'
import type { Db } from '../schema/database.js'
import type { TransferMatchReasons } from '../schema/json.js'
import type { TransferMatch } from '../schema/rows.js'
import { quotedRate } from '../schema/transfer-matches.js'
import { bestAssignment } from './best-assignment.js'
import { strip } from './merchant-key.js'
import { planned } from './planned.js'
import { type Search, transferCandidates } from './transfer-candidates.js'
import { automaticFrom, couldBeFee, type Pair, scorePair, suggestedFrom } from './transfer-score.js'

/** How rows are paired. */
export const matchOptions = z.strictObject({
  /** How many days later the other side may be booked, 5 when left out. */
  days: z.int().min(0).max(30).optional(),
  /** For pairs across currencies: without a rate there are none. */
  rates: z.array(quotedRate).max(10_000).optional(),
})

/** New matches that were written. */
export interface FindResult {
  readonly automatic: number
  readonly suggested: number
}

/** Pairs the rows of some people, and writes what is new. In a transaction. */
export async function matchTransfers(db: Db, search: Search): Promise<FindResult> {
  const pairs = await planned(db, (trx) => transferCandidates(trx, search))
  const scored = withRivals(pairs)
  const matches = bestAssignment(scored.filter(({ score }) => score >= suggestedFrom))
  return write(db, search, matches)
}

/** How much less likely a pair may be and still cast doubt on another one of the same row. */
const rivalWithin = 0.1

/** How often two texts have to go together before they say what they are, in whatever language. */
const habitFrom = 3

/**
 * With what the feed itself says: where money that leaves under one text comes in under another again and again, in sums
 * that agree, the two texts are what this bank writes of a move.
 */
function withHabits(pairs: readonly Pair[]): Pair[] {
  const textsOf = ({ user_id, from_account, to_account, from_text, to_text }: Pair) =>
    `${user_id} ${from_account} ${to_account} ${strip(from_text)} > ${strip(to_text)}`
  const keyed = pairs.map((pair) => ({ pair, texts: textsOf(pair) }))
  const habits = new Set<string>()
  const exact = keyed.filter(({ pair }) => pair.fee === null && pair.rate === null)
  for (const [texts, of] of groupBy(exact, (one) => one.texts)) {
    const count = (value: (pair: Pair) => string) => new Set(of.map(({ pair }) => value(pair))).size
    const times = Math.min(
      count((pair) => pair.from_id),
      count((pair) => pair.to_id),
    )
    if (times >= habitFrom && (times > habitFrom || count((pair) => pair.amount) > 1)) habits.add(texts)
  }
  return keyed
    .map(({ pair, texts }) => (habits.has(texts) ? { ...pair, is_habit: true } : pair))
    .filter((pair) => pair.fee === null || couldBeFee(pair))
}

/**
 * Each pair with its score. Pairs of the same rows that are as likely are its rivals, unless it does not matter which is
 * which: as many equal sums that left one account as came to the other.
 */
function withRivals(candidates: readonly Pair[]) {
  const pairs = withHabits(candidates)
  const likely = pairs.map((pair) => ({ pair, group: groupOf(pair), score: scorePair(pair, 1).score }))
  const bySide = groupBy(
    likely.flatMap((one) => [one.pair.from_id, one.pair.to_id].map((side) => ({ side, ...one }))),
    ({ side }) => side,
  )
  const balanced = new Set<string>()
  for (const [group, of] of groupBy(likely, (one) => one.group)) {
    const sides = (side: 'from_id' | 'to_id') => new Set(of.map(({ pair }) => pair[side])).size
    if (sides('from_id') === sides('to_id')) balanced.add(group)
  }
  return likely.map(({ pair, group, score }) => {
    const others = [pair.from_id, pair.to_id].flatMap((side) => bySide.get(side) ?? [])
    const rivals = others.filter(
      (other) =>
        other.pair !== pair && other.score >= score - rivalWithin && !(other.group === group && balanced.has(group)),
    ).length
    return { ...pair, left: pair.from_id, right: pair.to_id, ...scorePair(pair, rivals) }
  })
}

function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const value of values) {
    const group = groups.get(keyOf(value))
    if (group === undefined) groups.set(keyOf(value), [value])
    else group.push(value)
  }
  return groups
}

const groupOf = ({ from_account, to_account, amount, fee, rate }: Pair) =>
  `${from_account} ${to_account} ${amount} ${fee} ${rate}`

type Scored = Pick<TransferMatch, 'user_id'> & {
  readonly from_id: string
  readonly to_id: string
  readonly score: number
  readonly reasons: TransferMatchReasons
}

async function write(db: Db, { people, from, to }: Search, matches: readonly Scored[]): Promise<FindResult> {
  const rows = matches.map(({ user_id, from_id, to_id, score, reasons }) => ({
    user_id,
    from_id,
    to_id,
    score,
    reasons,
    status: score >= automaticFrom ? 'automatic' : 'suggested',
  }))
  const table = sql.table('finance.transfer_matches')
  const found = sql`jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb)
    as n (user_id uuid, from_id uuid, to_id uuid, score numeric, reasons jsonb, status text)`
  // suggestions that others took the place of
  await sql`
    delete from ${table} m
    where m.user_id = any(${people}::uuid[]) and m.status = 'suggested'
      and exists (
        select from ${sql.table('finance.transactions')} t
        where t.user_id = m.user_id and t.id = m.from_transaction_id and t.date between ${from}::date and ${to}::date
      )
      and not exists (
        select from ${found}
        where n.user_id = m.user_id and n.from_id = m.from_transaction_id and n.to_id = m.to_transaction_id
      )`.execute(db)
  const promoted = await sql`
    update ${table} m set status = 'automatic', score = n.score, reasons = n.reasons
    from ${found}
    where m.user_id = n.user_id and m.from_transaction_id = n.from_id and m.to_transaction_id = n.to_id
      and m.status = 'suggested' and n.status = 'automatic'`.execute(db)
  const inserted = await sql<{ status: string }>`
    insert into ${table} (user_id, from_transaction_id, to_transaction_id, status, score, reasons)
    select n.user_id, n.from_id, n.to_id, n.status, n.score, n.reasons from ${found}
    order by 1, 2
    on conflict do nothing -- another run was faster, or it is there
    returning status`.execute(db)
  const automatic = inserted.rows.filter(({ status }) => status === 'automatic').length
  return {
    automatic: automatic + Number(promoted.numAffectedRows ?? 0),
    suggested: inserted.rows.length - automatic,
  }
}
