import { type Kysely, sql } from 'kysely'
import { accounts, transactions, transferMatches } from '../../src/index.js'
import type { Page, PageRequest } from '../../src/repositories/page.js'
import type { Account, Database, Transaction } from '../../src/schema/index.js'
import { evidenceDays } from '../../src/signals/streams.js'
import { dayOf, dayText } from './calendar.js'

export type Row = Pick<
  Transaction,
  'account_id' | 'date' | 'merchant' | 'amount' | 'category' | 'description' | 'transfer_id' | 'reverses_id'
> & {
  /** Null counts as false, and costs less to read. */
  readonly is_subscription: boolean | null
  /** A side of a match that counts, or reversed; of a reversal, what it takes back. */
  readonly mark: 'matched' | 'reversed' | null
}

export type AccountRow = Pick<Account, 'id' | 'account_type' | 'currency' | 'status' | 'balance' | 'credit_limit'>

/** What the signals of a person are computed from. */
export interface PersonRows {
  readonly user_id: string
  /** Their balances are those of the day once `later` is taken off. */
  readonly accounts: readonly AccountRow[]
  /** The posted ones of {@link evidenceDays} days, the latest first, those of a day by their ids. */
  readonly rows: readonly Row[]
  /** The posted ones after the day. */
  readonly later: ReadonlyArray<Pick<Row, 'account_id' | 'amount'>>
}

/** One by one, so that the rows of one person are forgotten before those of the next are there. */
export type ReadPeople = (
  db: Kysely<Database>,
  people: readonly string[],
  asOf: string,
) => AsyncGenerator<PersonRows, void, undefined>

/** As a host has them: by the repositories, a thousand a page. */
export const byRepository: ReadPeople = async function* (db, people, asOf) {
  const from = dayText(dayOf(asOf).number - evidenceDays + 1)
  for (const user_id of people) {
    const mine = await everyPage((page) => accounts.list(db, user_id, {}, page))
    const matches = await everyPage((page) => transferMatches.list(db, user_id, {}, page))
    const all = await everyPage((page) => transactions.list(db, user_id, { from }, page))
    const marks = new Map<string, 'matched' | 'reversed'>()
    for (const { status, from_transaction_id, to_transaction_id } of matches) {
      if (status === 'automatic' || status === 'confirmed') {
        marks.set(from_transaction_id, 'matched').set(to_transaction_id, 'matched')
      }
    }
    for (const { reverses_id } of all)
      if (reverses_id !== null) marks.set(reverses_id, marks.get(reverses_id) ?? 'reversed')
    const rows: Row[] = []
    const later: Row[] = []
    for (const row of all) {
      // The rows are ours: to copy two dozen columns of each would take a quarter longer.
      const marked = Object.assign(row, { mark: marks.get(row.reverses_id ?? row.id) ?? null })
      if (row.status === 'posted') (row.date > asOf ? later : rows).push(marked)
    }
    yield { user_id, accounts: mine, rows, later }
  }
}

async function everyPage<Found>(read: (page: PageRequest) => Promise<Page<Found>>): Promise<Found[]> {
  const found: Found[] = []
  for (let after: string | undefined | null; after !== null; ) {
    const page = await read({ limit: 1000, after })
    found.push(...page.rows)
    after = page.next
  }
  return found
}

/** By statements of its own, with no more columns than are looked at. */
export const byColumns: ReadPeople = async function* (db, people, asOf) {
  const { rows: all } = await sql<AccountRow & { user_id: string }>`
    select a.user_id, a.id, a.account_type, a.currency, a.status, a.credit_limit, a.balance - coalesce((
      select sum(t.amount) from finance.transactions t
      where t.user_id = a.user_id and t.account_id = a.id and t.date > ${asOf}::date and t.status = 'posted'), 0) as balance
    from finance.accounts a where a.user_id = any(${people}::uuid[])`.execute(db)
  const accountsOf = new Map(people.map((user_id) => [user_id, [] as AccountRow[]]))
  for (const account of all) accountsOf.get(account.user_id)?.push(account)
  for (const user_id of people) {
    const { rows } = await sql<Row>`
      select t.account_id, t.date, t.merchant, t.amount, t.category, t.description,
        nullif(t.is_subscription, false) as is_subscription, t.transfer_id, t.reverses_id, m.mark
      from finance.transactions t
      left join (
        select id, min(mark) as mark
        from (
          select unnest(array[from_transaction_id, to_transaction_id]) as id, 'matched' as mark
          from finance.transfer_matches where user_id = ${user_id} and status in ('automatic', 'confirmed')
          union all
          select reverses_id, 'reversed' from finance.transactions where user_id = ${user_id} and reverses_id is not null
        ) marks
        group by 1
      ) m on m.id = coalesce(t.reverses_id, t.id)
      where t.user_id = ${user_id} and t.status = 'posted' and t.date > ${asOf}::date - ${evidenceDays}::int
        and t.date <= ${asOf}::date
      order by t.date desc, t.id desc`.execute(db)
    yield { user_id, accounts: accountsOf.get(user_id) ?? [], rows, later: [] }
  }
}
