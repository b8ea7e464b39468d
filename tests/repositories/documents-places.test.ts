import { vector } from '@electric-sql/pglite-pgvector'
import { Kysely, PGliteDialect, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { describe, expect, inject, test as plain } from 'vitest'
import {
  createFinanceDb,
  type Database,
  type Db,
  documents,
  migrate,
  SchemaMissingError,
  transaction,
  UnsupportedError,
  users,
} from '../../src/index.js'
import { emptyPGlite } from '../empty-pglite.js'
import { createUser } from '../people.js'
import { at, serverHasVector } from '../pgvector.js'
import { execute, withDatabase } from '../server.js'
import { test } from '../support.js'

const onServer = await serverHasVector()
const id = '00000000-0000-7000-8000-000000000000'

/** A call of each function. */
const calls: [string, (db: Db) => Promise<unknown>][] = [
  ['create', (db) => documents.create(db, { user_id: id, content: 'x', embedding: at(0) })],
  ['createMany', (db) => documents.createMany(db, [{ user_id: id, content: 'x', embedding: at(0) }])],
  ['get', (db) => documents.get(db, id, id)],
  ['find', (db) => documents.find(db, id, id)],
  ['embeddings', (db) => documents.embeddings(db, id, [id])],
  ['list', (db) => documents.list(db, id)],
  ['update', (db) => documents.update(db, id, id, { metadata: {} })],
  ['remove', (db) => documents.remove(db, id, id)],
  ['search', (db) => documents.search(db, id, { embedding: at(0) })],
  ['searchEverybody', (db) => documents.searchEverybody(db, { embedding: at(0) })],
  ['createIndex', (db) => documents.createIndex(db, { method: 'hnsw' })],
  ['dropIndex', (db) => documents.dropIndex(db, { method: 'hnsw' })],
  ['listIndexes', (db) => documents.listIndexes(db)],
]

describe('where the server has no pgvector', () => {
  plain('every function is tried', () => {
    expect(calls.map(([name]) => name).sort()).toEqual(Object.keys(documents).sort())
  })

  for (const [name, call] of calls) {
    test.skipIf(onServer)(`documents.${name} says what to install`, async ({ db }) => {
      const error = await call(db).catch((thrown: unknown) => thrown)

      expect(error).toBeInstanceOf(UnsupportedError)
      expect((error as Error).message).toMatch(
        /this server does not have.*postgresql-NN-pgvector.*migrate\(db\) again/s,
      )
    })
  }

  test.skipIf(onServer)('a transaction that asked goes on', async ({ db }) => {
    await transaction(db, async (trx) => {
      await expect(documents.search(trx, id, { embedding: at(0) })).rejects.toThrow(UnsupportedError)
      await createUser(trx, { email: 'goes.on@example.org' })
    })

    expect(await users.findByEmail(db, 'goes.on@example.org')).toBeDefined()
  })
})

describe('where pgvector came late', { timeout: 60_000 }, () => {
  plain('the error says how far it is, and the same handle works once it has come', async () => {
    const pglite = await emptyPGlite({ extensions: { vector } })
    const db = createFinanceDb({ pglite }, {})
    const search = (user: string) => documents.search(db, user, { embedding: at(0) })
    try {
      await expect(search(id)).rejects.toThrow(SchemaMissingError)

      await migrate(db, { vector: 'off' })
      await expect(search(id)).rejects.toThrow(UnsupportedError)
      await expect(search(id)).rejects.toThrow(
        /which this server has and this database does not.*create extension vector/s,
      )

      await sql`create extension vector`.execute(db)
      await expect(search(id)).rejects.toThrow(UnsupportedError)
      await expect(search(id)).rejects.toThrow(/pgvector came later.*Run migrate\(db\), or finance-db migrate, again/s)

      await migrate(db)
      expect(await search(id)).toEqual([])
    } finally {
      await db.destroy()
      await pglite.close()
    }
  })
})

/** All that goes through SQL with names in it, in a schema of another name with pgvector in a third, which then moves. */
async function useEverything(db: Db): Promise<void> {
  const { id: user_id } = await createUser(db)
  const [near, far] = await documents.createMany(db, [
    { user_id, content: 'near', metadata: { a: { b: 1 } }, embedding: at(10) },
    { user_id, content: 'far', embedding: at(80) },
  ])
  const found = async () => (await documents.search(db, user_id, { embedding: at(0) })).map(({ content }) => content)

  expect(await found()).toEqual(['near', 'far'])
  expect(await documents.createIndex(db, { method: 'hnsw' })).toMatchObject({ valid: true })
  expect(await documents.searchEverybody(db, { embedding: at(0), metadata: { a: { b: 1 } } })).toHaveLength(1)
  await sql`alter extension vector set schema elsewhere`.execute(db)
  expect(await found()).toEqual(['near', 'far'])
  await documents.dropIndex(db, { method: 'hnsw' })
  expect(await documents.createIndex(db, { method: 'hnsw', metric: 'l2' })).toMatchObject({ metric: 'l2' })
  expect(await documents.listIndexes(db)).toHaveLength(1)
  await documents.update(db, user_id, far?.id as string, { content: 'far', embedding: at(1) })
  expect(await found()).toEqual(['far', 'near'])
  expect((await documents.embeddings(db, user_id, [near?.id as string])).size).toBe(1)
  await documents.remove(db, user_id, near?.id as string)
  expect((await documents.list(db, user_id)).rows).toHaveLength(1)
}

async function prepare(db: Kysely<Database>): Promise<void> {
  await sql`create schema tools`.execute(db)
  await sql`create schema elsewhere`.execute(db)
  await sql`create extension vector with schema tools`.execute(db)
  await migrate(db, { vector: 'require' })
}

describe("in the host's own Kysely, with pgvector where no search_path leads", { timeout: 60_000 }, () => {
  plain('documents work on PGlite, in a schema of another name', async () => {
    const host = new Kysely<object>({
      dialect: new PGliteDialect({ pglite: await emptyPGlite({ extensions: { vector } }) }),
    })
    const db = createFinanceDb({ kysely: host, schema: 'money' }, {})
    try {
      await prepare(db)
      await useEverything(db)
    } finally {
      await host.destroy()
    }
  })

  plain.skipIf(!onServer)('documents work on a server, in a schema of another name', async () => {
    const name = `${inject('templateName')}_documents`
    await execute(inject('databaseUrl'), `create database ${name} template template0`)
    const pool = new pg.Pool({ connectionString: withDatabase(inject('databaseUrl'), name) })
    const host = new Kysely<object>({ dialect: new PostgresDialect({ pool }) })
    const db = createFinanceDb({ kysely: host, schema: 'money' }, {})
    try {
      await prepare(db)
      await useEverything(db)
    } finally {
      await host.destroy()
      await execute(inject('databaseUrl'), `drop database ${name} with (force)`)
    }
  })
})
