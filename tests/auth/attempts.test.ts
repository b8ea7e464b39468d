import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import {
  type AttemptLimits,
  attemptLimits,
  InvalidCredentialsError,
  logIn,
  TooManyAttemptsError,
} from '../../src/auth/index.js'
import type { Db } from '../../src/index.js'
import { createFinanceDb, InvalidInputError } from '../../src/index.js'
import { createUser } from '../people.js'
import { freshDatabase, test } from '../support.js'
import { createMember, failuresOf, logInAs, outcomes, password, quick } from './support.js'

const wrong = 'not the right password'

function guess(db: Db, email: string, attempts: AttemptLimits = {}, clientKey?: string): Promise<unknown> {
  return logIn(db, { email, password: wrong }, { ...quick, attempts, ...(clientKey !== undefined && { clientKey }) })
}

async function waitOf(attempt: Promise<unknown>): Promise<number> {
  const error = await attempt.catch((reason: unknown) => reason)
  if (error instanceof TooManyAttemptsError) return error.retryAfterMs
  if (error instanceof InvalidCredentialsError) return 0
  throw error
}

describe('attempts to log in', () => {
  test('of 50 at once are all counted: not one slips past the limit', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const { email } = await createMember(db)

    const strict = { name: { waitMs: 60_000 } }
    expect(await outcomes(Array.from({ length: 50 }, () => guess(db, email, strict)))).toEqual({
      InvalidCredentialsError: 5,
      TooManyAttemptsError: 45,
    })
    expect(await failuresOf(db, email)).toBeCloseTo(5, 1)

    const lenient = { name: { free: 1000 } }
    expect(await outcomes(Array.from({ length: 50 }, () => guess(db, 'nobody@example.org', lenient)))).toEqual({
      InvalidCredentialsError: 50,
    })
    expect(await failuresOf(db, 'nobody@example.org')).toBeCloseTo(50, 1)
  })

  test('of a name that nobody has are treated as those of a person, however it is spelled', async ({ db }) => {
    const { email } = await createMember(db, { email: 'ada@example.org' })

    for (const name of [email, 'nobody@example.org']) {
      const spellings = [name, name.toUpperCase(), name, name.toUpperCase(), name]
      for (const spelling of spellings) expect(await waitOf(guess(db, spelling))).toBe(0)
      expect(await waitOf(guess(db, name))).toBeGreaterThan(900)
      expect(await waitOf(logIn(db, { email: name, password }, quick))).toBeGreaterThan(900)
    }
  })

  test('share a count exactly where the database takes two spellings for one name', async ({ db }) => {
    // A capital I with a dot and the Kelvin sign: what they fold to depends on the locale, and JavaScript has its own idea.
    for (const [plain, odd] of [
      ['ines@example.org', '\u0130nes@example.org'],
      ['kim@example.org', '\u212aim@example.org'],
    ] as const) {
      const { rows } = await sql<{ same: boolean }>`select lower(${plain}) = lower(${odd}) as same`.execute(db)

      await waitOf(guess(db, odd))

      expect(await failuresOf(db, plain)).toBe(rows[0]?.same === true ? 1 : 0)
    }
  })

  test('have to wait, twice as long each time, and are not looked at or counted before', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const user = await createMember(db)
    const attempts = { name: { free: 2, waitMs: 60_000, maxWaitMs: 150_000 } }
    const next = () => waitOf(guess(db, user.email, attempts))
    const pass = () => db.updateTable('finance.auth_attempts').set({ blocked_until: sql`now()` }).execute()
    await waitOf(guess(db, 'another@example.org', attempts))

    const waits: number[] = []
    expect(await next()).toBe(0)
    for (let i = 0; i < 3; i++) {
      expect(await next()).toBe(0)
      waits.push(await next())
      await expect(logInAs(db, user, { attempts })).rejects.toThrow(TooManyAttemptsError)
      await pass()
    }
    expect(await failuresOf(db, user.email)).toBeCloseTo(4, 1)
    await logInAs(db, user, { attempts })

    expect(waits.map((ms) => Math.ceil(ms / 30_000))).toEqual([2, 4, 5])
  })

  test('are forgiven to who logs in, and with time', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const user = await createMember(db)
    for (let i = 0; i < 4; i++) await waitOf(guess(db, user.email))

    await logInAs(db, user)
    expect(await failuresOf(db, user.email)).toBe(0)

    const draining = { name: { drainMs: 100 } }
    for (let i = 0; i < 4; i++) await waitOf(guess(db, user.email, draining))
    await sleep(600)
    await waitOf(guess(db, user.email, draining))
    expect(await failuresOf(db, user.email)).toBe(1)
  })

  test('from one client count over all names; logging in oneself takes nothing back but itself', async ({ db }) => {
    const user = await createMember(db)
    const attempts = { client: { free: 4 } }
    const from = (clientKey: string, email: string) => waitOf(guess(db, email, attempts, clientKey))

    for (let i = 0; i < 3; i++) {
      expect(await from('192.0.2.1', `someone${i}@example.org`)).toBe(0)
      await logInAs(db, user, { attempts, clientKey: '192.0.2.1' })
    }
    expect(await from('192.0.2.1', 'someone3@example.org')).toBe(0)
    expect(await from('192.0.2.1', 'someone4@example.org')).toBeGreaterThan(0)
    expect(await failuresOf(db, 'someone4@example.org')).toBe(0)
    await expect(logInAs(db, user, { attempts, clientKey: '192.0.2.1' })).rejects.toThrow(TooManyAttemptsError)
    expect(await from('192.0.2.2', 'someone4@example.org')).toBe(0)
    await logInAs(db, user, { attempts })
  })

  test('are not forgiven to somebody else whose username is the email', async ({ db }) => {
    const victim = await createMember(db)
    await createMember(db, { username: victim.email })
    const attempts = { name: { free: 2, waitMs: 60_000 } }
    expect(await waitOf(guess(db, victim.email, attempts))).toBe(0)

    await logIn(db, { username: victim.email, password }, { ...quick, attempts })

    expect(await waitOf(guess(db, victim.email, attempts))).toBe(0)
    expect(await waitOf(guess(db, victim.email, attempts))).toBeGreaterThan(0)
  })

  test('leave no name or client in the database', async ({ db }) => {
    await waitOf(guess(db, 'secret-name@example.org', {}, '192.0.2.77'))

    const rows = await db.selectFrom('finance.auth_attempts').selectAll().execute()

    expect(rows).toHaveLength(2)
    expect(JSON.stringify(rows)).not.toMatch(/secret-name|192\.0/)
  })

  test('are limited by default as the documentation says', () => {
    const waits = { waitMs: 1000, maxWaitMs: 15 * 60_000 }

    expect(attemptLimits.parse(undefined)).toEqual({
      name: { free: 5, ...waits, drainMs: 15 * 60_000 },
      client: { free: 50, ...waits, drainMs: 30_000 },
    })
  })

  test('are limited by sensible numbers only', async ({ db }) => {
    for (const name of [{ free: 0 }, { waitMs: -1 }, { drainMs: 0 }, { maxWaitMs: Number.POSITIVE_INFINITY }]) {
      await expect(guess(db, 'ada@example.org', { name })).rejects.toThrow(InvalidInputError)
    }
  })
})

