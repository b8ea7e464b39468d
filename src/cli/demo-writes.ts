import { type Kysely, sql } from 'kysely'
import { schemaOf } from '../connection/schema-plugin.js'
import { FinanceDbError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import * as accounts from '../repositories/accounts.js'
import * as transactions from '../repositories/transactions.js'
import * as users from '../repositories/users.js'
import type { Database } from '../schema/database.js'
import type { Account, Transaction, User } from '../schema/rows.js'
import type { NewTransaction } from '../schema/transactions.js'
import { money, wrap } from './format.js'
import { checkInvariants } from './invariants.js'
import type { Output } from './output.js'
import type { Show } from './show.js'
import { printInvariants } from './verify.js'

/** A write, the same again, writes that are refused, and the proof that all adds up after them. */
export async function tellWrites(db: Kysely<Database>, show: Show, user: User) {
  const [before] = (await accounts.list(db, user.id)).rows
  if (before === undefined) throw new Error('the seed has opened no account')
  const coffee: NewTransaction = {
    user_id: user.id,
    account_id: before.id,
    date: '2025-12-31',
    merchant: 'Third Street Coffee',
    category: 'coffee',
    amount: '-4.50',
    idempotency_key: 'demo-coffee',
  }
  const first = await transactions.create(db, coffee)
  const again = await transactions.create(db, coffee)
  const after = await accounts.get(db, user.id, before.id)
  const written = show(
    'One coffee, sent twice with the same key',
    "transactions.create(db, { …, amount: '-4.50', idempotency_key: 'demo-coffee' })",
    { before: before.balance, first: first.id, again: again.id, after: after.balance },
    (out) => printWrite(out, before, after, first.id === again.id),
  )

  const refused = show(
    'Writes that are refused, each by a typed error',
    'catch (error) { if (error instanceof RuleViolationError) … }',
    await attempts(db, user, before, first),
    (out, rows) => {
      for (const { attempt, error, message } of rows) {
        out.line(`  ${attempt}`)
        const [first, ...rest] = wrap(`${error}: ${message}`, 92)
        out.line(`    ${out.style('yellow', error)}${first?.slice(error.length)}`)
        for (const line of rest) out.line(`      ${line}`)
      }
    },
  )
  const invariants = show(
    'Does it all add up, for everyone?',
    'finance-db verify',
    await checkInvariants(db, schemaOf(db), () => undefined),
    printInvariants,
  )
  return { written, refused, invariants }
}

function printWrite(out: Output, before: Account, after: Account, isSame: boolean): void {
  const line = (what: string, value: string) => out.line(`  ${what.padEnd(22)} ${value}`)
  line('balance before', money(before.balance, before.currency))
  line('first call', `a new transaction of ${money('-4.50', before.currency)}`)
  line('second call', isSame ? 'the same transaction: nothing was written' : 'a second transaction')
  line('balance after', money(after.balance, after.currency))
}

interface Refusal {
  readonly attempt: string
  readonly error: string
  readonly message: string
}

async function attempts(db: Kysely<Database>, user: User, account: Account, posted: Transaction): Promise<Refusal[]> {
  const row = { user_id: user.id, account_id: account.id, date: '2025-12-31', merchant: 'Wrong', amount: '-1.00' }
  const other = (await users.list(db, { role: 'consumer' })).rows.find(({ id }) => id !== user.id)
  const table = sql.table('finance.transactions')
  return [
    await refusal('amount: -4.5, as a JavaScript number', () =>
      transactions.create(db, { ...row, amount: -4.5 as unknown as string }),
    ),
    await refusal("currency: 'EUR', on an account in dollars", () =>
      transactions.create(db, { ...row, currency: 'EUR' }),
    ),
    await refusal('the account of one person, the user_id of another', () =>
      transactions.create(db, { ...row, user_id: other?.id ?? '' }),
    ),
    await refusal('update transactions set amount = 0, in plain SQL', () =>
      sql`update ${table} set amount = 0 where user_id = ${user.id} and id = ${posted.id}`
        .execute(db)
        .catch(translateError),
    ),
    await refusal('update accounts set balance = 1000000, in plain SQL', () =>
      sql`update ${sql.table('finance.accounts')} set balance = 1000000 where user_id = ${user.id} and id = ${account.id}`
        .execute(db)
        .catch(translateError),
    ),
  ]
}

async function refusal(attempt: string, write: () => Promise<unknown>): Promise<Refusal> {
  try {
    await write()
  } catch (error) {
    if (error instanceof FinanceDbError) return { attempt, error: error.name, message: error.message }
    throw error
  }
  throw new Error(`nothing refused this: ${attempt}`)
}
