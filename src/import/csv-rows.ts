import { type InputIssue, InvalidInputError } from '../errors.js'
import type { ImportRow } from '../repositories/import-row.js'
import { maskCardNumbers } from '../schema/card-numbers.js'
import { day } from '../schema/values.js'
import { amountReader, isZero, negated, unsigned } from './amounts.js'
import { columnReaders, type Fields, type Read } from './csv-columns.js'
import type { CheckedOptions } from './csv-options.js'
import { dayReader } from './dates.js'
import { createRowIds } from './row-ids.js'

type Mapping = CheckedOptions['mapping']
type Columns = ReturnType<typeof columnReaders>

/** Reads one value of a row, or says what is wrong with it. */
type Value = (fields: Fields) => string | Omit<InputIssue, 'path'>

/**
 * A function that makes the row to import of the fields of one line, if it is to be imported. It does not check what `transactions.import` checks.
 *
 * @throws {InvalidInputError} A column of the mapping is not in the file.
 */
export function rowReader(options: CheckedOptions, header: Fields | undefined) {
  const { mapping } = options
  const clean = options.cardNumbers === 'mask' ? maskCardNumbers : (text: string) => text
  const columns = columnReaders(header)
  const readAccount = accountReader(options, columns)
  const readDate = dateReader(mapping, columns)
  const readAmount = signedAmountReader(mapping, columns)
  const readMerchant = textReader(mapping.merchant, columns, 'merchant')
  const readDescription = textReader(mapping.description, columns, 'description')
  const readCategory = textReader(mapping.category, columns, 'category')
  const readCurrency = currencyReader(mapping, columns)
  const isPending = wordReader(mapping.pending, columns, 'pending.column')
  const isSkipped = wordReader(mapping.skip, columns, 'skip.column')
  const readId = idReader(mapping, columns)
  const rowIds = createRowIds()
  columns.check()

  return (fields: Fields, line: number): ImportRow | undefined => {
    if (isSkipped(fields)) return undefined
    // Else `1,000.00` without quotes would be 1.
    if (header !== undefined && fields.slice(header.length).some((field) => field.trim() !== '')) {
      throw new InvalidInputError(`Line ${line}`, [{ path: '', message: tooMany }])
    }
    const account_id = readAccount(fields)
    const date = readDate(fields)
    const amount = readAmount(fields)
    if (typeof account_id !== 'string' || typeof date !== 'string' || typeof amount !== 'string') {
      throw new InvalidInputError(`Line ${line}`, issuesOf({ account_id, date, amount }))
    }
    const row: ImportRow = { user_id: options.user_id, account_id, date, merchant: clean(readMerchant(fields)), amount }

    const description = clean(readDescription(fields))
    const category = clean(readCategory(fields))
    const currency = readCurrency(fields)
    if (description !== '') row.description = description
    if (category !== '') row.category = category
    if (currency !== '') row.currency = currency
    if (isPending(fields)) row.status = 'pending'
    const external_id = mapping.external_id === 'hash' ? rowIds(row) : readId(fields)
    if (external_id !== '') row.external_id = external_id
    return row
  }
}

const tooMany = 'there are more fields than columns: what has the delimiter in it, such as an amount, needs quotes'

function issuesOf(values: Readonly<Record<string, ReturnType<Value>>>): InputIssue[] {
  return Object.entries(values).flatMap(([path, value]) => (typeof value === 'string' ? [] : [{ path, ...value }]))
}

function accountReader({ account_id }: CheckedOptions, columns: Columns): Value {
  if (typeof account_id === 'string') return () => account_id
  const read = columns.read(account_id.column, 'account_id')
  const ids = new Map(Object.entries(account_id.accounts))
  return (fields) => ids.get(read(fields)) ?? { message: 'the account of this row is not among those given' }
}

function dateReader({ date }: Mapping, columns: Columns): Value {
  const read = columns.read(date.column, 'date')
  const toDay = dayReader(date.format, date.months)
  return (fields) => {
    const found = toDay(read(fields))
    if (found !== undefined && day.safeParse(found).success) return found
    return { message: found === undefined ? `is not a day of the form ${date.format}` : 'there is no such day' }
  }
}

function signedAmountReader({ amount }: Mapping, columns: Columns): Value {
  const toAmount = amountReader(amount)
  const hint =
    amount.thousands === undefined ? ', thousands not separated' : `, thousands separated by "${amount.thousands}"`
  const wrong = { message: `is not an amount with the decimals after "${amount.decimal}"${hint}` }
  const readIn = (read: Read) => (fields: Fields) => {
    const text = read(fields)
    return text === '' ? '' : toAmount(text)
  }

  if ('debit' in amount) {
    const readDebit = readIn(columns.read(amount.debit, 'amount.debit'))
    const readCredit = readIn(columns.read(amount.credit, 'amount.credit'))
    return (fields) => {
      const debit = readDebit(fields)
      const credit = readCredit(fields)
      if (debit === undefined || credit === undefined) return wrong
      if (debit === '' && credit === '') return { message: 'is neither in the debit column nor in the credit column' }
      if (debit === '' || isZero(debit)) return credit === '' ? debit : credit
      return credit === '' || isZero(credit)
        ? negated(unsigned(debit))
        : { message: 'is in the debit column and in the credit column' }
    }
  }

  const read = readIn(columns.read(amount.column, 'amount.column'))
  if ('direction' in amount) {
    const readWord = columns.read(amount.direction.column, 'amount.direction.column')
    const debits = lowerCase(amount.direction.debit)
    const credits = lowerCase(amount.direction.credit)
    return (fields) => {
      const value = read(fields)
      if (value === undefined || value === '') return wrong
      const word = readWord(fields).toLowerCase()
      if (debits.has(word)) return negated(unsigned(value))
      return credits.has(word)
        ? unsigned(value)
        : { message: 'its direction is neither a debit word nor a credit word' }
    }
  }
  return (fields) => {
    const value = read(fields)
    if (value === undefined || value === '') return wrong
    return amount.invert ? negated(value) : value
  }
}

function textReader(column: Mapping['merchant'] | undefined, columns: Columns, path: string): Read {
  if (column === undefined) return () => ''
  if (!Array.isArray(column)) return columns.read(column, path)
  const reads = column.map((one, i) => columns.read(one, `${path}.${i}`))
  return (fields) =>
    reads
      .map((read) => read(fields))
      .filter((text) => text !== '')
      .join(' ')
}

function wordReader(mapping: Mapping['skip'], columns: Columns, path: string): (fields: Fields) => boolean {
  if (mapping === undefined) return () => false
  const read = columns.read(mapping.column, path)
  const words = lowerCase(mapping.words)
  return (fields) => words.has(read(fields).toLowerCase())
}

function currencyReader({ currency }: Mapping, columns: Columns): Read {
  if (typeof currency === 'object') return () => currency.value
  const read = textReader(currency, columns, 'currency')
  return (fields) => read(fields).toUpperCase()
}

function idReader({ external_id }: Mapping, columns: Columns): Read {
  if (external_id === 'hash') return () => ''
  return textReader(typeof external_id === 'object' ? external_id.column : external_id, columns, 'external_id')
}

function lowerCase(words: readonly string[] = []): ReadonlySet<string> {
  return new Set(words.map((word) => word.trim().toLowerCase()))
}
