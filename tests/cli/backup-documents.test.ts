import { join } from 'node:path'
import { type Kysely, sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { findProgram } from '../../src/backup/programs.js'
import { loadPGlite } from '../../src/connection/load-pglite.js'
import { createFinanceDb, type Database, documents, migrate } from '../../src/index.js'
import { emptyDatabase } from '../migrations/support.js'
import { createUser } from '../people.js'
import { at, serverHasVector } from '../pgvector.js'
import { cli, temporaryDirectory } from './support.js'

async function whyNot(): Promise<string | undefined> {
  if (!(await serverHasVector())) return 'the server of the run has no pgvector'
  await using empty = await emptyDatabase()
  const { rows } = await sql<{
    major: number
  }>`select current_setting('server_version_num')::int / 10000 as major`.execute(empty.db)
  return findProgram('pg_dump', rows[0]?.major ?? 0, process.env).then(
    () => undefined,
    () => 'there is no pg_dump of its version',
  )
}

/** Sixty documents around the circle, with an index, and what a search finds. */
async function fill(db: Kysely<Database>): Promise<() => Promise<string[]>> {
  await migrate(db, { vector: 'require' })
  const { id } = await createUser(db)
  const rows = Array.from({ length: 60 }, (_, i) => ({ user_id: id, content: `at ${i * 6}`, embedding: at(i * 6) }))
  await documents.createMany(db, rows)
  await documents.createIndex(db, { method: 'hnsw' })
  return () => found(db)
}

async function found(db: Kysely<Database>): Promise<string[]> {
  const { id } = await db.selectFrom('finance.users').select('id').executeTakeFirstOrThrow()
  return (await documents.search(db, id, { embedding: at(13), limit: 3 })).map(({ content }) => content)
}

const nearest = ['at 12', 'at 18', 'at 6']
const index = { name: 'documents_embedding_cosine_hnsw_idx', method: 'hnsw', metric: 'cosine', valid: true }

describe('a backup with documents and an index of theirs', { timeout: 240_000 }, async () => {
  const obstacle = await whyNot()

  test('goes by what PGlite has, and back', async () => {
    await using directory = await temporaryDirectory()
    const path = (name: string) => join(directory.path, name)
    const { PGlite, vector } = await loadPGlite()
    const open = async (name: string) =>
      createFinanceDb(
        { pglite: await PGlite.create({ dataDir: path(name), extensions: { vector: vector as never } }) },
        {},
      )
    {
      const one = await open('one')
      expect(await (await fill(one))()).toEqual(nearest)
      await one.destroy()
    }

    const backup = await cli(['backup', path('b.tgz'), '--verify', '--json', '--pglite', path('one')])
    expect(backup.code, backup.stderr).toBe(0)
    expect(JSON.parse(backup.stdout)).toMatchObject({
      trial: { ok: true },
      facts: { tables: { documents: { rows: 60 } } },
    })
    const restored = await cli(['restore', path('b.tgz'), '--pglite', path('two')])
    expect(restored.code, restored.stderr).toBe(0)

    const two = await open('two')
    expect(await found(two)).toEqual(nearest)
    expect(await documents.listIndexes(two)).toMatchObject([index])
    await two.destroy()
  })

  describe.skipIf(obstacle !== undefined)(
    `on a server${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`,
    () => {
      test.each([['public'], ['finance']])('comes back with pgvector in schema %s', async (schema) => {
        await using from = await emptyDatabase()
        await using to = await emptyDatabase()
        await using directory = await temporaryDirectory()
        const file = join(directory.path, 'b.dump')
        for (const text of [`create schema if not exists ${schema}`, `create extension vector with schema ${schema}`])
          await sql.raw(text).execute(from.db)
        const bank = createFinanceDb({ connectionString: from.url }, {})
        expect(await (await fill(bank))()).toEqual(nearest)

        const backup = await cli(['backup', file, '--verify', '--json'], { env: { DATABASE_URL: from.url } })
        expect(backup.code, backup.stderr).toBe(0)
        expect(JSON.parse(backup.stdout)).toMatchObject({ trial: { ok: true } })
        const elsewhere = await cli(['restore', file], { env: { DATABASE_URL: to.url } })
        expect(elsewhere.code, elsewhere.stderr).toBe(0)
        await sql`update finance.documents set content = 'changed'`.execute(from.db)
        const args = ['restore', file, '--replace', '--yes-destroy-data', new URL(from.url).pathname.slice(1)]
        const replaced = await cli(args, { env: { DATABASE_URL: from.url } })
        expect(replaced.code, replaced.stderr).toBe(0)

        const copy = createFinanceDb({ connectionString: to.url }, {})
        for (const db of [copy, bank]) {
          expect(await found(db)).toEqual(nearest)
          expect(await documents.listIndexes(db)).toMatchObject([index])
          await db.destroy()
        }
      })

      test('says so when pgvector is in another schema here, and leaves what is there', async () => {
        await using from = await emptyDatabase()
        await using directory = await temporaryDirectory()
        const file = join(directory.path, 'b.dump')
        const bank = createFinanceDb({ connectionString: from.url }, {})
        await fill(bank)
        await cli(['backup', file], { env: { DATABASE_URL: from.url } })
        for (const text of ['create schema ext', 'alter extension vector set schema ext'])
          await sql.raw(text).execute(from.db)

        const args = ['restore', file, '--replace', '--yes-destroy-data', new URL(from.url).pathname.slice(1)]
        const { code, stderr } = await cli(args, { env: { DATABASE_URL: from.url } })

        expect(code).toBe(2)
        expect(stderr).toContain('has pgvector in schema public, and here it is in ext: run `alter extension vector')
        expect(await found(bank)).toEqual(nearest)
        await bank.destroy()
      })
    },
  )
})
