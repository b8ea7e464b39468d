import type { Generated } from './generate.js'
import { uuidAt } from './ids.js'
import type { Row } from './ledger.js'
import { funds } from './merchants.js'
import { decimal, money } from './money.js'
import type { Plan } from './options.js'
import type { P2p } from './p2p.js'

/** As Postgres reads it; null is null. */
export type Fields = ReadonlyArray<string | null>

/** What is written of each table, in this order: what is referred to comes first. */
export const tables = {
  users: columns(
    'id uuid, email text, username text, first_name text, last_name text, phone_number text, financial_goals text',
  ),
  consent_records: columns('user_id uuid, id uuid, granted_at timestamptz, revoked_at timestamptz'),
  accounts: columns(
    'user_id uuid, id uuid, account_type text, name text, institution text, account_number_last4 text, currency char(3), opening_balance numeric, credit_limit numeric',
  ),
  transfers: columns(
    'user_id uuid, id uuid, from_account_id uuid, to_account_id uuid, from_amount numeric, from_currency char(3), to_amount numeric, to_currency char(3), rate numeric, rate_source text, date date, memo text, status text, idempotency_key text',
  ),
  p2p_transfers: columns(
    'user_id uuid, id uuid, from_account_id uuid, recipient_id uuid, to_account_id uuid, amount numeric, currency char(3), to_amount numeric, to_currency char(3), memo text, status text, idempotency_key text',
  ),
  transactions: columns(
    'user_id uuid, id uuid, account_id uuid, date date, posted_at timestamptz, merchant text, amount numeric, currency char(3), category text, description text, is_subscription boolean, status text, external_id text, source text, transfer_id uuid, reverses_id uuid, p2p_transfer_id uuid',
  ),
  investments: columns(
    'user_id uuid, id uuid, account_id uuid, symbol text, name text, asset_class text, quantity numeric, cost_basis numeric, price numeric, price_date date, currency char(3)',
  ),
} as const

export type Table = keyof typeof tables

function columns(list: string): ReadonlyArray<readonly [name: string, type: string]> {
  return list.split(', ').map((column) => {
    const [name = '', type = ''] = column.split(' ')
    return [name, type] as const
  })
}

/** All rows of a person, and those of others about what they sent each other. */
export function* rowsOf(plan: Plan, { person, profile, ledger, truth, p2p }: Generated): Generator<[Table, Fields]> {
  const { calendar, market } = plan
  const { id: user } = person
  const { email, username, first_name, last_name, phone_number } = person
  yield ['users', [user, email, username, first_name, last_name, phone_number, profile.goals]]
  const consent = consentOf(plan, person)
  if (consent !== undefined) yield ['consent_records', consent]

  for (const { id, type, name, institution, last4, currency, opening, limit } of ledger.books) {
    const creditLimit = limit > 0 ? money(limit) : null
    yield ['accounts', [user, id, type, name, institution, last4, currency, money(opening), creditLimit]]
  }
  for (const [index, { id, from, to, day, cents, toCents, rate, memo }] of ledger.transfers.entries()) {
    const both = [user, id, from.id, to.id, money(cents), from.currency, money(toCents), to.currency]
    const converted = rate === undefined ? [null, null] : [decimal(rate, 4), to.institution]
    yield ['transfers', [...both, ...converted, calendar.text(day), memo, 'completed', `seed-${index + 1}`]]
  }
  for (const sent of p2p) yield* p2pRows(plan, sent)
  for (const row of ledger.rows) yield ['transactions', transactionFields(plan, user, row)]

  const prng = person.stream('holdings')
  for (const { book, fund, quantity, cost } of truth.holdings) {
    const held = funds[fund]
    const id = uuidAt(prng, calendar.first, 7200 + fund)
    if (held === undefined || quantity === 0) continue
    const worth = [decimal(quantity, 6), money(cost), decimal(market.price(fund, calendar.last), 4), plan.until, 'USD']
    yield ['investments', [user, id, book.id, held.symbol, held.name, held.asset_class, ...worth]]
  }
}

/** Most people agreed that their money is looked at; some took it back. */
function consentOf({ calendar }: Plan, person: Generated['person']): Fields | undefined {
  const prng = person.stream('consent')
  const fate = prng.int(1, 100)
  const day = calendar.first + prng.int(0, Math.min(30, calendar.last - calendar.first))
  if (person.place > 1 && fate > 90) return undefined
  const revoked = person.place > 1 && fate > 85 ? instant(calendar.text(calendar.last), 36_000) : null
  return [person.id, uuidAt(prng, day, 36_000), instant(calendar.text(day), 36_000), revoked]
}

function transactionFields({ calendar }: Plan, user: string, row: Row): Fields {
  const { id, book, day, second, merchant, cents, category, description, status, external_id } = row
  const date = calendar.text(day)
  return [
    user,
    id,
    book.id,
    date,
    status === 'posted' ? instant(date, second) : null,
    merchant,
    money(cents),
    book.currency,
    category,
    description,
    row.is_subscription ? 't' : 'f',
    status,
    external_id,
    'seed',
    row.transfer_id,
    row.reverses_id,
    null,
  ]
}

function* p2pRows({ calendar }: Plan, sent: P2p): Generator<[Table, Fields]> {
  const { id, from, to, day, second, cents, memo, status, outId, intoId } = sent
  const [amount, date] = [money(cents), calendar.text(day)]
  const accepted = status === 'accepted'
  const arrived = accepted ? [amount, 'USD'] : [null, null]
  const toAccount = accepted ? to.accountId(0) : null
  const ids = [from.id, id, from.accountId(0), to.id, toAccount]
  yield ['p2p_transfers', [...ids, amount, 'USD', ...arrived, memo, status, `seed-${id}`]]

  const side = (user: string, rowId: string, account: string, other: P2p['to'], signed: number): Fields => {
    const name = `${other.first_name} ${other.last_name}`
    const posted = accepted ? instant(date, second) : null
    const rowStatus = accepted ? 'posted' : status === 'pending' ? 'pending' : 'released'
    const head = [user, rowId, account, date, posted, name, money(signed), 'USD', 'p2p', memo, 'f', rowStatus]
    return [...head, null, 'seed', null, null, id]
  }
  yield ['transactions', side(from.id, outId, from.accountId(0), to, -cents)]
  if (intoId !== undefined) yield ['transactions', side(to.id, intoId, to.accountId(0), from, cents)]
}

const two = (number: number) => String(number).padStart(2, '0')

/** An instant in UTC, to the second of the day. */
function instant(date: string, second: number): string {
  return `${date} ${two(Math.floor(second / 3600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}+00`
}
