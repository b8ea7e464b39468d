import { sql } from 'kysely'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'

/** What vitest and jest make of a matcher's answer. */
export interface MatcherResult {
  readonly pass: boolean
  readonly message: () => string
  readonly actual?: unknown
  readonly expected?: unknown
}

/** The account that {@link toHaveBalance} asks for. A row of `accounts` will do. */
export interface AccountKey {
  readonly user_id: string
  readonly id: string
}

const decimal = /^([+-])?(\d+)(?:\.(\d+))?$/

/** A decimal without what does not change it: `+1.50`, `01.5` and `1.5000` are `1.5`. Undefined for what is none. */
function normalized(text: unknown): string | undefined {
  const [, sign, whole, fraction = ''] = (typeof text === 'string' && decimal.exec(text)) || []
  if (whole === undefined) return undefined
  const digits = whole.replace(/^0+(?=\d)/, '')
  const places = fraction.replace(/0+$/, '')
  const value = places === '' ? digits : `${digits}.${places}`
  return sign === '-' && value !== '0' ? `-${value}` : value
}

/**
 * `expect(row.amount).toBeDecimal('-12.5')`: a decimal string of that value, however many zeros follow. Never rounds. A
 * number is refused, also one that looks right: money is text.
 */
export function toBeDecimal(received: unknown, expected: string): MatcherResult {
  const wanted = normalized(expected)
  if (wanted === undefined) throw new TypeError('toBeDecimal takes a decimal as text, such as "-12.50".')
  const actual = normalized(received)
  const pass = actual === wanted
  const what = typeof received === 'string' ? `the text "${received}"` : `a ${typeof received} (${String(received)})`
  return {
    pass,
    message: () => `expected ${what} ${pass ? 'not ' : ''}to be the decimal ${wanted}`,
    actual: actual ?? received,
    expected: wanted,
  }
}

/**
 * `await expect(account).toHaveBalance(db, '87.50')`: the balance that the database has now, whatever the row in hand says,
 * and that it follows from the movements: the opening balance plus what is posted.
 */
export async function toHaveBalance(received: AccountKey, db: Db, expected: string): Promise<MatcherResult> {
  const wanted = normalized(expected)
  if (wanted === undefined) throw new TypeError('toHaveBalance takes a decimal as text, such as "87.50".')
  const { rows } = await sql<{ balance: string; booked: string }>`
    select a.balance::text as balance, (a.opening_balance + coalesce((
      select sum(t.amount) from ${sql.table('finance.transactions')} t
      where t.user_id = a.user_id and t.account_id = a.id and t.status = 'posted'
    ), 0))::text as booked
    from ${sql.table('finance.accounts')} a where a.user_id = ${received.user_id} and a.id = ${received.id}`
    .execute(db)
    .catch(translateError)
  const [row] = rows
  if (row === undefined) return { pass: false, message: () => 'expected an account that is in the database' }

  const actual = normalized(row.balance)
  const consistent = actual === normalized(row.booked)
  const pass = actual === wanted && consistent
  return {
    pass,
    message: () =>
      consistent
        ? `expected the account ${pass ? 'not ' : ''}to have the balance ${wanted}, and it has ${actual}`
        : `the account's balance ${actual} is not its opening balance plus what is posted, ${normalized(row.booked)}`,
    actual,
    expected: wanted,
  }
}

/** For `expect.extend(matchers)`, in vitest and in jest. `@org/finance-db/testing/vitest` has done it and typed them. */
export const matchers = { toBeDecimal, toHaveBalance }