describe('the time of a refusal', () => {
  /** Of 40 attempts each, one of every kind in turn. */
  async function medians(
    kinds: Record<string, () => Promise<unknown>>,
    measure: (attempt: () => Promise<unknown>) => Promise<number>,
  ): Promise<number[]> {
    const measured = Object.values(kinds).map((attempt) => ({ attempt, values: [] as number[] }))
    for (let i = 0; i < 42; i++) {
      for (const { attempt, values } of measured) values.push(await measure(attempt))
    }
    return measured.map(({ values }) => values.slice(2).toSorted((a, b) => a - b)[20] ?? Number.NaN)
  }

  // Of the processor, in microseconds: what else the machine does has no part in it.
  async function work(attempt: () => Promise<unknown>): Promise<number> {
    const before = process.cpuUsage()
    expect(await waitOf(attempt())).toBe(0)
    const { user, system } = process.cpuUsage(before)
    return user + system
  }

  test('does not tell whether the name is known or the person may log in', { timeout: 60_000, retry: 2 }, async () => {
    await using fresh = await freshDatabase()
    const statements: string[] = []
    const db = createFinanceDb({ connectionString: fresh.url, log: ({ sql }) => statements.push(sql) }, {})
    try {
      const member = await createMember(db)
      const inactive = await createMember(db, { is_active: false })
      const outside = await createUser(db)
      const options = { ...quick, attempts: { name: { free: 100_000 } } }
      const kinds = {
        wrong: () => logIn(db, { email: member.email, password: wrong }, options),
        unknown: () => logIn(db, { email: 'nobody@example.org', password: wrong }, options),
        inactive: () => logIn(db, { email: inactive.email, password }, options),
        withoutPassword: () => logIn(db, { email: outside.email, password }, options),
      }

      const asked = []
      for (const attempt of Object.values(kinds)) {
        statements.length = 0
        await waitOf(attempt())
        asked.push(statements.join(';'))
      }
      expect(new Set(asked).size).toBe(1)

      // Without the decoy an unknown name costs a fifth.
      const costs = await medians(kinds, work)
      expect(Math.max(...costs) / Math.min(...costs), `${costs} µs`).toBeLessThan(1.4)
    } finally {
      await db.destroy()
    }
  })

  test('is the same for a hash of another kind, below half a second', async ({ db }) => {
    const dear = await createMember(db, {
      password_hash: '$2b$10$abcdefghijklmnopqrstuu5Lx3Fx3Fx3Fx3Fx3Fx3Fx3Fx3Fx3Fx3',
    })
    const cheap = await createMember(db, {
      password_hash: '$2b$04$abcdefghijklmnopqrstuu5Lx3Fx3Fx3Fx3Fx3Fx3Fx3Fx3Fx3Fx3',
    })

    for (const { email } of [dear, cheap, { email: 'nobody@example.org' }]) {
      const started = performance.now()
      expect(await waitOf(logIn(db, { email, password: wrong }))).toBe(0)
      expect(performance.now() - started).toBeGreaterThan(490)
    }
  })
})
