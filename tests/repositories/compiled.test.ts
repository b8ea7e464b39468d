import { type Kysely, type KyselyPlugin, sql } from 'kysely'
import { describe, expect, vi } from 'vitest'
import { schemaPlugin } from '../../src/connection/schema-plugin.js'
import { executeCompiled } from '../../src/repositories/compiled.js'
import type { Database } from '../../src/schema/index.js'
import { createUser } from '../people.js'
import { test } from '../support.js'

const names = { count: 0 }

/** A query of its own, with a count of how often it was built. */
function query() {
  const name = `test${++names.count}`
  const built = vi.fn()
  const run = (db: Kysely<Database>, params: { email?: string | undefined; most: number }) =>
    executeCompiled(db, name, params, (p) => {
      built()
      let users = db.selectFrom('finance.users').select('email').orderBy('email')
      if (p.email !== undefined) users = users.where('email', '=', p.email)
      return users.limit(p.most)
    })
  return { run, built }
}

describe('executeCompiled', () => {
  test('builds a query once for each set of parameters, and gives each call its own values', async ({ db }) => {
    const [a, b] = [await createUser(db), await createUser(db)]
    const { run, built } = query()

    const answers = [
      await run(db, { email: a.email, most: 5 }),
      await run(db, { email: b.email, most: 5 }),
      await run(db, { most: 1 }),
      await run(db, { email: undefined, most: 2 }),
    ]

    expect(answers.map((rows) => rows.map(({ email }) => email))).toEqual([
      [a.email],
      [b.email],
      [a.email],
      [a.email, b.email],
    ])
    expect(built).toHaveBeenCalledTimes(2)
  })

  test('keeps handles of different schemas apart', async ({ db }) => {
    await sql`create schema money`.execute(db)
    await sql`create table money.users (email text)`.execute(db)
    await createUser(db)
    const { run, built } = query()
    const money = db.withPlugin(schemaPlugin('money'))

    expect(await run(db, { most: 5 })).toHaveLength(1)
    expect(await run(money, { most: 5 })).toHaveLength(0)
    expect(await run(money, { most: 5 })).toHaveLength(0)

    expect(built).toHaveBeenCalledTimes(2)
  })

  test("builds each time where a host's plugin has a say", async ({ db }) => {
    const seen: unknown[] = []
    const plugin: KyselyPlugin = {
      transformQuery: ({ node, queryId }) => {
        seen.push(queryId)
        return node
      },
      transformResult: async ({ result }) => result,
    }
    const { run, built } = query()

    await run(db.withPlugin(plugin), { most: 1 })
    await run(db.withPlugin(plugin), { most: 1 })

    expect(built).toHaveBeenCalledTimes(2)
    expect(seen).toHaveLength(2)
  })
})
