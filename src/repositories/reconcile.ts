import { sql } from 'kysely'
import { NotFoundError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'
import { parseInput } from '../schema/input.js'
import { type Statement, type StatementRow, statement } from '../schema/statements.js'
import { fromUnits, toUnits } from './decimal.js'

/** A posted transaction, as it is compared with a statement. */
export interface BookedRow {
  id: string
  /** `'YYYY-MM-DD'` */
  date: string
  amount: string
  external_id: string | null
}

/** The first thing in which account and statement differ, by day. */
export type Difference =
  /** The statement has a row that the account has not. `row` counts from 1. */
  | { kind: 'missing'; row: number; statement: StatementRow }
  /** The account has a transaction that the statement has not. */
  | { kind: 'unexpected'; transaction: BookedRow }
  /** The bank's id is known, for another day or amount. */
  | { kind: 'date' | 'amount'; row: number; statement: StatementRow; transaction: BookedRow }
  /** Every row so far agrees, and after this one the statement has another balance. */
  | { kind: 'balance'; row: number; statement: StatementRow; expected: string; found: string }
  /** Before its first row, or after its last, the statement has another balance: `found`, where the account has `expected`. */
  | { kind: 'opening_balance' | 'closing_balance'; expected: string; found: string }

export interface Reconciliation {
  /** The books agree with themselves, and with the statement where one is given. */
  reconciled: boolean
  currency: string
  /** As the account has it. */
  balance: string
  opening_balance: string
  /** The sum of all that is posted. */
  posted: string
  transactions: number
  /** balance − opening_balance − posted. Anything but zero means that somebody went past the database's own rules. */
  difference: string
  /** Null when there is none, or no statement. */
  first_difference: Difference | null
}

/**
 * Proves that the balance of an account is its opening balance and its posted rows, and, with a statement of the bank, finds
 * the first row in which the two differ. A row of the statement is the transaction with its `external_id`, else one of the
 * same day and amount whose id does not say otherwise; each counts once. One snapshot: other writers cannot blur it.
 *
 * @throws {NotFoundError} Also when the account belongs to another user.
 */
export async function reconcile(db: Db, userId: string, id: string, bank?: Statement): Promise<Reconciliation> {
  const given = bank === undefined ? undefined : parseInput(statement, bank, 'The statement')
  const days = given?.rows.map(({ date }) => date).sort()
  const from = given?.from ?? days?.[0] ?? null
  const to = given?.to ?? days?.at(-1) ?? null
  const ids = given?.rows.flatMap(({ external_id }) => external_id ?? []) ?? []

  const transactions = sql.table('finance.transactions')
  const { rows } = await sql<Proof>`
    with account as (
      select * from ${sql.table('finance.accounts')} where user_id = ${userId}::uuid and id = ${id}::uuid
    ),
    posted as (
      select id, date, amount, external_id from ${transactions}
      where user_id = ${userId}::uuid and account_id = ${id}::uuid and status = 'posted'
    ),
    total as (
      select coalesce(sum(amount), 0)::numeric(38,4) as posted, count(*)::int as transactions,
        coalesce(sum(amount) filter (where date < ${from}::date), 0) as before
      from posted
    )
    select currency, balance, opening_balance, posted, transactions,
      (balance - opening_balance - posted)::numeric(38,4) as difference,
      (opening_balance + before)::numeric(38,4) as before,
      coalesce((
        select json_agg(json_build_object(
          'id', p.id, 'date', to_char(p.date::timestamp, 'YYYY-MM-DD'), 'amount', p.amount::text, 'external_id', p.external_id
        ) order by p.date, p.id)
        from posted p
        where p.date between ${from}::date and ${to}::date or p.external_id = any (${ids}::text[])
      ), '[]') as booked
    from account, total`
    .execute(db)
    .catch(translateError)
  const [proof] = rows
  if (proof === undefined) throw new NotFoundError('account')

  const { before, booked, ...account } = proof
  const first =
    given === undefined || from === null || to === null ? null : firstDifference(given, booked, toUnits(before))
  return {
    reconciled: toUnits(account.difference) === 0n && first === null,
    ...account,
    first_difference: first,
  }
}

type Proof = Omit<Reconciliation, 'reconciled' | 'first_difference'> & { before: string; booked: BookedRow[] }

/** `before` is the balance before the first day. */
function firstDifference(bank: Statement, booked: readonly BookedRow[], before: bigint): Difference | null {
  if (bank.opening_balance !== undefined && toUnits(bank.opening_balance) !== before) {
    return { kind: 'opening_balance', expected: fromUnits(before), found: bank.opening_balance }
  }
  const inOrder = bank.rows.map((row, i) => ({ row: i + 1, statement: row }))
  const [first, last] = [bank.rows[0], bank.rows.at(-1)]
  if (first !== undefined && last !== undefined && first.date > last.date) inOrder.reverse()

  const unmatched = new Unmatched(booked)
  const byId = inOrder.map((entry) => ({ ...entry, transaction: unmatched.takeById(entry.statement) }))
  const matches = byId.map((entry) => ({
    ...entry,
    transaction: entry.transaction ?? unmatched.takeByValue(entry.statement),
  }))
  let balance = before
  let differing: RowDifference | undefined
  for (const { row, statement, transaction } of matches) {
    differing ??= compare(row, statement, transaction)
    balance += toUnits(statement.amount)
    if (differing === undefined && statement.balance !== undefined && toUnits(statement.balance) !== balance) {
      differing = { kind: 'balance', row, statement, expected: fromUnits(balance), found: statement.balance }
    }
  }

  const extra = unmatched.first()
  if (extra !== undefined && (differing === undefined || isBefore(extra, differing))) {
    return { kind: 'unexpected', transaction: extra }
  }
  if (differing !== undefined) return differing
  if (bank.closing_balance !== undefined && toUnits(bank.closing_balance) !== balance) {
    return { kind: 'closing_balance', expected: fromUnits(balance), found: bank.closing_balance }
  }
  return null
}

type RowDifference = Extract<Difference, { row: number }>

/** A balance is off because of a row of its day or before, not the other way round. */
function isBefore(extra: BookedRow, { kind, statement }: RowDifference): boolean {
  return kind === 'balance' ? extra.date <= statement.date : extra.date < statement.date
}

function compare(row: number, statement: StatementRow, transaction: BookedRow | undefined): RowDifference | undefined {
  if (transaction === undefined) return { kind: 'missing', row, statement }
  if (toUnits(transaction.amount) !== toUnits(statement.amount)) return { kind: 'amount', row, statement, transaction }
  if (transaction.date !== statement.date) return { kind: 'date', row, statement, transaction }
  return undefined
}

/** The transactions that no row of the statement has claimed yet. */
class Unmatched {
  readonly #left: Set<BookedRow>
  readonly #byId = new Map<string, BookedRow>()
  readonly #byValue = new Map<string, BookedRow[]>()

  constructor(booked: readonly BookedRow[]) {
    this.#left = new Set(booked)
    for (const row of booked) {
      if (row.external_id !== null) this.#byId.set(row.external_id, row)
      const same = this.#byValue.get(dayAndAmount(row))
      if (same === undefined) this.#byValue.set(dayAndAmount(row), [row])
      else same.push(row)
    }
  }

  takeById({ external_id }: StatementRow): BookedRow | undefined {
    return this.#take(external_id === undefined ? undefined : this.#byId.get(external_id))
  }

  takeByValue(row: StatementRow): BookedRow | undefined {
    const same = this.#byValue.get(dayAndAmount(row)) ?? []
    return this.#take(
      same.find((booked) => this.#left.has(booked) && (booked.external_id === null || row.external_id === undefined)),
    )
  }

  /** By day. It is in the span: of the others only those were read that a row of the statement claims by its id. */
  first(): BookedRow | undefined {
    const [first] = this.#left
    return first
  }

  #take(row: BookedRow | undefined): BookedRow | undefined {
    return row !== undefined && this.#left.delete(row) ? row : undefined
  }
}

function dayAndAmount({ date, amount }: { date: string; amount: string }): string {
  return `${date} ${toUnits(amount)}`
}
