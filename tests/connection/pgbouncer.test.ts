import { sql } from 'kysely'
import { expect, inject, onTestFinished, test, vi } from 'vitest'
import { isBehindPooler } from '../../src/connection/postgres.js'
import { createFinanceDb } from '../../src/database.js'
import { documents, UnsupportedError } from '../../src/index.js'
import { transaction } from '../../src/transaction.js'
import { pgbouncerBinary, startPgBouncer } from '../migrations/pgbouncer.js'
import { directly, execute } from '../server.js'
import { freshDatabase } from '../support.js'

test.skipIf(pgbouncerBinary === undefined).each([
  ['off', { preparedStatements: false }],
  ['on, which it loses', { preparedStatements: true }],
])('PgBouncer in transaction mode, as it comes, works with prepared statements %s', async (_, options) => {
  await using bouncer = await startPgBouncer(pgbouncerBinary ?? '', inject('databaseUrl'), 3)
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  onTestFinished(() => warn.mockRestore())
  const db = createFinanceDb({ connectionString: bouncer.through(inject('databaseUrl')), ...options }, {})
  const answer = (i: number) =>
    i % 10 === 0
      ? transaction(db, async (trx) => (await sql<{ i: number }>`select ${i}::int4 as i`.execute(trx)).rows[0]?.i)
      : sql<{ i: number }>`select ${i}::int4 as i`.execute(db).then(({ rows }) => rows[0]?.i)

  const answers = await Promise.all(Array.from({ length: 400 }, (_, i) => answer(i)))
  await db.destroy()

  expect(answers).toEqual(Array.from({ length: 400 }, (_, i) => i))
  const told = warn.mock.calls.filter(([text]) => String(text).includes('statement_timeout'))
  expect(told).toHaveLength(1)
})

test.skipIf(pgbouncerBinary === undefined)('what takes a session refuses to go through PgBouncer', async () => {
  await using database = await freshDatabase()
  // Where there is no pgvector, a table of the name will do: nothing is built.
  await execute(database.url, 'create table if not exists finance.documents ()')
  const url = directly(database.url)
  await using bouncer = await startPgBouncer(pgbouncerBinary ?? '', url, 2)
  const limits = { statementTimeoutMs: 0, idleTransactionTimeoutMs: 0 }
  const pooled = createFinanceDb({ connectionString: `${bouncer.through(url)}?pgbouncer=true`, ...limits }, {})
  const direct = createFinanceDb({ connectionString: url, ...limits }, {})

  expect(await isBehindPooler(pooled)).toBe(true)
  expect(await isBehindPooler(direct)).toBe(false)
  await expect(documents.dropIndex(pooled, { method: 'hnsw' })).rejects.toThrow(UnsupportedError)
  await expect(documents.dropIndex(pooled, { method: 'hnsw' })).rejects.toThrow(/pooler.*the server itself/)
  await documents.dropIndex(pooled, { method: 'hnsw', concurrently: false })
  await documents.dropIndex(direct, { method: 'hnsw' })

  for (const db of [pooled, direct]) await db.destroy()
})
