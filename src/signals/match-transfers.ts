import { sql } from 'kysely'
import { z } from 'zod'
import type { Db } from '../schema/database.js'
import { quotedRate } from '../schema/transfer-matches.js'
import { bestAssignment } from './best-assignment.js'
import { planned } from './planned.js'
import { type Search, transferCandidates } from './transfer-candidates.js'
import { type ScoredPair, scorePairs } from './transfer-rivals.js'
import { automaticFrom, reasonsOf, suggestedFrom } from './transfer-score.js'
import type { Pair } from './transfer-sides.js'
import { lockPeople } from './user-chunks.js'

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
export async function matchTransfers(db: Db, asked: Search): Promise<FindResult> {
  // Else a run that saw fewer rows could delete the suggestions of one that saw more.
  const search = { ...asked, people: await lockPeople(db, asked.people, 'no key update') }
  await endReversed(db, search.people)
  const pairs = await planned(db, (trx) => transferCandidates(trx, search))
  if (pairs === undefined) return inHalves(db, search)
  return write(db, search, byPerson(pairs).flatMap(matchesAmong))
}

function byPerson(pairs: readonly Pair[]): Pair[][] {
  const people = new Map<string, Pair[]>()
  for (const pair of pairs) {
    const mine = people.get(pair.user_id)
    if (mine === undefined) people.set(pair.user_id, [pair])
    else mine.push(pair)
  }
  return [...people.values()]
}

/** Two are common and three rare; the rest is left to the next run. */
const mostRounds = 5

/**
 * Of one person. What is certain is taken, and the rest looked at again without it, since its rows are no rivals any more: else
 * the next run would find more in the same rows.
 */
function matchesAmong(pairs: readonly Pair[]): ScoredPair[] {
  const certain: ScoredPair[] = []
  let open = pairs
  for (let round = 1; ; round++) {
    const matches = bestAssignment(scorePairs(open).filter(({ score }) => score >= suggestedFrom))
    const found = matches.filter(({ score }) => score >= automaticFrom)
    if (found.length === 0 || round === mostRounds) return [...certain, ...matches]
    certain.push(...found)
    const taken = new Set(found.flatMap(({ left, right }) => [left, right]))
    open = open.filter(({ from, to }) => !taken.has(from.id) && !taken.has(to.id))
  }
}

/** A row that was reversed was no movement, and its other side may be that of another one. What someone confirmed stays. */
async function endReversed(db: Db, people: readonly string[]): Promise<void> {
  const reversed = sql`(
    select user_id, reverses_id from ${sql.table('finance.transactions')}
    where user_id = any(${people}::uuid[]) and reverses_id is not null)`
  await sql`
    delete from ${sql.table('finance.transfer_matches')}
    where user_id = any(${people}::uuid[]) and status in ('suggested', 'automatic')
      and ((user_id, from_transaction_id) in ${reversed} or (user_id, to_transaction_id) in ${reversed})`.execute(db)
}

/** Some people have so many rows alike that their pairs are not held in memory together. */
async function inHalves(db: Db, search: Search): Promise<FindResult> {
  const middle = search.people.length >> 1
  const first = await matchTransfers(db, { ...search, people: search.people.slice(0, middle) })
  const second = await matchTransfers(db, { ...search, people: search.people.slice(middle) })
  return { automatic: first.automatic + second.automatic, suggested: first.suggested + second.suggested }
}

async function write(db: Db, { people, from, to }: Search, matches: readonly ScoredPair[]): Promise<FindResult> {
  const rows = matches.map(({ pair, circumstances, left, right, score }) => ({
    user_id: pair.user_id,
    from_id: left,
    to_id: right,
    score,
    reasons: reasonsOf(pair, circumstances),
    status: score >= automaticFrom ? 'automatic' : 'suggested',
  }))
  const table = sql.table('finance.transfer_matches')
  const found = sql`jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb)
    as n (user_id uuid, from_id uuid, to_id uuid, score numeric, reasons jsonb, status text)`
  // Suggestions that others took the place of, also those whose side that pays was not looked at.
  await sql`
    delete from ${table} m
    where m.user_id = any(${people}::uuid[]) and m.status = 'suggested' and case
      when exists (
        select from ${sql.table('finance.transactions')} t
        where t.user_id = m.user_id and t.id = m.from_transaction_id and t.date between ${from}::date and ${to}::date
      ) then not exists (
        select from ${found}
        where n.user_id = m.user_id and n.from_id = m.from_transaction_id and n.to_id = m.to_transaction_id
      )
      else exists (
        select from ${found} where n.user_id = m.user_id and n.to_id = m.to_transaction_id and n.score > m.score
      ) end`.execute(db)
  const judgedAgain = await sql<{ status: string }>`
    update ${table} m set status = n.status, score = n.score, reasons = n.reasons
    from ${found}
    where m.user_id = n.user_id and m.from_transaction_id = n.from_id and m.to_transaction_id = n.to_id
      and m.status = 'suggested' and (m.status, m.score, m.reasons) is distinct from (n.status, n.score::numeric(5,4), n.reasons)
    returning m.status`.execute(db)
  const inserted = await sql<{ status: string }>`
    insert into ${table} (user_id, from_transaction_id, to_transaction_id, status, score, reasons)
    select n.user_id, n.from_id, n.to_id, n.status, n.score, n.reasons from ${found}
    order by 1, 2
    on conflict do nothing -- another run was faster, or it is there
    returning status`.execute(db)
  const automatic = (rows: readonly { status: string }[]) => rows.filter(({ status }) => status === 'automatic').length
  return {
    automatic: automatic(inserted.rows) + automatic(judgedAgain.rows),
    suggested: inserted.rows.length - automatic(inserted.rows),
  }
}
