import { readdir } from 'node:fs/promises'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { migrate, migrations, rollback } from '../../src/migrations/index.js'
import { parseIndex } from '../../src/migrations/online-index.js'
import { catalogue, strays } from './catalogue.js'
import { emptyDatabase } from './support.js'

const names = migrations.map(({ name }) => name)
const everywhere = migrations.filter(({ requires }) => requires === undefined).map(({ name }) => name)

test('every file of a migration is listed, under its own name, in order', async () => {
  const files = await readdir(new URL('../../src/migrations/', import.meta.url))

  expect(names).toEqual(files.flatMap((file) => /^(\d{4}_.*)\.ts$/.exec(file)?.[1] ?? []).sort())
})

test.each(migrations)('$name does something, and undoes it', ({ up, down }) => {
  const defaults = { finance: '"finance"', vector: '"public"' }

  for (const statements of [up(defaults), down(defaults)]) {
    expect(statements.length).toBeGreaterThan(0)
    expect(statements.filter((statement) => statement.trim() === '')).toEqual([])
  }
})

test('what makes nothing but indexes is built online', () => {
  const plain = migrations.filter(({ up, online }) => {
    const statements = up({ finance: '"finance"', vector: '"public"' })
    return !online && statements.every((statement) => parseIndex(statement) !== undefined)
  })

  // Older than the first database.
  expect(plain.map(({ name }) => name)).toEqual(['0022_investment_prices', '0031_coaching_indexes'])
})

test('up, down and up again makes the same objects, and down leaves none', async () => {
  await using database = await emptyDatabase()
  await migrate(database.db, { vector: 'off' })
  const before = await catalogue(database.db, 'finance')

  const { rolledBack } = await rollback(database.db, { steps: Number.POSITIVE_INFINITY })

  expect(rolledBack).toEqual(everywhere.toReversed())
  expect((await catalogue(database.db, 'finance')).filter((line) => !isHistory(line))).toEqual([])
  await migrate(database.db, { vector: 'off' })
  expect(await catalogue(database.db, 'finance')).toEqual(before)
  expect(before.length).toBeGreaterThan(100)
})

test('each migration undoes just what it did', async () => {
  await using database = await emptyDatabase()
  for (const name of everywhere) {
    const before = await catalogue(database.db, 'finance')
    await migrate(database.db, { to: name, vector: 'off' })
    if (before.length === 0) continue // the history table comes with the first
    await rollback(database.db)
    expect(await catalogue(database.db, 'finance'), name).toEqual(before)
    await migrate(database.db, { to: name, vector: 'off' })
  }
})

test('another schema holds everything: nothing is in public, and nothing speaks of finance', async () => {
  await using database = await emptyDatabase()

  await migrate(database.db, { schema: 'order', vector: 'off' })

  expect(await strays(database.db, 'order')).toEqual([])
  const lines = await catalogue(database.db, 'order')
  const named = (line: string) => /\bfinance\b/.test(line.replaceAll(/'finance-db'|finance-db:/g, ''))
  expect(lines.filter(named)).toEqual([])
})

test('every constraint has a name that was chosen', async () => {
  await using database = await emptyDatabase()
  await migrate(database.db, { vector: 'off' })

  // Names that Postgres makes up for checks of several columns, or when the name it would like is taken.
  const { rows } = await sql<{ name: string }>`select conname::text as name
from pg_constraint join pg_class on pg_class.oid = conrelid
where connamespace = 'finance'::regnamespace and contype <> 'n'
  and (conname ~ '[a-z][0-9]+$' or conname = relname || '_check')`.execute(database.db)

  expect(rows).toEqual([])
})

function isHistory(line: string): boolean {
  return /finance\.migrations|finance\._?migrations/.test(line)
}
