import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { type AttemptLimits, InvalidCredentialsError, logIn, TooManyAttemptsError } from '../../src/auth/index.js'
import type { Db } from '../../src/index.js'
import { InvalidInputError } from '../../src/index.js'
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

    expect(await outcomes(Array.from({ length: 50 }, () => guess(db, email)))).toEqual({
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
    const attempts = { name: { free: 2, waitMs: 400, maxWaitMs: 1000 } }
    const next = () => guess(db, user.email, attempts)

    expect(await waitOf(next())).toBe(0)
    expect(await waitOf(next())).toBe(0)
    const waits: number[] = []
    for (let i = 0; i < 3; i++) {
      waits.push(await waitOf(next()))
      await expect(logInAs(db, user, { attempts })).rejects.toThrow(TooManyAttemptsError)
      await sleep(waits.at(-1))
      expect(await waitOf(next())).toBe(0)
    }

    expect(waits[0]).toBeLessThanOrEqual(400)
    expect(waits[1]).toBeGreaterThan(400)
    expect(waits[1]).toBeLessThanOrEqual(800)
    expect(waits[2]).toBeGreaterThan(800)
    expect(waits[2]).toBeLessThanOrEqual(1000)
    expect(await failuresOf(db, user.email)).toBeCloseTo(5, 1)
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

  test('leave no name or client in the database', async ({ db }) => {
    await waitOf(guess(db, 'secret-name@example.org', {}, '192.0.2.77'))

    const rows = await db.selectFrom('finance.auth_attempts').selectAll().execute()

    expect(rows).toHaveLength(2)
    expect(JSON.stringify(rows)).not.toMatch(/secret-name|192\.0/)
  })

  test('are limited by sensible numbers only', async ({ db }) => {
    for (const name of [{ free: 0 }, { waitMs: -1 }, { drainMs: 0 }, { maxWaitMs: Number.POSITIVE_INFINITY }]) {
      await expect(guess(db, 'ada@example.org', { name })).rejects.toThrow(InvalidInputError)
    }
  })
})

describe('the time of a refusal', () => {
  function median(values: readonly number[]): number {
    return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
  }

  async function timed(attempt: () => Promise<unknown>): Promise<number> {
    const started = performance.now()
    expect(await waitOf(attempt())).toBe(0)
    return performance.now() - started
  }

  test('does not tell whether the name is known or the person may log in', { timeout: 60_000 }, async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const member = await createMember(db)
    const inactive = await createMember(db, { is_active: false })
    const attempts = { name: { free: 100_000 } }
    const kinds = {
      wrong: () => logIn(db, { email: member.email, password: wrong }, { ...quick, attempts }),
      unknown: () => logIn(db, { email: 'nobody@example.org', password: wrong }, { ...quick, attempts }),
      inactive: () => logIn(db, { email: inactive.email, password }, { ...quick, attempts }),
    }
    const times: Record<string, number[]> = { wrong: [], unknown: [], inactive: [] }

    // One of each kind in turn, so that what else the machine does slows all of them alike.
    for (let i = 0; i < 42; i++) {
      for (const [kind, attempt] of Object.entries(kinds)) {
        const time = await timed(attempt)
        if (i >= 2) times[kind]?.push(time)
      }
    }

    const medians = Object.values(times).map(median)
    expect(Math.max(...medians) / Math.min(...medians), JSON.stringify(medians)).toBeLessThan(1.35)
  })

  test('is the same for a hash of another kind, below half a second', async ({ db }) => {
    const dear = await createMember(db, {
      password_hash: '$2b$10$abcdefghijklmnopqrstuu5Lx3Fx3Fx3Fx3Fx3Fx3Fx3Fx3Fx3Fx3',
    })
    const cheap = await createMember(db, {
      password_hash: '$2b$04$abcdefghijklmnopqrstuu5Lx3Fx3Fx3Fx3Fx3Fx3Fx3Fx3Fx3Fx3',
    })

    for (const { email } of [dear, cheap, { email: 'nobody@example.org' }]) {
      const time = await timed(() => logIn(db, { email, password: wrong }))
      expect(time).toBeGreaterThan(490)
    }
  })
})
