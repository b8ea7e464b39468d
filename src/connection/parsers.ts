import pg from 'pg'
import { UnsupportedError } from '../errors.js'
import { parseArray } from './array-literal.js'

type Parse = (text: string) => unknown

const asText: Parse = (text) => text

function safeInteger(text: string): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number)) {
    throw new UnsupportedError('A bigint beyond 2^53 cannot be a JavaScript number: cast it to text in the query.')
  }
  return number
}

// The server prints `2026-03-01 09:30:00.123456+05:30`, or `-infinity`, or a year before ours as `0044-03-15 … BC`.
const instantPattern =
  /^(\d{4,})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?( BC)?$/

const plainInstant = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,3})?[+-]\d\d$/

// What the server prints in any other style has slashes, a dot, or the year at its end. Years have as many digits as they need.
const calendarPattern = /^\d{4,}-\d\d-\d\d(?: BC)?$|^-?infinity$/

function calendarDay(text: string): string {
  if (calendarPattern.test(text)) return text
  throw new UnsupportedError("Days do not come in ISO form: set the session's DateStyle to ISO, its default.")
}

/** Microseconds are cut to milliseconds. Infinite instants are the numbers `Infinity` and `-Infinity`, as pg gives them. */
function instant(text: string): Date | number {
  // Nearly every one has this form, which the engine reads in a fraction of the time.
  if (plainInstant.test(text)) return new Date(`${text.slice(0, 10)}T${text.slice(11)}:00`)
  const match = instantPattern.exec(text)
  if (match === null) {
    if (text === 'infinity') return Infinity
    if (text === '-infinity') return -Infinity
    throw new UnsupportedError("Instants do not come in ISO form: set the session's DateStyle to ISO, its default.")
  }
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHours, offsetMinutes, offsetSeconds, bc] =
    match
  const date = new Date(0)
  date.setUTCFullYear(bc === undefined ? Number(year) : 1 - Number(year), Number(month) - 1, Number(day))
  date.setUTCHours(Number(hour), Number(minute), Number(second), Number(fraction.padEnd(3, '0').slice(0, 3)))
  const offset = Number(offsetHours) * 3600 + Number(offsetMinutes ?? 0) * 60 + Number(offsetSeconds ?? 0)
  return offset === 0 ? date : new Date(date.getTime() - (sign === '-' ? -offset : offset) * 1000)
}

function bytes(text: string): Buffer {
  if (text.startsWith('\\x')) return Buffer.from(text.slice(2), 'hex')
  const unescaped = text.replace(/\\(\\|[0-7]{3})/g, (_, code: string) =>
    code === '\\' ? '\\' : String.fromCharCode(Number.parseInt(code, 8)),
  )
  return Buffer.from(unescaped, 'latin1')
}

const truth: Parse = (text) => text === 't'
const json: Parse = (text) => JSON.parse(text)

// [type, its array type, parser]; the numbers are fixed in pg_type.dat and never change between versions.
const types: ReadonlyArray<readonly [number, number, Parse]> = [
  [16, 1000, truth], // bool
  [17, 1001, bytes], // bytea
  [20, 1016, safeInteger], // int8
  [21, 1005, Number], // int2
  [23, 1007, Number], // int4
  [25, 1009, asText], // text
  [26, 1028, Number], // oid
  [114, 199, json], // json
  [700, 1021, Number], // float4
  [701, 1022, Number], // float8
  [1042, 1014, asText], // char(n)
  [1043, 1015, asText], // varchar
  [1082, 1182, calendarDay], // date
  [1184, 1185, instant], // timestamptz
  [1186, 1187, asText], // interval
  [1700, 1231, asText], // numeric
  [2950, 2951, asText], // uuid
  [3802, 3807, json], // jsonb
]

/**
 * How each type of our schema comes back, by its oid, on every driver: `numeric` exact and `date` as `'YYYY-MM-DD'`
 * strings, `timestamptz` a `Date`, `bigint` a number that is checked for safety, `json` and `jsonb` parsed, `bytea` a
 * `Buffer`, `interval` as Postgres prints it, and arrays of these.
 */
export const parsers: Readonly<Record<number, Parse>> = Object.fromEntries(
  types.flatMap(([oid, arrayOid, parse]) => [
    [oid, parse],
    [arrayOid, (text: string) => parseArray(text, parse)],
  ]),
)

function getTypeParser(oid: number, format?: string): unknown {
  const parse = format === 'binary' ? undefined : parsers[oid]
  return parse ?? (format === 'binary' ? pg.types.getTypeParser(oid, 'binary') : pg.types.getTypeParser(oid, 'text'))
}

/**
 * The parsers in the shape that a pg query takes, so that they hold for one query and `pg.types` stays as the host
 * left it. Types that our schema does not use are read as the host has them. (`length` is for pg's `Parse` message,
 * which takes the same field for a list of parameter types.)
 */
export const queryTypes = { getTypeParser: getTypeParser as typeof pg.types.getTypeParser, length: 0 }
