import { describe, expect } from 'vitest'
import type { PageRequest } from '../../src/index.js'
import {
  InvalidCursorError,
  InvalidInputError,
  MissingReferenceError,
  personaAssignments,
  transaction,
} from '../../src/index.js'
import { createUser } from '../people.js'
import { freshDatabase, test } from '../support.js'

const window = { time_window: '30d' } as const
const at = (day: number) => new Date(Date.UTC(2026, 2, day))

describe('personaAssignments', () => {
  test('keep a history of changes, and of nothing else', async ({ db }) => {
    const { id: user_id } = await createUser(db)
    const assign = (persona: 'savings_builder' | 'general_wellness') =>
      personaAssignments.assign(db, { user_id, ...window, persona })

    const first = await assign('general_wellness')
    expect(await assign('general_wellness')).toEqual(first)
    const second = await assign('savings_builder')
    const third = await assign('general_wellness')

    expect(await personaAssignments.current(db, user_id)).toEqual(third)
    expect((await personaAssignments.list(db, user_id)).rows).toEqual([third, second, first])
  })

  test('are apart for each window and person', async ({ db }) => {
    const [one, other] = [await createUser(db), await createUser(db)]
    const long = await personaAssignments.assign(db, {
      user_id: one.id,
      time_window: '180d',
      persona: 'savings_builder',
    })
    const short = await personaAssignments.assign(db, { user_id: one.id, ...window, persona: 'savings_builder' })
    const middle = await personaAssignments.assign(db, {
      user_id: one.id,
      time_window: '90d',
      persona: 'general_wellness',
    })

    expect(await personaAssignments.current(db, one.id, '180d')).toEqual(long)
    expect(await personaAssignments.current(db, one.id)).toEqual(short)
    expect(await personaAssignments.currentOfEachWindow(db, one.id)).toEqual([short, middle, long])
    expect(await personaAssignments.current(db, other.id)).toBeUndefined()
    expect(await personaAssignments.currentOfEachWindow(db, other.id)).toEqual([])
  })

  test('of the past are compared with what was in force then', async ({ db }) => {
    const { id: user_id } = await createUser(db)
    const assign = (day: number, persona: 'savings_builder' | 'general_wellness') =>
      personaAssignments.assign(db, { user_id, ...window, persona, assigned_at: at(day) })
    const tenth = await assign(10, 'general_wellness')

    const fifth = await assign(5, 'savings_builder')
    expect(await assign(7, 'savings_builder')).toEqual(fifth)
    expect(await assign(12, 'general_wellness')).toEqual(tenth)

    expect(await personaAssignments.current(db, user_id)).toEqual(tenth)
    expect((await personaAssignments.list(db, user_id)).rows).toEqual([tenth, fifth])
  })

  test('are listed by window, persona and time, page by page', async ({ db }) => {
    const { id: user_id } = await createUser(db)
    const rows = []
    for (const [day, persona] of [
      [1, 'savings_builder'],
      [2, 'general_wellness'],
      [3, 'savings_builder'],
    ] as const) {
      rows.unshift(await personaAssignments.assign(db, { user_id, ...window, persona, assigned_at: at(day) }))
    }
    const [third, second, first] = rows

    const page = await personaAssignments.list(db, user_id, window, { limit: 2 })
    const rest = await personaAssignments.list(db, user_id, window, { limit: 2, after: page.next ?? undefined })

    expect([...page.rows, ...rest.rows]).toEqual(rows)
    expect((await personaAssignments.list(db, user_id, { time_window: '90d' })).rows).toEqual([])
    expect((await personaAssignments.list(db, user_id, { persona: 'savings_builder' })).rows).toEqual([third, first])
    expect((await personaAssignments.list(db, user_id, { from: at(2), to: at(3) })).rows).toEqual([second])
    await expect(personaAssignments.list(db, user_id, { from: at(3), to: at(3) })).rejects.toThrow(InvalidInputError)
  })

  test('count the people of each persona by what they are now, or were', async ({ db }) => {
    const people = [await createUser(db), await createUser(db), await createUser(db)]
    for (const { id: user_id } of people) {
      await personaAssignments.assign(db, { user_id, ...window, persona: 'savings_builder', assigned_at: at(1) })
    }
    const [first] = people
    const changed = { user_id: first?.id as string, persona: 'high_utilization', assigned_at: at(5) } as const
    await personaAssignments.assign(db, { ...changed, ...window })
    await personaAssignments.assign(db, { ...changed, time_window: '90d' })

    const population = { high_utilization: 0, variable_income_budgeter: 0, subscription_heavy: 0 }
    const counted = async (when?: Date) =>
      Object.fromEntries(
        (await personaAssignments.population(db, { ...window, at: when })).map(({ persona, users }) => [
          persona,
          users,
        ]),
      )

    expect(await counted()).toEqual({ ...population, high_utilization: 1, savings_builder: 2, general_wellness: 0 })
    expect(await counted(at(4))).toEqual({ ...population, savings_builder: 3, general_wellness: 0 })
    expect(Object.keys(await counted())[0]).toBe('high_utilization')
  })

  test('are listed user by user, page by page: each one’s newest of a window', async ({ db }) => {
    const people = [await createUser(db), await createUser(db), await createUser(db), await createUser(db)]
    const [one, two, three, none] = people.map(({ id }) => id).sort() as [string, string, string, string]
    const assign = (user_id: string, day: number, persona: 'savings_builder' | 'general_wellness') =>
      personaAssignments.assign(db, { user_id, ...window, persona, assigned_at: at(day) })
    const before = await assign(one, 1, 'savings_builder')
    const ofOne = await assign(one, 3, 'general_wellness')
    const ofTwo = await assign(two, 2, 'savings_builder')
    const ofThree = await assign(three, 2, 'general_wellness')
    await personaAssignments.assign(db, { user_id: none, time_window: '90d', persona: 'savings_builder' })
    const users = [one, two, three, none]
    const listed = async (filter: object, request?: PageRequest) =>
      (await personaAssignments.currentByUser(db, { ...window, users, ...filter }, request)).rows

    const page = await personaAssignments.currentByUser(db, { ...window, users }, { limit: 2 })
    expect([page.rows, await listed({}, { limit: 2, after: page.next ?? undefined })]).toEqual([
      [ofOne, ofTwo],
      [ofThree],
    ])
    expect(await listed({ persona: 'general_wellness' })).toEqual([ofOne, ofThree])
    expect(await listed({ at: at(2) })).toEqual([before, ofTwo, ofThree])
    expect(await listed({ users: [three, none] })).toEqual([ofThree])
    expect((await personaAssignments.currentByUser(db, window)).rows).toEqual(expect.arrayContaining([ofOne, ofTwo]))
    await expect(personaAssignments.currentByUser(db, window, { after: 'x' })).rejects.toThrow(InvalidCursorError)
  })

  test('of a user who is not there, and of words that are none, are refused', async ({ db }) => {
    const user_id = crypto.randomUUID()

    await expect(personaAssignments.assign(db, { user_id, ...window, persona: 'savings_builder' })).rejects.toThrow(
      MissingReferenceError,
    )
    await expect(
      // @ts-expect-error not a persona
      personaAssignments.assign(db, { user_id, ...window, persona: 'spendthrift' }),
    ).rejects.toThrow(InvalidInputError)
  })

  test('assigned at once leave one row for each change', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const { id: user_id } = await createUser(db)

    for (const persona of ['savings_builder', 'general_wellness', 'savings_builder'] as const) {
      const assigned = await Promise.all(
        Array.from({ length: 5 }, () => personaAssignments.assign(db, { user_id, ...window, persona })),
      )
      expect(new Set(assigned.map(({ id }) => id)).size).toBe(1)
    }

    const { rows } = await personaAssignments.list(db, user_id)
    expect(rows.map(({ persona }) => persona)).toEqual(['savings_builder', 'general_wellness', 'savings_builder'])
  })

  test('assigned by a transaction that began earlier come after those it saw', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const { id: user_id } = await createUser(db)

    const last = await transaction(db, async (trx) => {
      await personaAssignments.current(trx, user_id)
      await new Promise((resolve) => setTimeout(resolve, 20))
      await personaAssignments.assign(db, { user_id, ...window, persona: 'savings_builder' })
      return personaAssignments.assign(trx, { user_id, ...window, persona: 'general_wellness' })
    })

    expect(await personaAssignments.current(db, user_id)).toEqual(last)
  })
})
