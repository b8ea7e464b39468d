import { pipeline, Readable } from 'node:stream'
import { CsvError, type Info, parse } from 'csv-parse'
import { InvalidInputError } from '../errors.js'
import { checkImportRow, type ImportRow } from '../repositories/import-row.js'
import { parseInput } from '../schema/input.js'
import type { Fields } from './csv-columns.js'
import { type CheckedOptions, type CsvOptions, csvOptions } from './csv-options.js'
import { rowReader } from './csv-rows.js'

/**
 * The rows of a bank's CSV file, for `transactions.import`: read as they are taken, in constant memory, each one checked.
 *
 * ```ts
 * const rows = csvTransactions(createReadStream('statement.csv'), {
 *   user_id, account_id,
 *   delimiter: ';',
 *   mapping: {
 *     date: { column: 'Buchungstag', format: 'DD.MM.YYYY' },
 *     merchant: 'Empfänger',
 *     amount: { column: 'Betrag', decimal: ',', thousands: '.' },
 *     external_id: 'hash',
 *   },
 * })
 * await transactions.import(db, rows)
 * ```
 *
 * Lines of empty fields are passed over, and a row with more fields than the header has columns is refused unless those are empty.
 * Texts are trimmed. Without `mapping.external_id`, importing the file twice doubles it.
 *
 * @throws {InvalidInputError} At once for the options; while reading for the file, naming the line, counted from 1, where
 * the row begins, and never what is in it.
 */
export function csvTransactions(
  source: Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>,
  options: CsvOptions,
): AsyncGenerator<ImportRow, void, undefined> {
  return rowsOf(source, parseInput(csvOptions, options, 'The CSV options'))
}

async function* rowsOf(
  source: Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>,
  options: CheckedOptions,
): AsyncGenerator<ImportRow, void, undefined> {
  const text = Readable.from(skipLines(unixLines(decode(source, options.encoding)), options.skipLines))
  const parser = parse({
    bom: true,
    delimiter: options.delimiter,
    quote: options.quote,
    record_delimiter: '\n',
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_empty_values: true,
  })
  // A failure of the source, and an end before the file's, reach the other side; the loop below throws it.
  pipeline(text, parser, () => {})

  let read: ReturnType<typeof rowReader> | undefined
  const last: Array<{ fields: Fields; line: number }> = []
  let line = options.skipLines
  try {
    for await (const { record: fields, info } of parser as AsyncIterable<{ record: string[]; info: Info }>) {
      line = options.skipLines + info.lines
      const begins = line - lineBreaks(fields)
      if (read === undefined) {
        read = rowReader(options, options.header ? fields : undefined)
        if (options.header) continue
      }
      last.push({ fields, line: begins })
      if (last.length <= options.skipLastRows) continue
      const next = last.shift() as (typeof last)[number]
      const row = read(next.fields, next.line)
      if (row !== undefined) yield checkImportRow(row, next.line, { unit: 'Line' })
    }
  } catch (error) {
    throw error instanceof CsvError ? unreadable(error, options.skipLines) : error
  }
}

function lineBreaks(fields: Fields): number {
  return fields.reduce((count, field) => count + (field.includes('\n') ? field.split('\n').length - 1 : 0), 0)
}

function unreadable(error: CsvError, skipped: number): InvalidInputError {
  const line = skipped + (typeof error.lines === 'number' ? error.lines : 1)
  const message = error.code.includes('QUOTE')
    ? 'a quote is not where the format allows it: are `delimiter` and `quote` right?'
    : `cannot be read as CSV (${error.code})`
  return new InvalidInputError(`Line ${line}`, [{ path: '', message }], { cause: error })
}

async function* decode(
  source: Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>,
  encoding: string,
): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding, { fatal: true })
  const text = (bytes?: Uint8Array) => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined })
    } catch (cause) {
      throw new InvalidInputError('The file', [{ path: 'encoding', message: `it is not in ${encoding}` }], { cause })
    }
  }
  for await (const chunk of source) yield typeof chunk === 'string' ? chunk : text(chunk)
  yield text()
}

/** One character for each end of a line: files mix them, and the parser would count two lines for two of them in a field. */
async function* unixLines(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let held = ''
  for await (const chunk of chunks) {
    const text = held + chunk
    held = text.endsWith('\r') ? '\r' : ''
    yield text.slice(0, text.length - held.length).replace(/\r\n?/g, '\n')
  }
}

/** Before the parser, since what banks write there is no CSV. */
async function* skipLines(chunks: AsyncIterable<string>, count: number): AsyncGenerator<string> {
  let left = count
  for await (let chunk of chunks) {
    while (left > 0 && chunk !== '') {
      const end = chunk.indexOf('\n')
      chunk = end === -1 ? '' : chunk.slice(end + 1)
      if (end !== -1) left--
    }
    if (chunk !== '') yield chunk
  }
}
