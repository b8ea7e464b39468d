import { z } from 'zod'
import { cardNumbers } from '../repositories/import-row.js'
import type { InputOf } from '../schema/input-of.js'
import { currency, uuid } from '../schema/values.js'
import { dateFormats } from './dates.js'

/** A column by the name in its header, or by its place, counted from 0. */
const column = z.union([z.string().min(1), z.int().min(0)], {
  error: 'give the name of a column, or its place counted from 0',
})

/** A column, or several whose texts are joined with a space where they are not empty. */
const texts = z.union([column, z.array(column).min(1)])

const separators = {
  /** What stands before the decimals. Default `.`. */
  decimal: z.enum(['.', ',']).default('.'),
  /** What stands between groups of digits. Without it such an amount is refused, since `1,234` may mean either. */
  thousands: z.enum(['.', ',', ' ', "'"]).optional(),
}

/** In any case; `''` stands for an empty field. */
const words = z.array(z.string()).min(1)

const amount = z.union(
  [
    z.strictObject({
      /** Signed: `-12.50`, `12.50-`, `(12.50)`; signs and codes of currencies around it are passed over. */
      column,
      /** True where money out is positive, as Plaid and most card statements have it. */
      invert: z.boolean().default(false),
      ...separators,
    }),
    z.strictObject({
      /** Money out. Its sign is passed over. */
      debit: column,
      /** Money in. */
      credit: column,
      ...separators,
    }),
    z.strictObject({
      /** Its sign is passed over. */
      column,
      /** The words, in any case, of the column that says which way the money went. Any other word is refused. */
      direction: z.strictObject({ column, debit: words, credit: words }),
      ...separators,
    }),
  ],
  { error: 'give { column }, { debit, credit } or { column, direction }, with decimal and thousands as needed' },
)

const csvMappingFields = {
  date: z.strictObject({
    column,
    /** Of years with two digits, 69 to 99 are 19.., the others 20.. (as POSIX has it). A time after the day is passed over. */
    format: z.enum(dateFormats),
    /** For `MMM`: the names of the months as the file has them, January first. Default: English, short or long. */
    months: z.array(z.string().min(1)).length(12).optional(),
  }),
  amount,
  merchant: texts,
  description: texts.optional(),
  category: column.optional(),
  /** A column, or one currency for the whole file. Left out or empty, that of the account. */
  currency: z.union([column, z.strictObject({ value: currency })]).optional(),
  /**
   * The column with the bank's own id (`{ column: 'hash' }` if it has that name), or `'hash'` where there is none: then a
   * row is known by its account, day, amount, currency, merchant and description, and by how many equal ones stood before
   * it in the file. Importing the file again adds nothing, nor does a file that overlaps it, as long as each file has
   * whole days and the bank writes the same texts; with another `mapping` of these columns all rows are new. It takes some
   * 50 bytes of memory a row. Left out, every import inserts every row.
   */
  external_id: z.union([z.literal('hash'), column, z.strictObject({ column })]).optional(),
  /** Rows with one of these words in this column are pending, the others posted. */
  pending: z.strictObject({ column, words }).optional(),
  /** Rows with one of these words in this column are passed over, such as totals, or what was declined. */
  skip: z.strictObject({ column, words }).optional(),
}

/** Which column is what. */
export const csvMapping = z.strictObject(csvMappingFields)

const csvLayoutFields = {
  mapping: csvMapping,
  /** Default `,`. */
  delimiter: z.string().min(1).default(','),
  /** Default `"`; false where quotes are ordinary characters. */
  quote: z.union([z.string().length(1), z.literal(false)]).default('"'),
  /** `utf-8`, `windows-1252` (also called `latin1`), or another label of the Encoding standard. Strings are decoded already. */
  encoding: z.string().default('utf-8').refine(isEncoding, { error: 'is not the name of an encoding' }),
  /** Lines before the header, or before the first row where there is none. */
  skipLines: z.int().min(0).default(0),
  /** Rows at the end, such as totals. */
  skipLastRows: z.int().min(0).max(1000).default(0),
  /** Whether the first line has the names of the columns. Default true. */
  header: z.boolean().default(true),
  /** What to do with full card numbers in texts: see `cardNumbers` of the import. */
  cardNumbers,
}

/** How to read a file of a bank. Plain data, so that it can be kept as JSON, one for each bank. */
export const csvLayout = z.strictObject(csvLayoutFields)

/** {@link csvLayout}, and whose rows these are. */
export const csvOptions = csvLayout.extend({
  user_id: uuid,
  /** One account, or by the text of a column that names it. */
  account_id: z.union([uuid, z.strictObject({ column, accounts: z.record(z.string(), uuid) })]),
})

export type CsvMapping = InputOf<typeof csvMappingFields>
export type CsvLayout = InputOf<typeof csvLayoutFields>
export type CsvOptions = z.input<typeof csvOptions>
export type CheckedOptions = z.output<typeof csvOptions>
export type Column = z.infer<typeof column>

function isEncoding(label: string): boolean {
  try {
    new TextDecoder(label)
    return true
  } catch {
    return false
  }
}
