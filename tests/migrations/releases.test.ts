import { sql } from 'kysely'
import { describe, expect, inject, test } from 'vitest'
import { current, releases, violations } from '../../scripts/releases.js'
import { checkInvariants } from '../../src/cli/invariants.js'
import { createFinanceDb, migrate, migrations, rollback } from '../../src/index.js'
import { execute, withDatabase } from '../server.js'
import { dataOf, rowsAfter, seeded } from './seeded.js'
import { emptyDatabase } from './support.js'

const released = await releases()
const names = migrations.migrations.filter(({ requires }) => requires === undefined).map(({ name }) => name)

/** Where a database may stand: after the last migration of a release; while there is none, after each that brings data. */
const points =
  released.length === 0
    ? names.filter((name) => seeded.includes(name) || Number(name.slice(0, 4)) >= 18)
    : [...new Set(released.map((release) => names.findLast((name) => name in release.migrations) ?? ''))]

describe('what was released', () => {
  test('is as it was', () => {
    expect(violations(released, current())).toEqual([])
  })

  test('is told from what was edited or taken away', () => {
    const release = { version: '1.0.0', migrations: { '0001_functions': 'other', '0000_gone': 'x' } }

    expect(violations([release], current())).toEqual([
      '0001_functions was released in 1.0.0 and has other statements now',
      '0000_gone was released in 1.0.0 and is gone',
    ])
    expect(violations([{ version: '1.0.0', migrations: current() }], current())).toEqual([])
  })
})

describe('a database with data in it', { timeout: 600_000 }, () => {
  test('goes from every point to the newest, and back, and keeps its rows', async () => {
    await using base = await emptyDatabase()
    for (const name of names) {
      await migrate(base.db, { to: name, vector: 'off' })
      for (const statement of rowsAfter(name)) await sql.raw(statement).execute(base.db)
      if (!points.includes(name)) continue

      await using copy = await cloneOf(base)
      const before = await dataOf(copy.db)
      await migrate(copy.db, { vector: 'off' })

      const after = await dataOf(copy.db, before.columns)
      expect(after.rows, `up from ${name}`).toEqual(before.rows)
      expect(
        (await checkInvariants(copy.finance, 'finance', () => undefined)).filter(({ broken }) => broken > 0),
        name,
      ).toEqual([])

      await rollback(copy.db, { to: name })
      expect((await dataOf(copy.db)).rows, `down to ${name}`).toEqual(before.rows)
      await migrate(copy.db, { vector: 'off' })
      expect((await dataOf(copy.db, before.columns)).rows, `up again from ${name}`).toEqual(before.rows)
    }
  })
})

/** A copy of a database, in which one can go on without going on in it. */
async function cloneOf(base: Awaited<ReturnType<typeof emptyDatabase>>) {
  const admin = inject('databaseUrl')
  const copy = await emptyDatabase()
  await execute(admin, `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${base.name}'`)
  await execute(admin, `drop database ${copy.name} with (force)`, `create database ${copy.name} template ${base.name}`)
  const finance = createFinanceDb({ connectionString: withDatabase(admin, copy.name), poolSize: 2 }, {})
  return {
    db: copy.db,
    finance,
    async [Symbol.asyncDispose]() {
      await finance.destroy()
      await copy[Symbol.asyncDispose]()
    },
  }
}
