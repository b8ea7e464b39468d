import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import { Kysely, PGliteDialect, sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import { describe, expect, test } from 'vitest'
import { PermissionDeniedError, UnsupportedError } from '../../src/errors.js'
import * as ours from '../../src/migrations/index.js'
import { createMigrator } from '../../src/migrations/migrator.js'
import { emptyPGlite } from '../empty-pglite.js'
import { serverHasVector } from '../pgvector.js'
import { strays } from './catalogue.js'
import { emptyDatabase, fixture, fixtureNames, step, tablesOf } from './support.js'

const searchable = [
  ...fixture,
  {
    name: '0004_words',
    requires: 'vector' as const,
    up: ({ finance, vector }: ours.Names) => [`create table ${finance}.words (meaning ${vector}.vector(3))`],
    down: ({ finance }: ours.Names) => [`drop table ${finance}.words`],
  },
  step('0005_more', ['create table finance.more (id integer)'], { down: () => ['drop table finance.more'] }),
]
const { migrate, rollback, status, history } = createMigrator(searchable)
const withoutWords = [...fixtureNames, '0005_more']

/** PGlite in a directory, with or without pgvector: the one server that every machine has both kinds of. */
async function openPGlite(dataDir?: string, extensions: { vector?: typeof vector } = {}) {
  const queries: string[] = []
  const db = new Kysely<unknown>({
    dialect: new PGliteDialect({
      pglite: await (dataDir === undefined ? emptyPGlite({ extensions }) : PGlite.create({ dataDir, extensions })),
    }),
    log: ({ query }) => void queries.push(query.sql),
  })
  return { db, queries, [Symbol.asyncDispose]: () => db.destroy() }
}

/** A server at TEST_DATABASE_URL may have it. */
const onServer = await serverHasVector()

describe('where pgvector cannot be had', { timeout: 60_000 }, () => {
  test.skipIf(onServer)('what needs it is skipped, and the rest is applied; later that is one query', async () => {
    await using database = await emptyDatabase()

    const result = await migrate(database.db)
    database.queries.length = 0
    const again = await migrate(database.db)

    const skipped = [{ name: '0004_words', reason: expect.stringContaining('not available on this server') }]
    expect(result).toEqual({ applied: withoutWords, skipped, alreadyUpToDate: false })
    expect(again).toEqual({ applied: [], skipped, alreadyUpToDate: true })
    expect(database.queries).toHaveLength(1)
    expect(await status(database.db)).toContainEqual({
      name: '0004_words',
      source: 'finance-db',
      state: 'skipped',
      breaking: false,
      applied_at: undefined,
      reason: expect.stringContaining('not available'),
    })
  })

  test.skipIf(onServer)('it can be required', async () => {
    await using database = await emptyDatabase()

    const failed = migrate(database.db, { vector: 'require' })

    await expect(failed).rejects.toThrow(UnsupportedError)
    await expect(failed).rejects.toThrow(/0004_words/)
    expect(await tablesOf(database.db, 'finance')).toEqual([])
  })

  test('a run after it came applies what was skipped', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'finance-db-pglite-'))
    try {
      {
        await using before = await openPGlite(directory)
        expect((await migrate(before.db)).applied).toEqual(withoutWords)
      }
      await using after = await openPGlite(directory, { vector })

      expect(await migrate(after.db)).toEqual({ applied: ['0004_words'], skipped: [], alreadyUpToDate: false })
      expect((await migrate(after.db)).alreadyUpToDate).toBe(true)

      expect((await rollback(after.db, { steps: 2 })).rolledBack).toEqual(['0004_words', '0005_more'])
    } finally {
      await rm(directory, { recursive: true })
    }
  })
})

describe('where pgvector is there, but the role may not create it', { timeout: 60_000 }, () => {
  async function asPlainRole() {
    const database = await openPGlite(undefined, { vector })
    await migrate(database.db, { vector: 'off' })
    for (const statement of [
      'create role plain',
      'grant usage, create on schema finance to plain',
      'grant select, insert on finance.migrations to plain',
      'create role rds_superuser',
      'set role plain',
    ]) {
      await sql.raw(statement).execute(database.db)
    }
    database.queries.length = 0
    return database
  }

  test('what needs it is skipped by one query, and the reason says what to run', async () => {
    await using database = await asPlainRole()

    const result = await migrate(database.db)

    const reason = expect.stringContaining('run `create extension vector` as an administrator')
    expect(result).toEqual({ applied: [], skipped: [{ name: '0004_words', reason }], alreadyUpToDate: true })
    expect(database.queries).toHaveLength(1)
  })

  test('a server that refuses against expectation is believed', async () => {
    await using database = await asPlainRole()
    await sql`reset role`.execute(database.db)
    await sql`grant rds_superuser to plain`.execute(database.db)
    await sql`set role plain`.execute(database.db)

    const result = await migrate(database.db)

    const skipped = [{ name: '0004_words', reason: expect.stringContaining('refused') }]
    expect(result).toEqual({ applied: [], skipped, alreadyUpToDate: true })
    await expect(migrate(database.db, { vector: 'require' })).rejects.toThrow(PermissionDeniedError)
  })
})

