import { sql } from 'kysely'
import { expect, inject, onTestFinished, test, vi } from 'vitest'
import { createFinanceDb } from '../../src/database.js'
import { transaction } from '../../src/transaction.js'
import { pgbouncerBinary, startPgBouncer } from '../migrations/pgbouncer.js'

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
