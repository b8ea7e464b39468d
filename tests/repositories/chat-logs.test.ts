import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { chatLogs, InvalidInputError, MissingReferenceError, transaction } from '../../src/index.js'
import { createUser } from '../people.js'
import { freshDatabase, test } from '../support.js'

const said = { message: 'How much did I spend?', response: 'Less than in May.' } as const
const at = (minute: number) => new Date(Date.UTC(2026, 2, 1, 12, minute))

describe('chatLogs', () => {
  test('keep what was said, of a user who is there', async ({ db }) => {
    const { id: user_id } = await createUser(db)
    const emoji = '👩‍👩‍👧 naïve “quotes”\n'

    const log = await chatLogs.create(db, { user_id, message: emoji, response: '' })

    expect(log).toMatchObject({ message: emoji, response: '', guardrails_passed: true })
    await expect(chatLogs.create(db, { user_id: crypto.randomUUID(), ...said })).rejects.toThrow(MissingReferenceError)
    await expect(chatLogs.create(db, { user_id, ...said, message: 'a\0b' })).rejects.toThrow(InvalidInputError)
  })

  test('are listed newest first within a span that has its start and not its end', async ({ db }) => {
    const [owner, other] = [await createUser(db), await createUser(db)]
    const logs = []
    for (const minute of [1, 2, 2, 3]) {
      logs.unshift(await chatLogs.create(db, { user_id: owner.id, ...said, created_at: at(minute) }))
    }
    await chatLogs.create(db, { user_id: other.id, ...said, created_at: at(2) })
    const pages = []
    let after: string | undefined
    do {
      const page = await chatLogs.list(db, owner.id, {}, { limit: 1, after })
      pages.push(...page.rows)
      after = page.next ?? undefined
    } while (after !== undefined)

    expect(pages).toEqual(logs)
    expect((await chatLogs.list(db, owner.id, { from: at(2), to: at(3) })).rows).toEqual(logs.slice(1, 3))
    expect((await chatLogs.list(db, owner.id, { from: at(3) })).rows).toEqual(logs.slice(0, 1))
    await expect(chatLogs.list(db, owner.id, { from: at(3), to: at(2) })).rejects.toThrow(InvalidInputError)
  })

  test('that the guardrails stopped are listed for operators, of everybody', async ({ db }) => {
    const [one, other] = [await createUser(db), await createUser(db)]
    const flagged = { ...said, guardrails_passed: false }
    const first = await chatLogs.create(db, { user_id: one.id, ...flagged, created_at: at(1) })
    await chatLogs.create(db, { user_id: one.id, ...said, created_at: at(2) })
    const third = await chatLogs.create(db, { user_id: other.id, ...flagged, created_at: at(3) })

    const page = await chatLogs.listFlagged(db, {}, { limit: 1 })
    const rest = await chatLogs.listFlagged(db, {}, { limit: 1, after: page.next ?? undefined })

    expect([...page.rows, ...rest.rows]).toEqual([third, first])
    expect((await chatLogs.listFlagged(db, { from: at(1), to: at(3) })).rows).toEqual([first])
    expect((await chatLogs.list(db, one.id, { guardrails_passed: false })).rows).toEqual([first])
  })

  test('that the guardrails stopped are found without reading the others', async ({ db }) => {
    const { id: user_id } = await createUser(db)
    await db
      .insertInto('finance.chat_logs')
      .columns(['user_id', 'message', 'response', 'guardrails_passed', 'created_at'])
      .expression(
        sql`select ${user_id}::uuid, 'q', 'a', i % 100 > 0, timestamptz '2026-03-01Z' + i * interval '1 s'
          from generate_series(1, 5000) as i`,
      )
      .execute()
    await sql`analyze finance.chat_logs`.execute(db)

    const plan = JSON.stringify(
      await db
        .selectFrom('finance.chat_logs')
        .selectAll()
        .where(({ not }) => not('guardrails_passed'))
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(10)
        .explain('json'),
    )

    expect(plan).toContain('chat_logs_flagged_idx')
    expect(plan).not.toContain('"Sort"')
  })

  test('are forgotten in parts, the oldest first, and none from the instant on', async ({ db }) => {
    const [one, other] = [await createUser(db), await createUser(db)]
    for (const minute of [4, 1, 3, 2]) {
      await chatLogs.create(db, { user_id: minute % 2 === 0 ? one.id : other.id, ...said, created_at: at(minute) })
    }
    const left = async () =>
      [...(await chatLogs.list(db, one.id)).rows, ...(await chatLogs.list(db, other.id)).rows]
        .map(({ created_at }) => created_at.getUTCMinutes())
        .sort()

    expect(await chatLogs.purge(db, { before: at(4), limit: 2 })).toBe(2)
    expect(await left()).toEqual([3, 4])
    expect(await chatLogs.purge(db, { before: at(4), limit: 2 })).toBe(1)
    expect(await chatLogs.purge(db, { before: at(4) })).toBe(0)

    expect(await left()).toEqual([4])
    await expect(chatLogs.purge(db, { before: at(4), limit: 0 })).rejects.toThrow(InvalidInputError)
  })

  test('are forgotten once each by purges that run at once', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const { id: user_id } = await createUser(db)
    await sql`insert into finance.chat_logs (user_id, message, response, created_at)
      select ${user_id}, 'q', 'a', timestamptz '2026-03-01Z' + i * interval '1 s' from generate_series(1, 3000) as i`.execute(
      db,
    )

    const purgeAll = async () => {
      let total = 0
      for (;;) {
        const removed = await chatLogs.purge(db, { before: at(0), limit: 100 })
        total += removed
        if (removed === 0) return total
      }
    }
    const removed = await Promise.all([purgeAll(), purgeAll(), purgeAll()])

    expect(removed.reduce((sum, n) => sum + n)).toBe(3000)
    expect((await chatLogs.list(db, user_id)).rows).toEqual([])
  })

  test('are forgotten without waiting for a purge that is not committed', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const { id: user_id } = await createUser(db)
    for (const minute of [1, 2, 3]) await chatLogs.create(db, { user_id, ...said, created_at: at(minute) })

    const second = await transaction(db, async (trx) => {
      await chatLogs.purge(trx, { before: at(9), limit: 2 })
      return Promise.race([
        chatLogs.purge(db, { before: at(9), limit: 2 }),
        new Promise((resolve) => setTimeout(() => resolve('it waits'), 3000)),
      ])
    })

    expect(second).toBe(1)
    expect((await chatLogs.list(db, user_id)).rows).toEqual([])
  })
})