test('where a file of pgvector is missing it is skipped, and any other error is thrown', async () => {
  await using database = await openPGlite(undefined, { vector })
  const refuse = (code: string) =>
    sql
      .raw(`create or replace function public.refuse() returns event_trigger language plpgsql as
      $$ begin raise exception using errcode = '${code}'; end $$`)
      .execute(database.db)
  await refuse('XX000')
  await sql`create event trigger refuse on ddl_command_start when tag in ('CREATE EXTENSION')
    execute function public.refuse()`.execute(database.db)
  await expect(migrate(database.db)).rejects.toThrow()

  for (const code of ['58P01', '0A000', '55000']) {
    await refuse(code)
    expect((await migrate(database.db)).skipped).toMatchObject([{ reason: expect.stringContaining(code) }])
    await expect(migrate(database.db, { vector: 'require' })).rejects.toThrow(UnsupportedError)
  }
})

describe('where pgvector can be created', { timeout: 60_000 }, () => {
  test('it is, unless it is switched off, and a warm start is still one query', async () => {
    await using database = await openPGlite(undefined, { vector })

    const off = await migrate(database.db, { vector: 'off' })
    const auto = await migrate(database.db)
    database.queries.length = 0
    const warm = await migrate(database.db)

    expect(off).toMatchObject({ applied: withoutWords, skipped: [{ name: '0004_words' }] })
    expect(auto).toEqual({ applied: ['0004_words'], skipped: [], alreadyUpToDate: false })
    expect(warm.alreadyUpToDate).toBe(true)
    expect(database.queries).toHaveLength(1)
    expect((await history(database.db)).at(-1)).toMatchObject({ name: '0004_words', sequence: 5 })
    const { rows } = await sql`select extnamespace::regnamespace::text as schema from pg_extension
      where extname = 'vector'`.execute(database.db)
    expect(rows).toEqual([{ schema: 'public' }])
  })

  test('it is used from the schema that it is in', async () => {
    await using database = await openPGlite(undefined, { vector })
    await sql`create schema tools`.execute(database.db)
    await sql`create extension vector with schema tools`.execute(database.db)
    expect(await createMigrator(searchable).sql(database.db)).toContain('(meaning "tools".vector(3))')

    await migrate(database.db, { vector: 'require' })

    const { rows } = await sql`select format_type(atttypid, atttypmod) as type from pg_attribute
where attrelid = 'finance.words'::regclass and attname = 'meaning'`.execute(database.db)
    expect(rows).toEqual([{ type: 'tools.vector(3)' }])
  })

  test("Kysely's Migrator makes it as well where that is asked for, and undoes what needs it", async () => {
    await using database = await openPGlite(undefined, { vector })
    const { kyselyProvider } = createMigrator(searchable)
    expect(Object.keys(await kyselyProvider().getMigrations())).toEqual(withoutWords)
    const migrator = new Migrator({ db: database.db, provider: kyselyProvider({ vector: 'require' }) })

    const up = await migrator.migrateToLatest()
    expect(up.error).toBeUndefined()
    expect((await history(database.db)).map(({ name }) => name)).toEqual(searchable.map(({ name }) => name))
    expect((await migrate(database.db)).alreadyUpToDate).toBe(true)

    const down = await migrator.migrateTo('0003_names')
    expect(down.error).toBeUndefined()
    expect(await tablesOf(database.db, 'finance')).toEqual(['migrations', 'people', 'pets'])
  })

  test('a script makes it as well', async () => {
    await using database = await openPGlite(undefined, { vector })

    const script = await createMigrator(searchable).sql(database.db)

    expect(script).toContain('create extension if not exists vector with schema "public";')
    expect(script).toContain('create table "finance".words (meaning "public".vector(3));')
  })

  test('it is beside our tables where there is no schema public', async () => {
    await using database = await openPGlite(undefined, { vector })
    await sql`drop schema public`.execute(database.db)

    const script = await createMigrator(searchable).sql(database.db)
    await migrate(database.db)

    expect(script).toContain('create extension if not exists vector with schema "finance";')
    expect((await migrate(database.db)).alreadyUpToDate).toBe(true)
  })

  test('the real schema has its documents, and nothing else of ours is outside of it', async () => {
    await using database = await openPGlite(undefined, { vector })

    const { applied, skipped } = await ours.migrate(database.db)

    expect(applied).toEqual(ours.migrations.map(({ name }) => name))
    expect(skipped).toEqual([])
    expect(await strays(database.db, 'finance')).toEqual([])
    const { rolledBack } = await ours.rollback(database.db, { steps: Number.POSITIVE_INFINITY })
    expect(rolledBack).toEqual(applied.toReversed())
  })
})
