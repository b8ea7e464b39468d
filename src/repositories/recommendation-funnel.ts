import { sql } from 'kysely'
import { z } from 'zod'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'
import { parseInput } from '../schema/input.js'
import { type FunnelFilter, funnelFilter } from '../schema/recommendations.js'
import { decodeCursor, type Page, type PageRequest, pageLimit, toPage } from './page.js'

/** What became of the recommendations that were made in a span of time, up to now. */
export interface Funnel {
  created: number
  shown: number
  clicked: number
  /** shown ÷ created, 0 to 1. Null when none was made. */
  shown_rate: number | null
  /** clicked ÷ shown, 0 to 1. Null when none was shown. */
  click_rate: number | null
}

export interface UserFunnel extends Funnel {
  user_id: string
}

const counts = [
  sql<number>`count(*)::int`.as('created'),
  sql<number>`count(shown_at)::int`.as('shown'),
  sql<number>`(count(*) filter (where clicked))::int`.as('clicked'),
] as const

/** For operators: of everybody. Walks `recommendations_funnel_idx`. */
export async function funnel(db: Db, filter: FunnelFilter): Promise<Funnel> {
  const row = await made(db, filter).select(counts).executeTakeFirstOrThrow().catch(translateError)
  return withRates(row)
}

/** For operators: of each user who got any, by user id. Reads all that was made in the span for each page. */
export async function funnelByUser(db: Db, filter: FunnelFilter, request: PageRequest = {}): Promise<Page<UserFunnel>> {
  const limit = pageLimit(request)
  let query = made(db, filter).select('user_id').select(counts).groupBy('user_id')
  if (request.after !== undefined) {
    const [userId] = decodeCursor(request.after, z.tuple([z.guid()]))
    query = query.where('user_id', '>', userId)
  }

  const rows = await query
    .orderBy('user_id')
    .limit(limit + 1)
    .execute()
    .catch(translateError)
  return toPage(rows.map(withRates), limit, ({ user_id }) => [user_id])
}

function made(db: Db, filter: FunnelFilter) {
  const { from, to, type } = parseInput(funnelFilter, filter, 'The filter')
  const query = db.selectFrom('finance.recommendations').where('created_at', '>=', from).where('created_at', '<', to)
  return type === undefined ? query : query.where('type', '=', type)
}

type Counts = Pick<Funnel, 'created' | 'shown' | 'clicked'>

function withRates<Row extends Counts>(row: Row): Row & Funnel {
  const { created, shown, clicked } = row
  return {
    ...row,
    shown_rate: created === 0 ? null : shown / created,
    click_rate: shown === 0 ? null : clicked / shown,
  }
}
