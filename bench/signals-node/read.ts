import { type Kysely, sql } from 'kysely'
import { accounts, transactions, transferMatches } from '../../src/index.js'
import type { Page, PageRequest } from '../../src/repositories/page.js'
import type { Account, Database, Transaction } from '../../src/schema/index.js'
import { evidenceDays } from '../../src/signals/streams.js'
import { dayOf, dayText } from './calendar.js'

export type Row = Pick<
  Transaction,
  | 'id'
  | 'account_id'
  | 'date'
  | 'merchant'
  | 'amount'
  | 'category'
  | 'description'
  | 'is_subscription'
  | 'transfer_id'
  | 'reverses_id'
>

export type AccountRow = Pick<Account, 'id' | 'account_type' | 'currency' | 'status' | 'balance' | 'credit_limit'>

/** What the signals of a person are computed from. */
export interface PersonRows {
  readonly user_id: string
  /** With their balances of now. */
  readonly accounts: readonly AccountRow[]
  /** The posted ones of {@link evidenceDays} days, in no order. */
  readonly rows: readonly Row[]
  /** The posted ones after the day. */
  readonly later: ReadonlyArray<Pick<Row, 'account_id' | 'amount'>>
  /** Ids of both sides of matches that count. */
  readonly matched: ReadonlySet<string>
  /** Ids of what was reversed. */
  readonly reversed: ReadonlySet<string>
}

export type ReadPeople = (db: Kysely<Database>, people: readonly string[], asOf: string) => Promise<PersonRows[]>

/** As a host has them: by the repositories, a thousand a page. */
export const byRepository: ReadPeople = (db, people, asOf) =>
  Promise.all(
    people.map(async (user_id) => {
      const from = dayText(dayOf(asOf).number - evidenceDays + 1)
      const [mine, all, matches] = await Promise.all([
        everyPage((page) => accounts.list(db, user_id, {}, page)),
        everyPage((page) => transactions.list(db, user_id, { from }, page)),
        everyPage((page) => transferMatches.list(db, user_id, {}, page)),
      ])
      const posted = all.filter(({ status }) => status === 'posted')
      const settled = matches.filter(({ status }) => status === 'automatic' || status === 'confirmed')
      return {
        user_id,
        accounts: mine,
        rows: posted.filter(({ date }) => date <= asOf),
        later: posted.filter(({ date }) => date > asOf),
        matched: new Set(settled.flatMap((match) => [match.from_transaction_id, match.to_transaction_id])),
        reversed: new Set(all.flatMap(({ reverses_id }) => reverses_id ?? [])),
      }
    }),
  )

async function everyPage<Found>(read: (page: PageRequest) => Promise<Page<Found>>): Promise<Found[]> {
  const found: Found[] = []
  for (let after: string | undefined | null; after !== null; ) {
    const page = await read({ limit: 1000, ...(after === undefined ? {} : { after }) })
    found.push(...page.rows)
    after = page.next
  }
  return found
}

/** By statements of its own, with no more columns than are looked at. */
export const byColumns: ReadPeople = async (db, people, asOf) => {
  const [mine, marks, ...rows] = await Promise.all([
    sql<AccountRow & { user_id: string }>`
      select a.user_id, a.id, a.account_type, a.currency, a.status, a.credit_limit, a.balance - coalesce((
        select sum(t.amount) from finance.transactions t
        where t.user_id = a.user_id and t.account_id = a.id and t.date > ${asOf}::date and t.status = 'posted'), 0) as balance
      from finance.accounts a where a.user_id = any(${people}::uuid[])`.execute(db),
    sql<{ user_id: string; id: string; is_reversed: boolean }>`
      select user_id, unnest(array[from_transaction_id, to_transaction_id]) as id, false as is_reversed
      from finance.transfer_matches where user_id = any(${people}::uuid[]) and status in ('automatic', 'confirmed')
      union all
      select user_id, reverses_id, true from finance.transactions
      where user_id = any(${people}::uuid[]) and reverses_id is not null`.execute(db),
    ...people.map((user_id) =>
      sql<Row>`
      select id, account_id, date, merchant, amount, category,
        case when amount > 0 then description end as description, is_subscription, transfer_id, reverses_id
      from finance.transactions
      where user_id = ${user_id} and status = 'posted' and date > ${asOf}::date - ${evidenceDays}::int and date <= ${asOf}::date
      `.execute(db),
    ),
  ])
  const read = new Map(
    people.map((user_id, i) => [
      user_id,
      {
        user_id,
        accounts: [] as AccountRow[],
        rows: rows[i]?.rows ?? [],
        later: [],
        matched: new Set<string>(),
        reversed: new Set<string>(),
      },
    ]),
  )
  for (const account of mine.rows) read.get(account.user_id)?.accounts.push(account)
  for (const { user_id, id, is_reversed } of marks.rows) {
    const person = read.get(user_id)
    if (is_reversed) person?.reversed.add(id)
    else person?.matched.add(id)
  }
  return [...read.values()]
}
