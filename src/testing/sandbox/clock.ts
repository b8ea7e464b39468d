import pg from 'pg'
import { UnsupportedError } from '../../errors.js'
import type { Session } from './session.js'
import type { Settings } from './settings.js'

/** How far to move: the parts are added up. */
export interface TimeSpan {
  readonly days?: number
  readonly hours?: number
  readonly minutes?: number
  readonly seconds?: number
  readonly ms?: number
}

/**
 * The time of one test, in JavaScript and in SQL. It stands still at what it was set to until it is moved.
 *
 * In JavaScript: `Date.now()` and `new Date()`; not timers and not `performance.now()`. In SQL: `now()`,
 * `transaction_timestamp()`, `statement_timestamp()` and `clock_timestamp()`, wherever they are called: in defaults,
 * functions and triggers too. Not `current_timestamp`, `current_date`, `localtime…` and `'now'::timestamptz`, which no
 * function stands behind. A transaction that is open keeps the time at which it began, as always.
 */
export interface SandboxClock {
  /**
   * @throws {UnsupportedError} The role of the connection is no superuser: only one may replace functions of the server.
   */
  set(instant: Date | string): Promise<void>
  /** @throws {RangeError} The clock has not been set. */
  advance(by: TimeSpan): void
  /** The time that it stands at; undefined while it goes by itself. */
  readonly now: Date | undefined
  /** Lets both times go by themselves again. The end of the test does it too. */
  reset(): Promise<void>
}

const setting = 'finance_db.clock'
const RealDate = globalThis.Date
const functions = {
  now: 'now',
  transaction_timestamp: 'now',
  statement_timestamp: 'statement_timestamp',
  clock_timestamp: 'clock_timestamp',
}

// The server calls its own functions by their number, past the catalogue, unless the planner has put the body of an SQL
// function in place of the call: so these are SQL functions of one expression, which it always does.
// Plans do not know that they depend on a function of the server: those with the other time in them are thrown away.
const forgetPlans = 'discard plans'
const replaced = [
  ...Object.keys(functions).map(
    (name) =>
      `create or replace function pg_catalog.${name}() returns timestamptz language sql stable parallel safe
     as $$ select pg_catalog.current_setting('${setting}')::pg_catalog.timestamptz $$`,
  ),
  forgetPlans,
]
const restored = [
  ...Object.entries(functions).map(
    ([name, source]) =>
      `create or replace function pg_catalog.${name}() returns timestamptz language internal
     ${name === 'clock_timestamp' ? 'volatile' : 'stable'} strict parallel safe as '${source}'`,
  ),
  forgetPlans,
]

export interface OwnedClock extends SandboxClock {
  /** What statements have to run with. */
  settings(): Settings
  /** Gives JavaScript its time back; the rollback does the rest. */
  release(): void
}

/** The functions are replaced inside the test's transaction, so that its rollback brings them back. */
export function createClock(session: Session): OwnedClock {
  let time: number | undefined
  let installed = false

  const release = () => {
    if (time === undefined) return
    time = undefined
    globalThis.Date = RealDate
  }
  return {
    get now() {
      return time === undefined ? undefined : new RealDate(time)
    },
    settings: () => (time === undefined ? {} : { [setting]: new RealDate(time).toISOString() }),
    async set(instant) {
      const wanted = new RealDate(instant).getTime()
      if (Number.isNaN(wanted)) throw new RangeError('The clock takes a Date, or an instant in ISO form.')
      if (!installed) {
        session.afterRollback(forgetPlans)
        await session.behind(replaced).catch(explain)
      }
      installed = true
      if (time === undefined) globalThis.Date = standingDate(() => time ?? RealDate.now())
      time = wanted
    },
    advance({ days = 0, hours = 0, minutes = 0, seconds = 0, ms = 0 }) {
      if (time === undefined) throw new RangeError('Set the clock before moving it.')
      time += (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + ms
    },
    async reset() {
      release()
      if (installed) await session.behind(restored)
      installed = false
    },
    release,
  }
}

function standingDate(now: () => number): DateConstructor {
  return new Proxy(RealDate, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    apply: () => new RealDate(now()).toString(),
    get: (target, key, receiver) => (key === 'now' ? now : Reflect.get(target, key, receiver)),
  })
}

function explain(cause: unknown): never {
  if (!(cause instanceof pg.DatabaseError && cause.code === '42501')) throw cause
  throw new UnsupportedError('The clock of a test needs a superuser: it replaces now() for the time of the test.', {
    cause,
  })
}
