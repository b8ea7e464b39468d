import { z } from 'zod'
import { InvalidInputError } from '../errors.js'
import { containsCardNumber, maskCardNumbers } from '../schema/card-numbers.js'
import { newTransaction } from '../schema/transactions.js'

const { user_id, account_id, date, merchant, amount, currency, category, description } = newTransaction.shape
const { is_subscription, status, posted_at, external_id, pending_id } = newTransaction.shape

/** One row to import: the same fields under the same rules as in {@link newTransaction}. */
export const importRow = z
  .strictObject({
    user_id,
    account_id,
    date,
    merchant,
    amount,
    currency,
    category,
    description,
    is_subscription,
    status,
    posted_at,
    external_id,
    pending_id,
  })
  .refine((row) => row.status !== 'pending' || row.posted_at === undefined, {
    error: 'a pending transaction has not been posted: leave posted_at out',
    path: ['posted_at'],
  })

export type ImportRow = z.infer<typeof importRow>

/**
 * Whether a text with a full card number is refused or masked. Of long references one in 25 looks like a card number by
 * chance, and one such row is no reason to hold up the file of a bank.
 */
export const cardNumbers = z.enum(['refuse', 'mask']).default('mask')

/**
 * The row, checked. The schema's word counts: {@link passes} only spares it the rows that are plainly right, which it
 * tells in less than half the time (docs/performance.md). With `mask`, full card
 * numbers in it are masked.
 *
 * @throws {InvalidInputError} Names the row, counted from 1, and its fields.
 */
export function checkImportRow(
  given: unknown,
  number: number,
  { unit = 'Row', mask = false }: { unit?: 'Row' | 'Line'; mask?: boolean } = {},
): ImportRow {
  if (passes(given)) return given
  const row = mask ? masked(given) : given
  const result = importRow.safeParse(row)
  if (result.success) return result.data
  throw new InvalidInputError(
    `${unit} ${number}`,
    result.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })),
  )
}

function masked(row: unknown): unknown {
  if (typeof row !== 'object' || row === null) return row
  const texts = Object.entries(row).filter(([field, value]) => wordFields.has(field) && typeof value === 'string')
  return { ...row, ...Object.fromEntries(texts.map(([field, text]) => [field, maskCardNumbers(text)])) }
}

type Field = keyof ImportRow

const wordFields: ReadonlySet<string> = new Set<Field>(['merchant', 'category', 'description'])

const fields: ReadonlySet<string> = new Set(Object.keys(importRow.shape))
const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const amountPattern = /^-?\d{1,15}(?:\.\d{1,4})?$/
const currencyPattern = /^[A-Z]{3}$/
const dayPattern = /^(\d{4})-(\d\d)-(\d\d)$/
const daysOfMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** Whether {@link importRow} accepts the row, by hand. A test holds the two against each other on random rows. */
export function passes(row: unknown): row is ImportRow {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return false
  for (const field in row) if (!fields.has(field)) return false
  const r = row as { readonly [F in Field]?: unknown }
  return (
    isUuid(r.user_id) &&
    isUuid(r.account_id) &&
    isDay(r.date) &&
    isText(r.merchant, 0, 500) &&
    typeof r.amount === 'string' &&
    amountPattern.test(r.amount) &&
    (r.currency === undefined || (typeof r.currency === 'string' && currencyPattern.test(r.currency))) &&
    (r.category === undefined || isText(r.category, 1, 200)) &&
    (r.description === undefined || isText(r.description, 0, 10_000)) &&
    (r.is_subscription === undefined || typeof r.is_subscription === 'boolean') &&
    (r.status === undefined || r.status === 'posted' || (r.status === 'pending' && r.posted_at === undefined)) &&
    (r.posted_at === undefined || (r.posted_at instanceof Date && !Number.isNaN(r.posted_at.getTime()))) &&
    (r.external_id == null || isIdentifier(r.external_id, 1, 500)) &&
    (r.pending_id == null || isUuid(r.pending_id))
  )
}

function isUuid(value: unknown): boolean {
  return typeof value === 'string' && uuidPattern.test(value)
}

function isText(value: unknown, min: number, max: number): boolean {
  return isIdentifier(value, min, max) && !containsCardNumber(value)
}

function isIdentifier(value: unknown, min: number, max: number): value is string {
  return (
    typeof value === 'string' &&
    value.length >= min &&
    value.length <= max &&
    !value.includes('\0') &&
    value.isWellFormed()
  )
}

// Files are in the order of days, as a rule.
let lastDay = '0001-01-01'

function isDay(value: unknown): boolean {
  if (value === lastDay) return true
  const match = typeof value === 'string' ? dayPattern.exec(value) : null
  if (match === null) return false
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])]
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const exists = year >= 1 && day >= 1 && day <= (daysOfMonth[month - 1] ?? 0) + (leap ? 1 : 0)
  if (exists) lastDay = match[0]
  return exists
}
